"""Reading a journal for a backup, beside its writer: in pages, each a transaction of its own, as of one moment.

Design note. The claims as of a record cannot be made again from records, and they can be millions, so they are read
page by page while people go on claiming and giving back. The counter-example to just that: a name given back between
two pages would be in neither, though it was held at the moment of the backup. One long transaction would be exact too,
and would keep the journal's log from starting over for minutes. But the journal remembers what was given back, and by
which record (`released`): so what a page lacks is found there afterwards, and what a page has too much of (claims of
later records) is told by its sequence. A property test holds this, with a writer at work between any two pages.

Nothing above `moment` is read, which the caller knows to be durable (rule 7).
"""

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import apsw

from whimbrel.engines.backup.packing import Segment
from whimbrel.engines.journal.files import close, open_for_reading
from whimbrel.engines.journal.keys import Held, Released, claim_checksum, claim_row, released_checksum
from whimbrel.engines.journal.record import GENESIS, Sealed, checksum_of
from whimbrel.kernel.contracts import Parameters, Row
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.limits import (
    BACKUP_PIECE_CLAIMS_MAX,
    BACKUP_SEGMENT_BYTES_MAX,
    BACKUP_SEGMENT_RECORDS_MAX,
    FOLLOW_READ_RECORDS_MAX,
)
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.backup")
_JOURNAL = Queries("whimbrel.engines.journal")
_CUT = BACKUP_PIECE_CLAIMS_MAX // 4


class At(NamedTuple):
    """Where one record stands: its event id, its time, the chain hash up to it."""

    event_id: int
    time_ms: int
    chain: bytes


