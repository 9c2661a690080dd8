"""How far the journal may be trimmed (rule 13), worked out from what would be needed to build anything again.

Behind the newest verified snapshot, never past the cursor of any store that lies here (an unfinished migration has
two, and the record that says how to go back), and what is younger than `journal_days` is kept besides, for restores to
a moment and for `whimbrel verify`; on a disk that is nearly full that last wish counts no more. Nothing else needs an
old record: parked events lie in the store, claims in a table of their own, API processes begin at the store's cursor,
and what deletions still owe is found by their claims (core._owed).
"""

from pathlib import Path
from typing import Final

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import needed_from, store_at, stores_in
from whimbrel.engines.store.snapshots import Snapshot
from whimbrel.engines.store.sqlite import SqliteStore

DAY_MS: Final = 24 * 3_600_000


def trimmable(data: Path, journal: JournalReader, newest: Snapshot, kept_since_ms: int | None) -> int:
    """Up to which record the journal may be trimmed; 0 for nothing.

    `newest` is the newest verified snapshot that fits; of `kept_since_ms` on (milliseconds since 1970; None: of no
    time) records are kept. Raises StoreUnavailable when a store here cannot say where it stands: then nothing may go.
    """
    limit = min([newest.sequence, *[cursor_of(store_at(data, number)) for number in stores_in(data)]])
    if (needed := needed_from(journal.find)) is not None:
        limit = max(0, min(limit, needed - 1))
    return limit if kept_since_ms is None else last_before(journal, kept_since_ms, limit)


def cursor_of(path: Path) -> int:
    """Where the store there stands. Raises StoreUnavailable."""
    store = SqliteStore(path)
    try:
        return store.standing().sequence
    finally:
        store.close()


def last_before(journal: JournalReader, time_ms: int, limit: int) -> int:
    """The newest record from before a moment, at most `limit`; 0 when the journal holds none. Times only grow."""
    lowest, _ = journal.beginning()
    low, high = lowest, limit
    while low < high:
        middle = (low + high + 1) // 2
        found = journal.read(after=middle - 1, limit=1)
        if found and found[0].sequence == middle and found[0].time_ms < time_ms:
            low = middle
        else:
            high = middle - 1
    return low if low > lowest else 0
