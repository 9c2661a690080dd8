"""Records and claims as objects: each is a small SQLite database that has the journal's own tables.

Promises: the same rows give the same bytes, as long as SQLite is of one version, so what lies at a place already is not
sent again.

Design note. A restore waits for this more than for anything else. Rows that are bound to a statement one after another
cost about 4 us each and hold the interpreter's lock meanwhile, whatever they were encoded in (this was MessagePack).
Between two databases SQLite copies them without looking into them, for 0.6 us and without that lock, so the chain is
checked meanwhile. Considered besides: the pages of the journal's own file, faster still, but no restore to any moment,
and content that was deleted could not be left out of the next backup (docs/decisions/0013, 0016). What it costs: a page
for each table, 24 KiB an object, and 1 us a row more when a backup is made. There are no indexes: sorting once, at the
end of a restore, is cheaper than reading them from the place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import apsw

from whimbrel.kernel.contracts import Row
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.sql import Queries, schema

_SQL = Queries("whimbrel.engines.backup")
_JOURNAL = Queries("whimbrel.engines.journal")
_PAGE_BYTES: Final = 4_096


class Segment(NamedTuple):
    """Records in order, behind the chain hash `before`; claims made by them that were held when the backup was made
    (empty in an image, which has all claims), and claims that they released. All are rows of the journal's tables."""

    after: int
    before: bytes
    records: list[Row]
    claims: list[Row]
    released: list[Row]


def packed(rows: Segment | list[Row]) -> bytes:
    """A segment, or a piece of all claims, as its object."""
    segment = rows if isinstance(rows, Segment) else Segment(0, b"", [], rows, [])
    db = apsw.Connection(":memory:")
    try:
        db.pragma("page_size", _PAGE_BYTES)
        db.execute(TABLES)
        with db:
            if segment.after:
                db.execute(_SQL.begin_at, {"sequence": segment.after, "chain": segment.before})
            db.executemany(_JOURNAL.insert_record, segment.records)
            db.executemany(_JOURNAL.put_claim, segment.claims)
            db.executemany(_SQL.keep_released, segment.released)
        return db.serialize("main")
    finally:
        db.close()


@contextmanager
def unpacked(content: memoryview, what: str) -> Iterator[apsw.Connection]:
    """An object, to be asked; it is gone when the block ends. Raises Corrupt, naming `what`, also from the block."""
    db = apsw.Connection(":memory:")
    try:
        with reading(what):
            db.deserialize("main", content)
            yield db
    finally:
        db.close()


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Raise Corrupt, naming `what`, when what was unpacked cannot be read. What the disk refuses stays what it is."""
    try:
        yield
    except (apsw.FullError, apsw.IOError, apsw.CantOpenError):
        raise
    except (apsw.Error, UnicodeDecodeError) as error:
        raise Corrupt("The backup is damaged.", log=f"{what}: {error}") from error


def _made_by(sql: str) -> str:
    db = apsw.Connection(":memory:")
    try:
        db.execute(schema("whimbrel.engines.journal"))
        return ";".join(statement for (statement,) in db.execute(sql))
    finally:
        db.close()


TABLES: Final = _made_by(_SQL.tables_alone)
"""Makes an empty journal without indexes: SQLite copies rows as they lie only between tables that are alike."""
INDEXES_OF_CLAIMS: Final = _made_by(_SQL.indexes_of_claims)
"""Makes those of its indexes that have nothing to do with records."""
