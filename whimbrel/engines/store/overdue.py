"""Whether the store that an unfinished migration keeps has become too old to be kept (rule 12).

Nobody applies to it, so it holds what was deleted since. What counts is the first record that it lacks: a store that
was brought up to date meanwhile holds nothing older than that.
"""

from pathlib import Path

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import number_of, numbers, store_at
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import MIGRATION_KEPT_DAYS_MAX
from whimbrel.kernel.switching import KEPT_KEY

_DAY_MS = 24 * 3_600_000


def overdue(data: Path, journal: JournalReader, serving: Path, now_ms: int) -> Path | None:
    """The store beside the one that serves, when it lacks a record older than MIGRATION_KEPT_DAYS_MAX; else None.

    Raises what reading the journal raises.
    """
    now = numbers(journal.find)
    if now.kept is None:
        return None
    other = store_at(data, now.kept if number_of(serving) == now.current else now.current)
    since_ms = _behind_since_ms(other, journal)
    return other if since_ms is not None and since_ms < now_ms - MIGRATION_KEPT_DAYS_MAX * _DAY_MS else None


def _behind_since_ms(store: Path, journal: JournalReader) -> int | None:
    """When the first record was appended that this store lacks, None when it lacks none; of a store that cannot say
    where it stands, when it began to be kept."""
    reader = SqliteStore(store)
    try:
        lacked = journal.read(after=reader.standing().sequence, limit=1)
    except StoreUnavailable:
        return journal.find([KEPT_KEY])[KEPT_KEY].time_ms
    finally:
        reader.close()
    return lacked[0].time_ms if lacked else None
