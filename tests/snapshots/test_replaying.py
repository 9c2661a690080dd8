"""Replaying from any old snapshot gives the same store as the one that was there all the time.

This is what makes everything else true: rebuilding, trimming, backups, going back to a moment. Histories are random
(deletions, erasures, parked and unknown events included), and every table is compared, what is parked and the cursor
too.
"""

import random

import pytest

from tests.snapshots.histories import History
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.compare import differences
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.rooms import follows

SEEDS = random.SystemRandom()
EXAMPLES, STEPS = 6, 80
CURSOR = "SELECT * FROM cursor"
PARKED = "SELECT sequence, id, type, reason, payload FROM parked ORDER BY sequence"
KEYS = "SELECT id, sequence FROM parked_keys ORDER BY id"


@pytest.mark.parametrize("number", [SEEDS.randrange(1 << 32) for _ in range(EXAMPLES)])
def test_replaying_from_any_snapshot_gives_the_store_that_was_there_all_the_time(tmp_path, number):
    print(f"seed {number}")
    history = History(tmp_path / "data", number)
    try:
        history.take_snapshot()
        history.go_on(STEPS)
        history.vanish()
        history.go_on(STEPS)
        history.door.settle()
    finally:
        history.door.close()  # what was deleted is erased from the journal at the latest now
    live, anew = store_in(history.data), tmp_path / "anew.sqlite"
    journal = JournalReader(history.data / "journal.sqlite")
    assert len(history.snapshots) > 1
    for snapshots in ([], *[[one] for one in history.snapshots]):
        schemas, decode, apply, subjects, _ = follows()
        rebuild(anew, schemas, journal, decode=decode, apply=apply, subjects=subjects, snapshots=snapshots)
        assert differences(live, anew) == [], snapshots
        assert rows(live, CURSOR) == rows(anew, CURSOR)
        assert rows(live, KEYS) == rows(anew, KEYS)
        assert erased_alike(rows(live, PARKED), rows(anew, PARKED))
    journal.close()


def rows(path, sql):
    """Every row of a query."""
    store = SqliteStore(path)
    try:
        with store.reading() as look:
            return look.all(sql)
    finally:
        store.close()


def erased_alike(live, anew):
    """What is parked is the same; content that was erased in one may wait for it in the other (core._owed)."""
    blank = [row[:-1] if row[-1] == b"" else row for row in live]
    return blank == [new[:-1] if old[-1] == b"" else new for new, old in zip(anew, live, strict=True)]
