"""Where a store stands in the journal, and whether that place exists there (rule 5)."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import apsw

from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Record
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store")


class Standing(NamedTuple):
    """The newest record that the store has taken in (time in milliseconds since 1970), and what it has parked."""

    sequence: int
    chain: bytes
    time_ms: int
    schema_hash: bytes
    parked: int


class Past(Protocol):
    """What must be known of a journal to check a cursor against it: a Journal or a JournalReader."""

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records in order; see kernel.contracts.Journal."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest record."""
        ...

    def beginning(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest record that was trimmed; (0, empty) for none."""
        ...


def standing_of(rows: Reading) -> Standing:
    """Read it. Raises Corrupt when the file holds no cursor."""
    row = rows.one(_SQL.standing)
    if row is None:
        raise Corrupt("The store is damaged.", log="the store has no cursor")
    return Standing._make(row)


def cursor_row(db: apsw.Connection, sql: str, file: Path) -> tuple[Any, ...]:
    """What `sql` says of the cursor of a store that nobody serves; `db` is closed.

    Raises Corrupt for what is no store or holds no cursor, StoreUnavailable when it is unreadable.
    """
    try:
        row = db.execute(sql).fetchone()
    except apsw.SQLError as error:
        raise Corrupt("This is not a store.", log=f"{file}: {error}") from error
    except FAULTS as error:
        raise away(error) from error
    finally:
        db.close(True)
    if row is None:
        raise Corrupt("The store is damaged.", log=f"{file} has no cursor")
    return tuple(row)


def check_against(journal: Past, standing: Standing) -> None:
    """Raise Corrupt unless the journal still has the record at which the store stands: then it must be rebuilt.

    A store that stands before everything (sequence 0) fits a journal that was never trimmed. One that stands at the
    last record that was trimmed is compared with what the trim has noted.
    """
    sequence = standing.sequence
    head, _ = journal.head()
    if sequence > head:
        raise Corrupt("The store is ahead of the journal.", log=f"store at {sequence}, journal at {head}")
    nearest = journal.read(after=max(0, sequence - 1), limit=1)
    if not nearest:
        return  # both are empty
    found = nearest[0]
    if found.sequence > sequence + 1:
        raise Corrupt("The journal was trimmed past the store.", log=f"store at {sequence}, next is {found.sequence}")
    there, chain = (found.sequence, found.chain) if found.sequence == sequence else journal.beginning()
    if there == sequence and chain != standing.chain:
        raise Corrupt("The store followed another journal.", log=f"the hash of record {sequence} differs")
