"""The tail: the newest events by sequence, for entities loaded from a store that is behind."""

import pytest

from whimbrel.engines.journal.tail import EventTail
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import TAIL_EVENTS_MAX


def event(sequence: int) -> Event:
    return Event(sequence, sequence, sequence, "Said", 1, 0, None)


def tail_of(*sequences: int, after: int = 0) -> EventTail:
    tail = EventTail(after)
    for sequence in sequences:
        tail.add(event(sequence))
    return tail


def test_what_came_after_a_cursor_comes_in_order():
    assert [one.sequence for one in tail_of(*range(1, 9)).since(5)] == [6, 7, 8]
    assert tail_of(*range(1, 9)).since(8) == []


def test_a_cursor_that_is_ahead_misses_nothing():
    assert tail_of(1, 2).since(9) == []


def test_a_reach_below_what_is_kept_is_said_and_not_shortened():
    tail = tail_of(*range(11, 15), after=10)
    assert len(tail.since(10)) == 4
    with pytest.raises(StoreUnavailable):
        tail.since(9)


def test_after_a_gap_nothing_from_before_it_is_offered():
    tail = tail_of(1, 2, 5, 6)
    assert [one.sequence for one in tail.since(4)] == [5, 6]
    with pytest.raises(StoreUnavailable):
        tail.since(2)


def test_what_the_store_has_is_let_go():
    tail = tail_of(*range(1, 9))
    tail.let_go(6)
    assert [one.sequence for one in tail.since(6)] == [7, 8]
    with pytest.raises(StoreUnavailable):
        tail.since(5)


def test_it_never_holds_more_than_its_limit():
    assert len(tail_of(*range(1, TAIL_EVENTS_MAX + 100))) == TAIL_EVENTS_MAX
