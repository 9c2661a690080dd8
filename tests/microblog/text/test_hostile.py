"""Texts made to be slow: the work stays linear, which is counted, never timed."""

import sys
from itertools import pairwise
from types import FrameType

import pytest

from whimbrel.microblog.posts.entities import entities_of
from whimbrel.microblog.posts.text import compose
from whimbrel.microblog.posts.urls import top_level_domains

SEEDS = (
    *("@", "#", "@a@", "@a.", "@a-b@c.d.", "#a", "#_", "http://", "http://a.", "a.com."),
    *("(", ")", ".", "h", "//", "👩\u200d", "e\u0301"),
)
STARTS = ("", "http://", "http://a.com/", "@", "#", "http://a.com/?")


def _calls(text: str) -> int:
    """How many function calls of Python and of C the extraction of `text` makes."""
    calls = 0
    top_level_domains()  # read once for all, which is not the text's doing

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        entities_of(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_ten_times_the_text_takes_at_most_about_ten_times_the_calls(start: str, seed: str):
    short, long = start + seed * (500 // len(seed)), start + seed * (5_000 // len(seed))
    assert _calls(long) <= 11 * _calls(short) + 200


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_ten_thousand_hostile_characters_are_composed(start: str, seed: str):
    text = start + seed * (10_000 // len(seed))
    post = compose(text, ids={"a": 1}, public_url="https://birds.example", limit=100_000)
    assert post.html.startswith("<p>")


def test_entities_never_overlap_and_stand_in_order():
    text = (
        " ".join(start + seed for start in STARTS for seed in SEEDS) + " https://example.com/#a@b @alice@b.example #tag"
    )
    spans = [(entity.start, entity.end) for entity in entities_of(text)]
    assert spans == sorted(spans)
    assert all(end <= following for (_, end), (following, _) in pairwise(spans))
