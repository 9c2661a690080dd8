"""Services that nobody speaks of are not kept in memory, and that makes no difference to any figure."""

import asyncio
import subprocess
import sys
from random import Random

import apsw
import pytest

from tests.statuspage import memory
from tests.statuspage.reporting import OTHER, reporting
from whimbrel.kernel.limits import SERVICES_AWAKE_MAX, SERVICES_MAX, TALLY_ROWS_MAX
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.detection import surge
from whimbrel.statuspage.reports.judge import Judge
from whimbrel.statuspage.reports.rows import Entry
from whimbrel.statuspage.reports.standings import AWAKE_MINUTES
from whimbrel.statuspage.reports.tally import BRIGADE_MINUTES, KEPT_MINUTES, Minute, Tally

START = 26_713_234
WHOLE = 4
MEMORY_MB_MAX = 57
MEMORY_SECONDS_MAX = 120


def entry(service, minute, *, network=1, kind=1, wording=0):
    return Entry(service, 60_000 * minute, 1, None, kind, 7, WHOLE, network, wording, 0)


class Room:
    """A judge over a real book, and minutes of the test's."""

    def __init__(self, path, services=1):
        self.path = path / "status.sqlite"
        self.services = dict.fromkeys(range(1, services + 1), BRIGADE_MINUTES)
        self.minute = START
        self._opened()

    def _opened(self):
        self.book = Book(self.path, [schema("whimbrel.statuspage.reports")])
        self.tally = Tally()
        self.judge = Judge(book=self.book, tally=self.tally, name_of=str)

    async def start(self):
        await self.judge.load(self.minute - 1)

    async def again(self):
        self.book.close()
        self._opened()
        await self.start()

    async def passes(self, *spoken_of, count=1):
        """A minute in which `count` people report about each of these."""
        reports = [entry(one, self.minute, network=n) for one in spoken_of for n in range(count)]
        self.tally.heard([(report, True) for report in reports])
        self.minute += 1
        await self.judge.turn(self.minute, self.services, None)


def told(room, script):
    async def run():
        await room.start()
        return await script(room)

    try:
        return asyncio.run(run())
    finally:
        room.book.close()


def test_two_thousand_services_cost_what_the_limit_says_and_the_quiet_ones_nothing(tmp_path):
    async def script(room):
        await room.passes()
        quiet = len(room.judge.standings)
        await room.passes(*room.services)
        return quiet, len(room.judge.standings), room.tally.size

    quiet, spoken_of, minutes = told(Room(tmp_path, SERVICES_MAX), script)
    assert (quiet, spoken_of, minutes) == (0, SERVICES_AWAKE_MAX, SERVICES_MAX)


def test_a_service_sleeps_when_it_was_not_spoken_of_for_long_and_its_reports_are_dropped_before(tmp_path):
    async def script(room):
        await room.passes(1)
        found = []
        for _ in range(AWAKE_MINUTES):
            found.append((len(room.judge.standings), room.tally.size))
            await room.passes()
        return found, len(room.judge.standings)

    found, afterwards = told(Room(tmp_path), script)
    assert found[BRIGADE_MINUTES - 1] == (1, 1)
    assert found[BRIGADE_MINUTES] == (1, 0)
    assert (found[-1], afterwards) == ((1, 0), 0)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_slept_knows_what_whoever_was_awake_all_the_time_would_know(tmp_path, seed):
    chance = Random(seed)

    async def script(room):
        watch = surge.watching()
        for _ in range(700):
            count = chance.choice([0] * 150 + [1, 3]) if room.minute % 500 > 40 else 3
            watch, _ = surge.observed(watch, room.minute, float(count))
            await room.passes(*[1] * bool(count), count=count)
            if chance.random() < 0.01:
                await room.again()
        return watch, (await room.judge.look_at(1)).watch

    awake_all_the_time, slept = told(Room(tmp_path), script)
    assert slept == awake_all_the_time


def test_a_surge_keeps_a_service_awake_and_over_a_restart_too(tmp_path):
    async def script(room):
        for _ in range(30):
            await room.passes()
        for _ in range(8):
            await room.passes(1, count=40)
        before = room.judge.standings[1]
        await room.again()
        return before, room.judge.standings[1]

    before, after = told(Room(tmp_path), script)
    assert before.seen is not None
    assert (after.watch, after.seen) == (before.watch, before.seen)


