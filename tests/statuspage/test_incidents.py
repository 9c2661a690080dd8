"""Incidents and windows in the book: what people say is kept under their name, better than measured needs a reason."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.incidents import rows, windows
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.incidents.people import Saying, effective
from whimbrel.statuspage.incidents.windows import Rule, rule_of
from whimbrel.statuspage.values import Lowering, Maintenance, Verdict

NOW = 1_602_794_000_000  # 15 October 2020, 20:33 UTC
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


class Room:
    """The room over a real book, with a clock of the test's."""

    def __init__(self, path):
        numbers = itertools.count(1)
        self.now_ms = NOW
        self.book = Book(path, [schema("whimbrel.statuspage.incidents")])
        self.incidents = Incidents(
            book=self.book,
            clock=lambda: self.now_ms,
            names=lambda: {"home": "Home timeline"},
            new_id=lambda: f"i{next(numbers)}",
        )

    def do(self, coroutine):
        return asyncio.run(coroutine)

    def steer(self, state, better_since_ms=None):
        return self.do(self.incidents.steer(board(state, self.now_ms, better_since_ms)))

    def told(self, subject):
        with self.book.look() as look:
            return [(entry.actor, entry.action) for entry in history.about(look, subject)]

    def kept(self, id_):
        with self.book.look() as look:
            return rows.incident(look, id_)


def board(state, now_ms=NOW, better_since_ms=None):
    verdict = Verdict(component="home", state=state, since_ms=now_ms, at_ms=now_ms, better_since_ms=better_since_ms)
    return {"home": verdict}


def window(**changed):
    return Maintenance(
        **{
            "id": "",
            "name": "A new disk",
            "status": "scheduled",
            "components": ("home",),
            "scheduled_ms": NOW + DAY,
            "until_ms": NOW + DAY + 60 * MINUTE,
            "created_ms": 0,
            "updated_ms": 0,
        }
        | changed
    )


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path / "status.sqlite")
    yield room
    room.book.close()


def test_what_the_program_does_by_itself_is_in_the_book_under_its_own_name(room):
    (opened,) = room.steer("major_outage")
    assert room.kept(opened.id) == opened
    assert room.steer("major_outage") == []
    room.now_ms += 20 * MINUTE
    room.steer("operational")
    assert room.kept(opened.id).status == "resolved"
    assert room.told(opened.id) == [("whimbrel", "incident opened"), ("whimbrel", "incident updated")]


def test_a_person_speaks_and_leads_from_then_on(room):
    (opened,) = room.steer("partial_outage")
    saying = Saying(body="A disk is full.", status="identified", cause="disk", next_update_ms=NOW + 30 * MINUTE)
    led = room.do(room.incidents.say(opened.id, saying, actor="ada", board=board("partial_outage")))
    assert (led.automatic, led.status, led.cause) == (False, "identified", "disk")
    assert (led.updates[0].actor, led.updates[0].body) == ("ada", "A disk is full.")
    room.now_ms += 31 * MINUTE
    (late,) = room.steer("operational")
    assert (late.status, late.missed_ms) == ("identified", (NOW + 30 * MINUTE,))
    assert room.steer("operational") == []
    assert room.told(opened.id)[-2:] == [("ada", "incident updated"), ("whimbrel", "update missed")]


@pytest.mark.parametrize(
    "saying",
    [
        Saying(body="All is well.", components={"home": "operational"}),
        Saying(body="It is over.", status="resolved"),
        Saying(body="It is small.", impact="minor"),
    ],
)
def test_better_than_measured_needs_a_reason_and_the_reason_is_shown(room, saying):
    (opened,) = room.steer("major_outage")
    measured = board("major_outage")
    with pytest.raises(Invalid, match="reason"):
        room.do(room.incidents.say(opened.id, saying, actor="ada", board=measured))
    assert room.kept(opened.id) == opened
    with_reason = Saying(
        **{name: getattr(saying, name) for name in saying.__struct_fields__} | {"reason": "the probe is wrong"}
    )
    said = room.do(room.incidents.say(opened.id, with_reason, actor="ada", board=measured))
    assert "the probe is wrong" in said.updates[0].body


def test_the_page_shows_the_worse_of_verdict_and_people_and_what_was_lowered_with_a_reason(room):
    measured = board("degraded_performance")
    worse = Saying(body="It is worse than it looks.", components={"home": "major_outage"})
    incident = room.do(room.incidents.open("Timelines", worse, actor="ada", board=measured))
    assert effective(measured, [incident]) == {"home": "major_outage"}
    better = Saying(body="A false alarm.", components={"home": "operational"}, reason="the probe's clock is wrong")
    incident = room.do(room.incidents.say(incident.id, better, actor="ada", board=measured))
    lowering = Lowering(reason="the probe's clock is wrong", measured="degraded_performance")
    assert incident.lowered == {"home": lowering}
    assert effective(measured, [incident]) == {"home": "operational"}
    assert effective(board("partial_outage"), [incident]) == {"home": "partial_outage"}


