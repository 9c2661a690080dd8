"""The journal forgets only what nobody needs any more, a piece at a time, and whoever comes too late is told."""

import asyncio
import fcntl
import os
import shutil
from contextlib import contextmanager

import pytest

from tests.engines.link.running import VOCABULARY, Heard, apply, core_running, linked, said, store_at_head, until
from tests.engines.store.shop import SCHEMA as SHOP_SCHEMA
from tests.engines.store.shop import Joined, Shop, Wrote
from tests.snapshots.test_snapshots import verified
from whimbrel.engines.journal.feed import Feed
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.tail import EventTail
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.snapshots import list_snapshots
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import SNAPSHOT_IDLE_MS_MAX
from whimbrel.snapshotting import Pace, Snapshotting, is_due, make_snapshot
from whimbrel.trimming import DAY_MS, last_before, trimmable

pytestmark = pytest.mark.anyio

NOW_MS = 1_600_000_000_000
FAST = {"start_seconds": 0.0, "look_seconds": 0.02}


@pytest.fixture
def aged(tmp_path):
    """A shop whose ten notes were written one a day, with a snapshot of the eighth."""
    shop = Shop(tmp_path)
    shop.happen(Joined("ada"))
    for day in range(10):
        shop._now_ms = NOW_MS + day * DAY_MS
        shop.happen(Wrote(f"day {day}"), actor=1)
        shop.catch_up()
        if day == 7:
            verified(shop)
    yield shop
    shop.close()


def limit_of(shop, kept_since_ms):
    (newest,) = list_snapshots(shop.data)
    journal = JournalReader(shop.data / "journal.sqlite")
    try:
        return trimmable(shop.data, journal, newest, kept_since_ms)
    finally:
        journal.close()


def test_nothing_behind_the_newest_snapshot_is_forgotten_nor_what_is_young(aged):
    (newest,) = list_snapshots(aged.data)
    assert limit_of(aged, None) == newest.sequence
    assert limit_of(aged, NOW_MS + 100 * DAY_MS) == newest.sequence
    assert limit_of(aged, NOW_MS + 3 * DAY_MS) == newest.sequence - 5
    assert limit_of(aged, 0) == 0


def test_the_last_record_before_a_moment_is_found_in_a_trimmed_journal_too(aged):
    journal = aged.journal
    everything = journal.read(after=0, limit=100)
    for beginning in (0, 4):
        journal.trim(up_to=beginning)
        for record in everything[beginning:]:
            by_then = [one.sequence for one in everything if one.time_ms <= record.time_ms]
            assert last_before(journal, record.time_ms + 1, 100) == by_then[-1]
        assert last_before(journal, NOW_MS, 100) == 0


def test_no_store_that_lies_here_is_left_behind(aged):
    (newest,) = list_snapshots(aged.data)
    shutil.copy(newest.store, aged.data / "store-2.sqlite")
    behind = newest.sequence
    for _ in range(3):
        aged.happen(Wrote("more"), actor=1)
    aged.catch_up()
    verified(aged)
    newest, _ = list_snapshots(aged.data)
    journal = JournalReader(aged.data / "journal.sqlite")
    assert trimmable(aged.data, journal, newest, None) == behind
    (aged.data / "store-2.sqlite").write_bytes(b"nonsense" * 512)
    with pytest.raises(StoreUnavailable):
        trimmable(aged.data, journal, newest, None)
    journal.close()


def test_a_snapshot_is_due_by_the_hour_where_something_happens_and_by_the_day_where_nothing_does(aged):
    (newest,) = list_snapshots(aged.data)
    made, cursor, hour = newest.made_ms, newest.sequence, 3_600_000
    assert is_due(None, 0, 0, 60)
    assert not is_due(None, 0, 0, 0)
    assert not is_due(newest, cursor + 1, made + hour - 1, 60)
    assert is_due(newest, cursor + 1, made + hour, 60)
    assert not is_due(newest, cursor, made + hour, 60)
    assert is_due(newest, cursor, made + SNAPSHOT_IDLE_MS_MAX, 60)
    assert is_due(newest, cursor, made - 1, 60)
    assert not is_due(newest, cursor + 1, made + 10 * hour, 0)


def scheduled(core, data, minutes=60, journal_days=0, **more):
    """What the core would run, made fast."""
    call, pace = core.server.call, Pace(minutes, journal_days, **{**FAST, **more})
    return Snapshotting(data, data / "store-1.sqlite", call, pace)


