"""The window of recent entries against a plain list, over random feeds, questions and sizes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.microblog.recents import GONE, PUBLIC, REBLOG, REPLY, Entry, Window

AUTHORS = range(1, 9)


@st.composite
def feeds(draw: st.DrawFn) -> tuple[int, list[Entry]]:
    count = draw(st.integers(0, 120))
    entries_max = draw(st.integers(5, 60))
    authors = draw(st.lists(st.sampled_from(AUTHORS), min_size=count, max_size=count))
    return entries_max, [Entry(10 * (i + 1), author) for i, author in enumerate(authors)]


def window_of(entries_max: int, entries: list[Entry]) -> tuple[Window, list[Entry]]:
    window = Window(entries_max=entries_max)
    window.load((), floor_id=0)
    for entry in entries:
        window.add(entry)
    return window, [entry for entry in entries if entry.id > window.floor_id]


def slots_of(window: Window, authors: set[int]) -> np.ndarray:
    return np.array(sorted(window.slot(author) for author in authors), np.int32)


@settings(max_examples=150, deadline=None)
@given(
    feeds(),
    st.sets(st.sampled_from(AUTHORS), min_size=1),
    st.integers(0, 1300),
    st.integers(0, 1300),
    st.integers(1, 30),
)
def test_newest_gives_what_a_plain_filter_gives(feed, authors, below, above, limit) -> None:
    window, kept = window_of(*feed)
    expected = [e.id for e in reversed(kept) if e.author in authors and above < e.id < below]
    found = window.ids(window.newest(slots_of(window, authors), below=below, above=above, limit=limit))
    assert found[:limit] == expected[:limit]
    assert found == expected[: len(found)]


@settings(max_examples=150, deadline=None)
@given(
    feeds(),
    st.sets(st.sampled_from(AUTHORS), min_size=1),
    st.integers(0, 1300),
    st.integers(0, 1300),
    st.integers(1, 30),
)
def test_oldest_gives_the_same_from_the_other_end(feed, authors, below, above, limit) -> None:
    window, kept = window_of(*feed)
    expected = [e.id for e in kept if e.author in authors and above < e.id < below]
    found = window.ids(window.oldest(slots_of(window, authors), below=below, above=above, limit=limit))
    assert found[:limit] == expected[:limit]
    assert found == expected[: len(found)]


def test_both_plans_agree_for_an_author_who_posts_too_often_for_chains() -> None:
    window, _ = window_of(5_000, [Entry(i, 1 + i % 3) for i in range(1, 4_000)])
    slots = slots_of(window, {2})
    scanned = window.ids(window.newest(slots, below=1 << 62, above=0, limit=10_000))
    assert scanned == [i for i in range(3_999, 0, -1) if 1 + i % 3 == 2]


def test_what_slid_out_is_below_the_floor_and_nothing_above_it_is_missing() -> None:
    window, kept = window_of(10, [Entry(i, 1) for i in range(1, 100)])
    assert window.floor_id == kept[0].id - 1
    assert window.ids(window.newest(slots_of(window, {1}), below=1 << 62, above=0, limit=99)) == [
        entry.id for entry in reversed(kept)
    ]
    assert 10 <= len(window) <= 13


def test_an_old_post_that_arrives_late_is_left_to_the_store() -> None:
    window, _ = window_of(10, [Entry(100, 1)])
    window.add(Entry(50, 1))
    assert len(window) == 1


def test_a_removed_post_is_marked_gone_and_a_removed_authors_posts_too() -> None:
    window, _ = window_of(10, [Entry(1, 1), Entry(2, 2), Entry(3, 1, reply_to=2)])
    window.remove(2)
    window.remove_author(1)
    positions = window.newest(slots_of(window, {1, 2}), below=9, above=0, limit=9)
    assert (window.kinds(positions) & GONE).all()
    assert window.find(2) is None


def test_an_edit_changes_what_the_rules_see() -> None:
    window, _ = window_of(10, [Entry(1, 1)])
    window.replace(Entry(1, 1, mentions=(5,), language="de"))
    assert window.find(1) == Entry(1, 1, mentions=(5,), language="de")


def test_a_hashtag_that_an_edit_brought_was_not_found() -> None:
    window, _ = window_of(10, [Entry(1, 1, tags=("birds",)), Entry(2, 2)])
    window.replace(Entry(1, 1, tags=("sea",)))
    found = [window.tagged((tag,), below=9, above=0) for tag in ("birds", "sea")]
    assert found == [[], [1]]


def test_public_entries_are_found_by_their_flags() -> None:
    entries = [Entry(1, 1), Entry(2, 1, visibility="unlisted"), Entry(3, 2, reply_to=1), Entry(4, 2, reblog_of=1)]
    window, _ = window_of(10, [*entries, Entry(5, 3)])
    mask = PUBLIC | REBLOG | REPLY | GONE
    assert window.ids(window.with_kind(mask, PUBLIC, below=9, above=0, limit=9)) == [5, 1]


def test_entries_of_a_hashtag_come_newest_first_and_leave_with_the_window() -> None:
    window, _ = window_of(4, [Entry(i, 1, tags=("birds",) if i % 2 else ()) for i in range(1, 20)])
    tagged = window.tagged(("birds",), below=1 << 62, above=0)
    assert tagged == [i for i in range(19, window.floor_id, -1) if i % 2]