def test_a_lowering_and_its_end_are_in_the_book_with_what_was_measured(room):
    (opened,) = room.steer("partial_outage")
    better = Saying(body="A false alarm.", status="resolved", reason="the probe's clock is wrong")
    room.do(room.incidents.say(opened.id, better, actor="ada", board=board("partial_outage")))
    assert room.steer("partial_outage") == []
    with room.book.look() as look:
        assert [one.id for one in rows.steered_incidents(look)] == [opened.id]
    room.now_ms += MINUTE
    room.steer("operational")
    lowering = Lowering(reason="the probe's clock is wrong", measured="partial_outage", well_ms=room.now_ms)
    assert room.kept(opened.id).lowered == {"home": lowering}
    assert room.told(opened.id)[-2:] == [("ada", "incident updated"), ("whimbrel", "lowering ended")]
    with room.book.look() as look:
        now = history.about(look, opened.id)[-2].details["now"]
        assert now["lowered"]["home"]["measured"] == "partial_outage"
        assert rows.steered_incidents(look) == []
        assert list(history.faults(look)) == []
    (again,) = room.steer("partial_outage")
    assert (again.id != opened.id, again.status) == (True, "investigating")


def test_an_edit_shows_as_one_and_the_words_before_stay_in_the_history(room):
    (opened,) = room.steer("major_outage")
    update = opened.updates[0]
    room.now_ms += MINUTE
    edited = room.do(room.incidents.edit(opened.id, update.id, "Other words.", actor="ada"))
    assert (edited.updates[0].body, edited.updates[0].edited_ms) == ("Other words.", NOW + MINUTE)
    with room.book.look() as look:
        entry = history.about(look, opened.id)[-1]
        assert list(history.faults(look)) == []
    assert entry.details["said"]["before"] == update.body
    with pytest.raises(Invalid):
        room.do(room.incidents.edit(opened.id, "no such update", "words", actor="ada"))


def test_two_who_speak_at_once_are_both_heard(room):
    (opened,) = room.steer("major_outage")

    async def both():
        says = [
            room.incidents.say(opened.id, Saying(body=f"from {who}"), actor=who, board=board("major_outage"))
            for who in ("ada", "bob")
        ]
        return await asyncio.gather(*says)

    room.do(both())
    assert [update.body for update in room.kept(opened.id).updates[:2]] == ["from bob", "from ada"]