class JournalSource:
    """The journal at `path` as of record `moment`, which must be durable. For one thread.

    Raises JournalUnavailable when it cannot be read (or was trimmed past what is asked for), Corrupt for a damaged row.
    """

    def __init__(
        self,
        path: Path,
        moment: int,
        *,
        between: Callable[[], None] | None = None,
        page_rows: int = FOLLOW_READ_RECORDS_MAX,
    ) -> None:
        """`between` is called between any two pages: for pauses, and for tests that let others write there."""
        self._path, self.moment = path, moment
        self._between, self._page_rows = between or _at_once, page_rows
        self._db: apsw.Connection = open_for_reading(path)
        if not self._rows(_SQL.is_complete):
            close(self._db)
            raise JournalUnavailable("The journal is of an older version: start the server once with this one.")

    def close(self) -> None:
        """Let go of the file."""
        close(self._db)

    def beginning(self) -> tuple[int, bytes]:
        """The last record that was trimmed, with its chain hash; (0, empty) when none was."""
        found = self._rows(_SQL.beginning)
        return (found[0][0], found[0][1]) if found else (0, GENESIS)

    def at(self, sequence: int) -> At | None:
        """Where a record stands; None when there is none of this sequence (any more)."""
        beginning, chain = self.beginning()
        if sequence == beginning:
            return At(0, 0, chain)
        found = self._rows(_SQL.time_of_record, {"sequence": sequence})
        return At._make(found[0]) if found else None

    def deletions(self, types: Collection[str], *, after: int, since_ms: int) -> int:
        """How many records take something away: those above `after`, and those at or after a moment."""
        bounds = {"up_to": self.moment, "time_ms": since_ms}
        first = self._rows(_SQL.first_since, bounds)[0][0]
        wanted = {"after": min(after, first), "up_to": self.moment, "types": json.dumps(list(types))}
        return int(self._rows(_SQL.count_deletions, wanted)[0][0])

    def segments(self, after: int, *, with_claims: bool) -> Iterator[Segment]:
        """The records above `after` in order, cut at round sequences so that the same records give the same object.

        Raises JournalUnavailable when the journal has been trimmed past `after`.
        """
        start = self.at(after)
        if start is None:
            raise JournalUnavailable("The journal was trimmed.", log=f"{self._path}: record {after} is gone")
        before = start.chain
        while after < self.moment:
            end = min(self.moment, after - after % BACKUP_SEGMENT_RECORDS_MAX + BACKUP_SEGMENT_RECORDS_MAX)
            records = self._records(after, end)
            up_to = records[-1].sequence
            claims = self._claims_made(after, up_to) if with_claims else []
            released = [_checked_release(row) for row in self._released(after, up_to)]
            yield Segment(after, before, [*records], claims, released)
            after, before = up_to, records[-1].chain

    def claims(self) -> Iterator[list[Row]]:
        """Every claim as of the moment, in pieces whose cuts depend on the keys alone; a key may come twice, alike.

        Raises JournalUnavailable at the end when the journal was trimmed meanwhile: then the pieces are worth nothing.
        """
        piece: list[Row] = []
        for row in self._claims_by_key():
            piece.append(row)
            if len(piece) >= BACKUP_PIECE_CLAIMS_MAX or crc32(row[0].encode()) % _CUT == 0:
                yield piece
                piece = []
        if piece:
            yield piece
        if late := self._given_back_since(0, self.moment):
            yield late
        if self.beginning()[0] > self.moment:
            raise JournalUnavailable("The journal was trimmed while it was read; try again.")

    def count_claims(self) -> int:
        """About how many claims there are."""
        return int(self._rows(_SQL.count_claims)[0][0])

    def _records(self, after: int, end: int) -> list[Sealed]:
        found: list[Sealed] = []
        size = 0
        while after < end and size < BACKUP_SEGMENT_BYTES_MAX:
            bounds = {"after": after, "up_to": end, "limit": self._page_rows}
            page = self._rows(_JOURNAL.records_between, bounds)
            for expected, row in enumerate(page, after + 1):
                if row[0] != expected:
                    raise JournalUnavailable("The journal was trimmed.", log=f"{self._path}: {expected} is gone")
                found.append(_checked_record(row))
                size += len(row[6])
            if not page:
                raise JournalUnavailable("The journal was trimmed.", log=f"{self._path}: nothing up to {end} is left")
            after = page[-1][0]
            self._between()
        return found

    def _claims_by_key(self) -> Iterator[Row]:
        after = ""
        while True:
            bounds = {"after": after, "limit": self._page_rows}
            page = self._rows(_SQL.claims_by_key, bounds)
            if not page:
                return
            after = page[-1][0]
            yield from (_checked_claim(row) for row in page if row[1] <= self.moment)
            self._between()

    def _claims_made(self, after: int, up_to: int) -> list[Row]:
        bounds = {"after": after, "up_to": up_to}
        held = self._rows(_SQL.claims_made, bounds)
        return [_checked_claim(row) for row in held] + self._given_back_since(after, up_to)

    def _given_back_since(self, after: int, up_to: int) -> list[Row]:
        bounds = {"moment": self.moment, "after": after, "up_to": up_to}
        rows = self._rows(_SQL.released_since, bounds)
        return [_as_claim(_checked_release(row)) for row in rows]

    def _released(self, after: int, up_to: int) -> list[Row]:
        bounds = {"after": after, "up_to": up_to}
        return self._rows(_SQL.released_between, bounds)

    def _rows(self, sql: str, bounds: Parameters | None = None) -> list[Row]:
        try:
            return self._db.execute(sql, bounds).fetchall()
        except UnicodeDecodeError as error:
            raise Corrupt("The journal is damaged.", log=f"{self._path}: {error}; see whimbrel verify") from error
        except apsw.Error as error:
            raise JournalUnavailable("The journal cannot be read.", log=f"{self._path}: {error}") from error


def _checked_record(row: Row) -> Sealed:
    sealed = Sealed._make(row)
    if checksum_of(sealed) != sealed.checksum:
        raise Corrupt("The journal is damaged.", log=f"record {sealed.sequence}: wrong checksum; see whimbrel verify")
    return sealed


def _checked_claim(row: Row) -> Row:
    key, *stamp, digest, expires_ms, checksum = row
    if claim_checksum(key, Held(Stamp(*stamp), digest, expires_ms)) != checksum:
        raise Corrupt("The journal is damaged.", log=f"claim {key}: wrong checksum; see whimbrel verify")
    return row


def _checked_release(row: Row) -> Row:
    released, key, *stamp, digest, expires_ms, checksum = row
    if released_checksum(Released(released, key, Held(Stamp(*stamp), digest, expires_ms))) != checksum:
        raise Corrupt("The journal is damaged.", log=f"claim {key}: wrong checksum; see whimbrel verify")
    return row


def _as_claim(row: Row) -> Row:
    _, key, *stamp, digest, expires_ms, _ = row
    return claim_row(key, Held(Stamp(*stamp), digest, expires_ms))


def _at_once() -> None:
    """Nobody is there to be disturbed."""
