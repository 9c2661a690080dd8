"""When two answers are the same: what only the new release says passes, everything else counts."""

import pytest

from whimbrel.migration.answers import unlike


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ({"id": "1", "tags": []}, {"id": "1", "tags": []}, None),
        ({"id": "1"}, {"id": "1", "words": 7}, None),
        ({"id": "1", "words": 7}, {"id": "1"}, ".words"),
        ({"id": "1"}, {"id": 1}, ".id"),
        ({"account": {"name": "ada"}}, {"account": {"name": "ben"}}, ".account.name"),
        ([{"id": "1"}, {"id": "2"}], [{"id": "1"}, {"id": "3"}], "[1].id"),
        ([1, 2], [1], "[]"),
        ([], {}, "."),
        (None, None, None),
    ],
)
def test_answers_differ_where_something_known_says_something_else(old, new, where):
    assert unlike(old, new) == where
