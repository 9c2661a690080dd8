"""The board: a change is written down before it is said, what was not seen is not claimed, days add up."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.kernel.sql import schema
from whimbrel.statuspage.board import rows
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.board.uptime import DAY_MS, Span, days, parts, with_gaps
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.evidence import Evidence, ProbeSeen
from whimbrel.statuspage.values import SEVERITY

NOW = 1_602_720_000_000  # 15 October 2020, midnight UTC


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.board")])
    yield book
    book.close()


def evidence(at_ms, *, failing=False, component="home"):
    since_ms = at_ms - 20_000 if failing else None
    probe = ProbeSeen(
        probe="read", vantage="here", at_ms=at_ms, failures=2 if failing else 0, failing_since_ms=since_ms
    )
    return Evidence(component=component, at_ms=at_ms, seen_ms=at_ms, probes=(probe,))


async def watched(book, *moments):
    board = Board(book=book)
    await board.load()
    return board, [await board.judge([evidence(at_ms, failing=failing)]) for at_ms, failing in moments]


def every_second(from_ms, seconds, *, failing):
    return [(from_ms + 1_000 * second, failing) for second in range(seconds)]


def spans(book):
    with book.look() as look:
        return rows.between(look, ["home"], 0, 2 * NOW)["home"]


def test_a_change_is_in_the_book_and_its_history_when_it_is_said(book):
    moments = [*every_second(NOW, 20, failing=False), *every_second(NOW + 20_000, 5, failing=True)]
    board, changes = asyncio.run(watched(book, *moments))
    assert [(change.before, change.state) for one in changes for change in one] == [
        (None, "operational"),
        ("operational", "major_outage"),
    ]
    assert spans(book) == [
        Span(NOW, NOW + 20_000, "operational"),
        Span(NOW + 20_000, NOW + 20_000, "major_outage"),
    ]
    assert board.overall == "major_outage"
    with book.look() as look:
        told = [entry.details["state"] for entry in history.about(look, "home")]
    assert told == ["operational", "major_outage"]


def test_an_outage_is_still_one_after_a_restart_of_the_program(book):
    asyncio.run(watched(book, *every_second(NOW, 3, failing=True)))
    later = NOW + 120_000
    board, changes = asyncio.run(watched(book, *every_second(later, 3, failing=False)))
    assert board.verdicts["home"].state == "major_outage"
    assert changes == [[], [], []]
    assert [span.from_ms for span in spans(book)] == [NOW, later]


@pytest.mark.parametrize("restarts", [True, False])
def test_time_in_which_nothing_was_judged_is_not_measured(book, restarts):
    first = every_second(NOW, 31, failing=False)
    second = every_second(NOW + 600_000, 31, failing=False)
    if restarts:
        asyncio.run(watched(book, *first))
        asyncio.run(watched(book, *second))
    else:
        asyncio.run(watched(book, *first, *second))
    whole = parts(spans(book), NOW, NOW + 630_000)
    assert whole.by_state == {"operational": 60_000}
    assert whole.unmeasured_ms == 570_000
    assert whole.uptime == 1.0


def test_uptime_is_of_what_was_measured_and_maintenance_is_not_counted_as_up():
    story = [
        Span(0, 600, "operational"),
        Span(600, 700, "degraded_performance"),
        Span(700, 750, "partial_outage"),
        Span(750, 800, "major_outage"),
        Span(800, 900, "under_maintenance"),
    ]
    whole = parts(story, 0, 1_000)
    assert whole.uptime == pytest.approx(700 / 800)
    assert whole.unmeasured_ms == 100
    assert whole.worst == "major_outage"
    nothing = parts([], 0, 1_000)
    assert (nothing.uptime, nothing.worst, nothing.unmeasured_ms) == (None, "unknown", 1_000)


def test_days_end_at_midnight_and_today_ends_now():
    story = [Span(NOW - DAY_MS // 2, NOW + 3_600_000, "operational")]
    today_and_before = days(story, now_ms=NOW + 7_200_000, count=3)
    assert [one.total_ms for one in today_and_before] == [DAY_MS, DAY_MS, 7_200_000]
    assert [one.by_state.get("operational", 0) for one in today_and_before] == [0, DAY_MS // 2, 3_600_000]


cuts = st.lists(st.integers(0, 10_000), min_size=2, max_size=20, unique=True).map(sorted)


@given(cuts, st.lists(st.sampled_from(list(SEVERITY)), min_size=20, max_size=20), st.integers(0, 10_000))
def test_two_halves_of_any_story_add_up_to_the_whole(edges, states, middle):
    story = [Span(left, right, state) for left, right, state in zip(edges, edges[1:], states, strict=False)]
    whole, left, right = parts(story, 0, 10_000), parts(story, 0, middle), parts(story, middle, 10_000)
    for state in SEVERITY:
        halves = left.by_state.get(state, 0) + right.by_state.get(state, 0)
        assert whole.by_state.get(state, 0) == halves
    assert whole.unmeasured_ms == left.unmeasured_ms + right.unmeasured_ms


def test_what_changed_names_a_state_once_however_often_it_was_written_down():
    hour = DAY_MS // 24
    seen = [Span(0, hour, "operational"), Span(hour, 2 * hour, "operational"), Span(2 * hour, 3 * hour, "unknown")]
    again = Span(5 * hour, 6 * hour, "operational")
    assert with_gaps([*seen, again]) == [
        Span(0, 2 * hour, "operational"),
        Span(2 * hour, 5 * hour, "unknown"),
        again,
    ]
