"""Whether the journal of a data directory was lost: there is what was made of it, and of itself nothing.

A journal that holds records is not judged here: a store that does not fit it is rebuilt from it (standing.py).
"""

from pathlib import Path

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import store_at, stores_in
from whimbrel.engines.store.snapshots import list_snapshots
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.errors import Corrupt, JournalUnavailable, StoreUnavailable


def refuse_lost_journal(data: Path, journal: Path) -> None:
    """Raise Corrupt when there is a store or a snapshot and no record of the journal they were made of.

    Somebody removed the journal or its log, or brought only a part of the directory here. A server that began another
    one would be empty, and would make its store empty too: the last copy of what people wrote.
    """
    stores = [_sequence_of(store_at(data, number)) for number in stores_in(data)]
    at = max([*stores, *[one.sequence for one in list_snapshots(data)]], default=0)
    if at > 0 and _records_in(journal) == 0:
        what = f"{journal} holds no record, and the store or a snapshot beside it is of record {at}"
        raise Corrupt("The journal is gone: bring it back, or restore a backup.", log=what)


def _sequence_of(store: Path) -> int:
    reads = SqliteStore(store)
    try:
        return reads.standing().sequence
    except (Corrupt, StoreUnavailable):  # whatever lies there, it says nothing of a journal
        return 0
    finally:
        reads.close()


def _records_in(journal: Path) -> int | None:
    """How many there were ever; None where that cannot be read, which whoever opens it finds out as well."""
    if not journal.exists() or journal.stat().st_size == 0:  # SQLite forgets the log of an empty file
        return 0
    reader = JournalReader(journal)
    try:
        return reader.head()[0]
    except (Corrupt, JournalUnavailable):
        return None
    finally:
        reader.close()
