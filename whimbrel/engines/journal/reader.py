"""Reading the journal: one page of records, the head, keys; and a reader for other threads and processes.

A `JournalReader` sees what is committed, which after a crash may be more than what is durable: the caller must not
read above the head that the writer has published (rule 7), unless nobody writes. It never blocks the writer for longer
than one page.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import apsw

from whimbrel.engines.journal.files import close, open_for_reading
from whimbrel.engines.journal.keys import Claims, are_keys
from whimbrel.engines.journal.record import GENESIS, Tip, opened
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.events import Record, Stamp
from whimbrel.kernel.ids import ID_MAX
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.journal")
T = TypeVar("T")


class JournalReader:
    """A read-only look at a journal that somebody else may be writing. For one thread."""

    def __init__(self, path: Path, *, clock: Clock = wall_clock_ms) -> None:
        self._path, self._clock = path, clock
        self._db: apsw.Connection | None = None

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` (and not above `up_to`), oldest first. See kernel.contracts.Journal."""
        return self._look(lambda db: read_records(db, after=after, limit=limit, up_to=up_to))

    def head(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest committed record; (0, empty) for an empty journal."""
        return self._look(read_head)

    def beginning(self) -> tuple[int, bytes]:
        """The newest record that a trim has removed, and its chain hash; (0, empty) when nothing was ever trimmed."""
        return self._look(read_beginning)

    def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """For each of `keys` that is held: the stamp of the event that claimed it."""
        return self._look(lambda db: find_stamps(db, keys, self._clock()))

    def unerased(self, prefix: str, *, types: Sequence[str]) -> list[tuple[int, int]]:
        """Subjects, and when they were claimed, of the keys that begin so and still have content of these types."""
        bounds = {"prefix": prefix, "types": json.dumps(types)}
        return self._look(lambda db: list(db.execute(_SQL.unerased, bounds)))

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        if self._db is not None:
            close(self._db)
            self._db = None

    def _look(self, query: Callable[[apsw.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = open_for_reading(self._path)
            return query(self._db)
        except apsw.Error as error:
            self.close()
            raise JournalUnavailable("The journal cannot be read.", log=f"{self._path}: {error}") from error


def read_records(db: apsw.Connection, *, after: int, limit: int, up_to: int | None) -> list[Record]:
    """One page of records, each checked against its checksum. Raises Corrupt, naming the sequence."""
    limit = min(limit, FOLLOW_READ_RECORDS_MAX)
    bounds = {"after": after, "up_to": ID_MAX if up_to is None else up_to, "limit": limit}
    try:
        return [opened(row) for row in db.execute(_SQL.records_between, bounds)]
    except UnicodeDecodeError as error:
        raise Corrupt("The journal is damaged.", log=f"a record after {after} is not text: {error}") from error


def read_all(db: apsw.Connection, *, after: int, up_to: int) -> list[Record]:
    """Every record in between, however many pages that takes: what a recovery has found."""
    found: list[Record] = []
    while after < up_to and (page := read_records(db, after=after, limit=FOLLOW_READ_RECORDS_MAX, up_to=up_to)):
        found += page
        after = page[-1].sequence
    return found


def read_tip(db: apsw.Connection) -> Tip:
    """The newest record's place. Raises Corrupt unless it is whole, and the newest that there ever was."""
    try:
        row = db.execute(_SQL.tip).fetchone()
    except UnicodeDecodeError as error:
        raise Corrupt("The journal is damaged.", log=f"{db.filename}: the newest record: {error}") from error
    last = db.execute(_SQL.last_sequence).fetchone()
    given = last[0] if last is not None else 0
    found = opened(row) if row is not None else None
    if (found.sequence if found else 0) != given:
        raise Corrupt("The journal has lost records.", log=f"{db.filename}: {given} was given, the newest is {found}")
    return Tip(found.sequence, found.event_id, found.chain) if found else Tip(0, 0, GENESIS)


def read_head(db: apsw.Connection) -> tuple[int, bytes]:
    """Sequence and chain hash of the newest record; (0, empty) when there is none."""
    row = db.execute(_SQL.head).fetchone()
    return (row[0], row[1]) if row is not None else (0, b"")


def read_beginning(db: apsw.Connection) -> tuple[int, bytes]:
    """Where the journal begins: the last record that was trimmed and its chain hash; (0, empty) for none."""
    row = db.execute(_SQL.beginning).fetchone()
    return (row[0], row[1]) if row is not None else (0, GENESIS)


def find_stamps(db: apsw.Connection, keys: Sequence[str], now_ms: int) -> dict[str, Stamp]:
    """The stamps of the keys that are held at `now_ms`."""
    found = Claims(db).held([key for key in keys if are_keys((key,))], now_ms)
    return {key: held.stamp for key, held in found.items() if held is not None}
