"""What the journal forgets: the content of what was deleted (rule 12), and records that a snapshot covers (rule 13).

Both work in bounded pieces, because the one writer serves everybody and must not be busy for long.
"""

import json
from collections.abc import Sequence

import apsw

from whimbrel.engines.journal.record import Sealed, blanked
from whimbrel.kernel.limits import (
    JOURNAL_BLANK_RECORDS_MAX,
    JOURNAL_FREE_BYTES_KEPT,
    JOURNAL_SHRINK_PAGES_MAX,
    JOURNAL_TRIM_RECORDS_MAX,
)
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.journal")


def blank_records(db: apsw.Connection, ids: Sequence[int], types: Sequence[str]) -> int:
    """Empty payload and salt of the records of these types about `ids`, within the caller's transaction; how many.

    Payload hash and chain stay as they are, so the chain holds; without the salt nobody can guess a short text by it.
    """
    erased = 0
    for id_ in ids:
        bounds = {"id": id_, "types": json.dumps(types), "limit": JOURNAL_BLANK_RECORDS_MAX - erased}
        rows = [blanked(Sealed._make(row)) for row in db.execute(_SQL.with_content, bounds)]
        for row in rows:
            db.execute(_SQL.blank_record, {"sequence": row.sequence, "checksum": row.checksum})
        erased += len(rows)
    return erased


def trim_records(db: apsw.Connection, up_to: int) -> int:
    """Remove the oldest records up to a sequence, within the caller's transaction; returns how many."""
    last = db.execute(_SQL.last_trimmable, {"up_to": up_to, "limit": JOURNAL_TRIM_RECORDS_MAX}).fetchone()
    if last is None:
        return 0
    db.execute(_SQL.move_beginning, {"sequence": last[0], "chain": last[1]})
    db.execute(_SQL.forget_released, {"up_to": last[0]})
    db.execute(_SQL.forget_records, {"up_to": last[0]})
    return db.changes()


def give_back(db: apsw.Connection) -> int:
    """Return free pages above a few to the disk, within the caller's transaction; returns how many bytes."""
    page_bytes, pages, free = (int(db.pragma(name)) for name in ("page_size", "page_count", "freelist_count"))
    surplus = min(free - JOURNAL_FREE_BYTES_KEPT // page_bytes, JOURNAL_SHRINK_PAGES_MAX)
    if surplus <= 0:
        return 0
    db.execute(f"PRAGMA incremental_vacuum({surplus})").fetchall()
    return (pages - int(db.pragma("page_count"))) * page_bytes