@pytest.mark.parametrize(
    ("saying", "name"),
    [
        (Saying(body=" "), "body"),
        (Saying(body="x" * 5_001), "body"),
        (Saying(body="x", next_update_ms=NOW - 1), "next_update"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_name(room, saying, name):
    with pytest.raises(Invalid, match=name):
        room.do(room.incidents.open("Timelines", saying, actor="ada", board={}))
    with pytest.raises(Invalid, match="name"):
        room.do(room.incidents.open("  ", Saying(body="x"), actor="ada", board={}))
    with pytest.raises(NotFound, match="nothing-here"):
        room.do(room.incidents.say("nothing-here", Saying(body="x"), actor="ada", board={}))


def test_a_window_begins_and_ends_by_itself_and_the_next_of_it_follows(room):
    weekly = window(recurs="FREQ=WEEKLY;COUNT=2")
    announced = room.do(room.incidents.schedule(weekly, "We change a disk.", actor="ada"))
    room.now_ms = announced.scheduled_ms
    (begun,) = room.steer("operational")
    assert begun.status == "in_progress"
    room.now_ms = announced.until_ms
    ended, following = room.steer("operational")
    assert (ended.status, following.status) == ("completed", "scheduled")
    assert following.scheduled_ms == announced.scheduled_ms + 7 * DAY
    room.now_ms = following.until_ms
    (last,) = room.steer("operational")
    assert (last.id, last.status) == (following.id, "completed")


def test_a_person_ends_a_window_early(room):
    announced = room.do(room.incidents.schedule(window(recurs="FREQ=DAILY"), "We change a disk.", actor="ada"))
    room.now_ms = announced.scheduled_ms
    room.steer("operational")
    room.do(room.incidents.progress(announced.id, "completed", "Done early.", actor="ada"))
    with room.book.look() as look:
        (following,) = rows.open_maintenances(look)
    assert following.scheduled_ms == announced.scheduled_ms + DAY


def test_a_window_that_is_over_is_not_begun_again_and_only_one_follows_it(room):
    announced = room.do(room.incidents.schedule(window(recurs="FREQ=DAILY"), "We change a disk.", actor="ada"))
    for _ in range(2):
        room.do(room.incidents.progress(announced.id, "completed", "Done early.", actor="ada"))
    with pytest.raises(Invalid, match="this window is over"):
        room.do(room.incidents.progress(announced.id, "in_progress", "Once more.", actor="ada"))
    with room.book.look() as look:
        assert len(list(rows.open_maintenances(look))) == 1


def test_only_a_write_up_makes_an_incident_postmortem_and_it_stays_that(room):
    with pytest.raises(Invalid, match="write-up"):
        room.do(room.incidents.open("A fire", Saying(body="x", status="postmortem"), actor="ada", board={}))
    opened = room.do(room.incidents.open("A fire", Saying(body="x"), actor="ada", board={}))
    over = room.do(room.incidents.say(opened.id, Saying(body="x", status="resolved"), actor="ada", board={}))
    with pytest.raises(Invalid, match="write-up"):
        room.do(room.incidents.say(over.id, Saying(body="x", status="postmortem"), actor="ada", board={}))
    written = replace(over, status="postmortem")
    room.do(room.book.write(lambda pen: rows.put_incident(pen, written)))
    with pytest.raises(Invalid, match="over"):
        room.do(room.incidents.say(over.id, Saying(body="x", status="investigating"), actor="ada", board={}))
    said = room.do(room.incidents.say(over.id, Saying(body="More is known."), actor="ada", board={}))
    assert said.status == "postmortem"


def test_an_incident_that_a_person_opens_is_as_bad_as_its_worst_component_unless_they_say_otherwise(room):
    def impact(**said):
        return room.do(room.incidents.open("A fire", Saying(body="x", **said), actor="ada", board={})).impact

    both = {"home": "degraded_performance", "search": "major_outage"}
    assert (impact(components=both), impact(components=both, impact="minor")) == ("critical", "minor")
    assert (impact(components={"home": "partial_outage"}), impact()) == ("major", "minor")
    assert impact(components={"home": "operational"}) == "minor"


def test_what_was_pasted_from_a_terminal_is_said_without_its_control_characters(room):
    pasted = Saying(body="Disk\x00 \x1b[31mfull\r\nagain\t1", cause="\x07A disk")
    opened = room.do(room.incidents.open("Home\r\n\x1bslow", pasted, actor="ada", board={}))
    assert (opened.name, opened.updates[0].body, opened.cause) == ("Home slow", "Disk [31mfull\nagain 1", "A disk")
    edited = room.do(room.incidents.edit(opened.id, opened.updates[0].id, "Full\x00.", actor="ada"))
    assert edited.updates[0].body == "Full."
    with pytest.raises(Invalid, match="body"):
        room.do(room.incidents.edit(opened.id, opened.updates[0].id, "\x00\x07", actor="ada"))


def test_a_window_that_was_slept_through_is_completed_and_the_next_is_one_to_come(room):
    daily = window(recurs="FREQ=DAILY")
    announced = room.do(room.incidents.schedule(daily, "We change a disk.", actor="ada"))
    room.now_ms = announced.scheduled_ms + 10 * DAY + 2 * 60 * MINUTE
    ended, following = room.steer("operational")
    assert ended.status == "completed"
    assert following.scheduled_ms == announced.scheduled_ms + 11 * DAY


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"until_ms": NOW}, "until"),
        ({"components": ()}, "components"),
        ({"recurs": "FREQ=HOURLY"}, "recurs"),
        ({"recurs": "FREQ=DAILY;COUNT=0"}, "recurs"),
        ({"recurs": "FREQ=DAILY;COUNT=2;UNTIL=20201231"}, "recurs"),
        ({"recurs": "FREQ=DAILY;BYDAY=MO"}, "recurs"),
        ({"recurs": "FREQ=MONTHLY", "scheduled_ms": NOW + 15 * DAY, "until_ms": NOW + 16 * DAY}, "28th"),
    ],
)
def test_a_window_that_cannot_be_is_refused_with_its_name(room, changed, name):
    with pytest.raises(Invalid, match=name):
        room.do(room.incidents.schedule(window(**changed), "We change a disk.", actor="ada"))


def test_a_rule_that_ends_lets_nothing_follow():
    until = window(recurs="FREQ=DAILY;UNTIL=20201017", status="completed")
    assert windows.following(until, "next", NOW + DAY) is None
    monthly = window(recurs="FREQ=MONTHLY;INTERVAL=5", status="completed")
    assert windows.following(monthly, "next", NOW + DAY).scheduled_ms == NOW + DAY + (151 * DAY)


@given(
    st.builds(
        Rule,
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
        st.integers(1, 366),
        st.none() | st.integers(1, 99),
    )
)
def test_a_rule_is_read_back_as_it_was_written(rule):
    assert rule_of(str(rule)) == rule
