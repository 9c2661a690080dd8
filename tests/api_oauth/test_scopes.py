"""Scopes, as an app asks for them and as a person reads them."""

import pytest

from whimbrel.api.oauth.scopes import covers_all, explain, parse
from whimbrel.api.scopes import SCOPES
from whimbrel.kernel.errors import Invalid


def test_scopes_are_read_once_each_in_their_order() -> None:
    assert parse("write  read write push") == ("write", "read", "push")


def test_no_scope_at_all_asks_for_read() -> None:
    assert parse("") == ("read",)
    assert parse("   ") == ("read",)


def test_an_unknown_scope_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="read:everything"):
        parse("read read:everything")


@pytest.mark.parametrize(
    ("granted", "wanted", "inside"),
    [
        (("read",), ("read:statuses", "read:accounts"), True),
        (("read:statuses",), ("read",), False),
        (("read", "write"), ("push",), False),
        (("follow",), ("write:follows", "read:blocks", "write:mutes"), True),
        (("follow",), ("write:statuses",), False),
        (("admin:read",), ("admin:read:accounts",), True),
        (("read",), ("admin:read",), False),
        (("read", "write", "follow", "push"), (), True),
    ],
)
def test_an_app_may_ask_for_less_than_it_registered_and_never_for_more(
    granted: tuple[str, ...], wanted: tuple[str, ...], inside: bool
) -> None:
    assert covers_all(granted, wanted) is inside


def test_every_scope_has_words_of_its_own() -> None:
    words = {explain(scope) for scope in SCOPES}
    assert len(words) == len(SCOPES)
    assert not any(":" in text and "your name" not in text for text in words)
