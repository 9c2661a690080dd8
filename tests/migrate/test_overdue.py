"""A migration that nobody finishes: the old store holds what was deleted since, and may not be kept for ever."""

import pytest

from tests.support.serving import Server, eventually
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.numbered import numbers, store_at
from whimbrel.engines.store.overdue import overdue
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.events import Claim, Group, draft
from whimbrel.kernel.switching import KEPT_KEY, STORE_KEY, StoreKept, StoreSwitched
from whimbrel.rooms import schemas

DAY_MS = 24 * 3_600_000
ENDED_SECONDS = 60.0


def migrated(data, *, days_ago, current, kept):
    """A data directory in which a migration was begun so long ago; returns what was appended."""
    data.mkdir(exist_ok=True)
    then_ms = wall_clock_ms() - days_ago * DAY_MS
    journal = SqliteJournal(data / "journal.sqlite", clock=lambda: then_ms)
    switched = draft(StoreSwitched("8.0", "/eight"), actor=0, id=current, claims=(Claim(STORE_KEY),))
    journal.append([Group((switched, draft(StoreKept("7.0", "/seven"), actor=0, id=kept, claims=(Claim(KEPT_KEY),))))])
    for number in (1, 2):
        StoreWriter(store_at(data, number), schemas()).close()
    records = journal.read(after=0, limit=10)
    journal.close()
    return records


def standing_of(data):
    """What the journal says of the stores, and which lie there."""
    journal = JournalReader(data / "journal.sqlite")
    try:
        return numbers(journal.find), [number for number in (1, 2) if store_at(data, number).exists()]
    finally:
        journal.close()


@pytest.mark.parametrize(("current", "kept"), [(2, 1), (1, 2)])
def test_the_server_ends_by_itself_a_migration_whose_old_store_is_8_days_old(tmp_path, current, kept):
    data = tmp_path / "data"
    migrated(data, days_ago=8, current=current, kept=kept)
    server = Server(data)
    token = server.provide(["ada"])["ada"]
    server.start()
    try:
        ended = ((current, None), [current])
        eventually(lambda: standing_of(data) == ended, seconds=ENDED_SECONDS, what="only one store is left")
        eventually(
            lambda: "a migration was ended" in server.log.read_text(), seconds=ENDED_SECONDS, what="the log says so"
        )
        client = server.client(token)
        assert client.post("/api/v1/statuses", {"status": "and on it goes"}).status == 200
        client.close()
        assert "whole" in server.command("verify")
    finally:
        server.close()


def test_a_store_is_overdue_by_the_first_record_that_it_lacks(tmp_path):
    records = migrated(tmp_path, days_ago=8, current=2, kept=1)
    journal, now_ms = JournalReader(tmp_path / "journal.sqlite"), wall_clock_ms()
    old, new = store_at(tmp_path, 1), store_at(tmp_path, 2)
    assert overdue(tmp_path, journal, new, now_ms) == old
    assert overdue(tmp_path, journal, old, now_ms) == new  # the release before was started again, and serves
    assert overdue(tmp_path, journal, new, now_ms - 2 * DAY_MS) is None
    writer = StoreWriter(old, schemas())
    with writer.writing() as rows:
        rows.move(records[-1])
    writer.close()
    assert overdue(tmp_path, journal, new, now_ms) is None  # it was brought up to date: it lacks nothing
    old.unlink()
    assert overdue(tmp_path, journal, new, now_ms) == old  # it cannot say: then it counts from when it was kept
    journal.close()


def test_nothing_is_overdue_where_no_migration_is_unfinished(tmp_path):
    SqliteJournal(tmp_path / "journal.sqlite", clock=lambda: 1).close()
    journal = JournalReader(tmp_path / "journal.sqlite")
    assert overdue(tmp_path, journal, store_at(tmp_path, 1), wall_clock_ms()) is None
    journal.close()