async def test_the_schedule_makes_a_snapshot_trims_behind_it_and_says_so(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            for number in range(30):
                await link.append(said(str(number)))
            await store_at_head(link)
            snapshotting = scheduled(core, tmp_path)
            assert snapshotting.health().ok
            snapshotting.start()
            try:
                await until(lambda: snapshotting.status.trimmed == link.head.head - 1, "the journal is trimmed")
                assert snapshotting.health().ok
                names = {family.name for family in snapshotting.families()}
                assert "whimbrel_snapshot_age_seconds" in names
                await link.append(said("after"))
                await store_at_head(link)
            finally:
                snapshotting.stop()
            (newest,) = list_snapshots(tmp_path)
            assert newest.is_verified
            journal = JournalReader(tmp_path / "journal.sqlite")
            # The newest record of all stays: one was kept until the next came, if it was looked at since.
            assert journal.beginning()[0] in (newest.sequence - 1, newest.sequence)
            journal.close()
            assert verify_journal(tmp_path / "journal.sqlite") == []


async def test_a_snapshot_that_fails_is_said_with_its_reason_and_the_next_one_mends_it(tmp_path, monkeypatch):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await link.append(said("a"))
            await store_at_head(link)
            (tmp_path / "snapshots").write_text("in the way")
            monkeypatch.setattr("whimbrel.snapshotting.SNAPSHOT_RETRY_SECONDS", 0.05)
            snapshotting = scheduled(core, tmp_path)
            snapshotting.start()
            try:
                await until(lambda: snapshotting.status.failures, "it has failed")
                assert not snapshotting.health().ok
                assert "snapshots" in snapshotting.health().detail
                (tmp_path / "snapshots").unlink()
                await until(lambda: snapshotting.status.newest, "there is one")
                await until(lambda: snapshotting.health().ok, "and it is said")
            finally:
                snapshotting.stop()


async def test_a_schedule_that_meets_somebody_elses_snapshot_waits_without_calling_it_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr("whimbrel.snapshotting.SNAPSHOT_RETRY_SECONDS", 0.0)
    looks = []

    def counted():
        looks.append(None)
        return NOW_MS

    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await link.append(said("a"))
            await store_at_head(link)
            pace = Pace(60, 0, **FAST)
            snapshotting = Snapshotting(tmp_path, tmp_path / "store-1.sqlite", core.server.call, pace, clock=counted)
            try:
                with held(tmp_path / "snapshots"):
                    snapshotting.start()
                    await until(lambda: len(looks) > 6, "it has tried, and looked again")
                    assert snapshotting.status.failures == 0
                    assert snapshotting.health().ok
                await until(lambda: snapshotting.status.newest, "then it makes its own")
            finally:
                snapshotting.stop()


@contextmanager
def held(folder):
    """The folder's lock, as who makes a snapshot holds it."""
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


async def test_what_keeps_snapshots_waiting_is_said_once_and_not_at_every_look(tmp_path, caplog):
    looks = []

    def counted():
        looks.append(None)
        return NOW_MS

    with core_running(tmp_path) as core:
        pace = Pace(60, 0, **FAST)
        snapshotting = Snapshotting(tmp_path, tmp_path / "away.sqlite", core.server.call, pace, clock=counted)
        snapshotting.start()
        try:
            await until(lambda: len(looks) > 3, "it has looked several times")
        finally:
            snapshotting.stop()
    assert len([record for record in caplog.records if record.getMessage() == "snapshots wait"]) == 1


async def test_a_nearly_full_disk_gets_no_snapshot_and_a_journal_that_is_trimmed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("whimbrel.reliability.disk.DISK_FREE_SHARE_MIN", 1.0)
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            for number in range(5):
                await link.append(said(str(number)))
            await store_at_head(link)
            made = await asyncio.to_thread(make_snapshot, tmp_path)
            await link.append(said("later"))
            await store_at_head(link)
            snapshotting = scheduled(core, tmp_path, journal_days=7)
            snapshotting.start()
            try:
                await until(lambda: snapshotting.status.trimmed == made.sequence, "the journal is trimmed")
            finally:
                snapshotting.stop()
            remaining = list_snapshots(tmp_path)
            assert [one.sequence for one in remaining] == [made.sequence]


async def test_a_core_that_stops_does_not_wait_for_a_snapshot(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await link.append(said("a"))
            await store_at_head(link)
            for _ in range(3):
                snapshotting = scheduled(core, tmp_path)
                snapshotting.start()
                await until(lambda now=snapshotting: now._child is not None or now.status.newest, "it is at work")
                await asyncio.to_thread(snapshotting.stop)
            assert (await asyncio.to_thread(make_snapshot, tmp_path)).is_verified


async def test_views_that_come_too_late_are_told_to_begin_anew(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            for number in range(10):
                await link.append(said(str(number)))
            await store_at_head(link)
            core.server.call(lambda journal: journal.trim(up_to=5)).result(20)
            heard = Heard()
            link.follow(Feed([heard], VOCABULARY, EventTail(2), lambda: JournalReader(tmp_path / "journal.sqlite")))
            await asyncio.wait_for(link.diverged.wait(), 20)
            assert heard.texts == []


def test_a_trim_beside_a_rebuild_is_noticed(tmp_path):
    shop = Shop(tmp_path)
    for number in range(10):
        shop.happen(Joined(str(number)))
    shop.catch_up()
    verified(shop)

    def trim(*_):
        shop.journal.trim(up_to=shop.journal.head()[0])

    shop.writer.close()
    snapshots = list_snapshots(shop.data)
    head = rebuild(
        tmp_path / "other.sqlite",
        [SHOP_SCHEMA],
        shop.journal,
        decode=VOCABULARY.decode,
        apply=apply,
        snapshots=snapshots,
        on_progress=trim,
    )
    assert head == shop.journal.head()[0]
    shop.close()