def test_what_the_disk_has_not_taken_counts_for_who_wakes_meanwhile(tmp_path):
    async def script(room):
        watch = surge.watching()
        for _ in range(3):
            watch, _ = surge.observed(watch, room.minute, 0.0)
            await room.passes()
        full = apsw.Connection(str(room.path))
        full.execute("BEGIN IMMEDIATE")  # from here on the book cannot be written
        watch, _ = surge.observed(watch, room.minute, 5.0)
        await room.passes(1, count=5)
        failing = room.judge.failing
        room.judge.standings.clear()
        found = await room.judge.look_at(1)
        full.execute("ROLLBACK")
        full.close()
        return failing, watch, found.watch

    failing, awake, woken = told(Room(tmp_path), script)
    assert failing
    assert woken == awake


def test_a_clock_that_steps_back_while_a_service_sleeps_and_a_restart_are_lived_through(tmp_path):
    """Accident: a state of a day to come was gone on from after a restart, and no minute was later than it."""

    async def script(room):
        for _ in range(3):
            await room.passes()
        room.minute += 500 * 1_440
        for _ in range(62):
            await room.passes()
        room.minute -= 500 * 1_440
        await room.passes()
        await room.passes(1)
        await room.again()
        await room.passes(1)
        return room.minute, room.judge.standings[1].watch.track.minute

    now, judged = told(Room(tmp_path), script)
    assert judged == now - 1


def test_a_list_says_how_all_stand_and_who_looks_at_one_that_sleeps_sees_its_figures(tmp_path):
    async def run():
        async with reporting(tmp_path, services=(OTHER,)) as desk:
            await desk.pass_minutes(3)
            listed = (await desk.client.get("/api/services")).json()["services"]
            return listed, (await desk.client.get("/api/services/bank")).json()

    listed, one = asyncio.run(run())
    assert [(found["state"], found["evidence"]) for found in listed] == [("none", None)] * 2
    assert one["evidence"]["expected"] > 0


def test_few_reports_and_many_are_counted_alike():
    few, many = Tally(), Tally()
    reports = [entry(1, START, network=n % 5, kind=n % 3, wording=n % 2) for n in range(TALLY_ROWS_MAX)]
    followed_up = (entry(1, START), False)
    few.heard([*((report, True) for report in reports), followed_up])
    many.heard([*((report, True) for report in reports * 3), followed_up])
    for figure in ("networks", "wordings", "kinds"):
        found = getattr(few.composition(1, START), figure)
        assert getattr(many.composition(1, START), figure) == {key: 3 * count for key, count in found.items()}
    assert few.composition(1, START).wordings == {"1": TALLY_ROWS_MAX // 2}
    assert few.of(1, START) == Minute(TALLY_ROWS_MAX, WHOLE * TALLY_ROWS_MAX, 1, 60_000 * START)
    assert many.of(1, START) == Minute(3 * TALLY_ROWS_MAX, 3 * WHOLE * TALLY_ROWS_MAX, 1, 60_000 * START)


@pytest.mark.parametrize("reports", [1, 2 * TALLY_ROWS_MAX])
def test_who_reported_is_forgotten_after_a_quarter_of_an_hour_also_where_minutes_were_not_judged(reports):
    """Accident: whoever was asleep in the minute in which people were to be forgotten kept them for an hour."""
    tally = Tally()
    tally.heard([(entry(1, START, network=n, kind=3, wording=n), True) for n in range(1, reports + 1)])
    tally.forget(START + BRIGADE_MINUTES + 5, {1: KEPT_MINUTES})
    assert tally.kinds(1, START) == {3: reports}
    left = tally.composition(1, START)
    assert set(left.networks) <= {"0"}
    assert not left.wordings


def test_two_thousand_services_that_are_all_reported_every_minute_leave_the_page_small(tmp_path):
    """Accident: then it took 65 MB, and more with each hour, because the caches of its book were a server's."""
    told = subprocess.run(
        [sys.executable, "-m", memory.__name__, str(tmp_path)],
        timeout=MEMORY_SECONDS_MAX,
        check=True,
        capture_output=True,
        text=True,
    )
    assert float(told.stdout) < MEMORY_MB_MAX
