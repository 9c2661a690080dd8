"""Is the journal what was written? Finds a flipped bit in any record or claim, a changed, missing or reordered past.

It reads only, page by page, so that it can run beside the writer. What it cannot know: records that a damaged
write-ahead log has lost at the very end; the store's cursor and the head that the core published tell those.
"""

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from whimbrel.engines.journal.files import APPLICATION_ID, FORMAT, close, open_for_reading
from whimbrel.engines.journal.keys import Held, Released, claim_checksum, released_checksum
from whimbrel.engines.journal.reader import read_beginning
from whimbrel.engines.journal.record import Sealed, chain_of, checksum_of, payload_fits
from whimbrel.kernel.contracts import Row
from whimbrel.kernel.errors import JournalUnavailable
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.ids import ID_MAX, time_of
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.journal")
_UNREADABLE = (struct.error, AttributeError, TypeError, ValueError, OverflowError)

Progress = Callable[[int, int], None]


class Finding(NamedTuple):
    """One thing that is wrong: where (a record's sequence, a claim's key, the file) and what."""

    where: str
    what: str


def verify_journal(path: Path, *, on_progress: Progress | None = None) -> list[Finding]:
    """Everything that is wrong with the journal at `path`, empty when nothing is.

    `on_progress` is told (sequence, head) after each page. Reads the whole file, about 10 us a record.
    """
    try:
        db = open_for_reading(Path(path))
    except (apsw.Error, JournalUnavailable) as error:
        return [Finding("file", str(error))]
    found: list[Finding] = []
    try:
        found.extend(_findings(db, on_progress or _nobody))
    except (apsw.Error, *_UNREADABLE) as error:
        found.append(Finding("file", f"{type(error).__name__}: {error}"))
    finally:
        close(db)
    return found


def _findings(db: apsw.Connection, on_progress: Progress) -> Iterator[Finding]:
    format_ = (db.pragma("application_id"), db.pragma("user_version"))
    if format_ != (APPLICATION_ID, FORMAT):
        yield Finding("file", f"not a journal of format {FORMAT}: {format_}")
    for (text,) in db.execute("PRAGMA integrity_check").fetchall():
        if text != "ok":
            yield Finding("file", str(text))
    yield from _wrong_records(db, on_progress)
    yield from _wrong_claims(db)
    yield from _wrong_releases(db)


def _wrong_records(db: apsw.Connection, on_progress: Progress) -> Iterator[Finding]:
    head = db.execute(_SQL.last_sequence).fetchone()
    up_to = head[0] if head is not None else 0
    if not isinstance(up_to, int):
        yield Finding("file", f"the last sequence is {up_to!r}")
        return
    past = _Past(db)
    while page := _page(db, past.sequence, up_to):
        if page[-1][0] <= past.sequence:  # a damaged tree can lead in circles
            yield Finding(f"record {past.sequence}", "the records after it are not in order")
            return
        for row in page:
            try:
                wrong = past.wrong_with(Sealed._make((*row[:3], row[3].decode(), *row[4:])))
            except _UNREADABLE as error:
                wrong = [f"unreadable: {error}"]
                past.sequence = row[0]
            yield from (Finding(f"record {row[0]}", what) for what in wrong)
        on_progress(past.sequence, up_to)
    if past.sequence != up_to:
        yield Finding(f"record {past.sequence}", f"the newest that is left, but {up_to} was written")


class _Past:
    """What the record before says about the next one."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self.sequence, self._chain = read_beginning(self._db)
        self._event_id = 0

    def wrong_with(self, row: Sealed) -> list[str]:
        """Everything that is wrong with the next record; the one after is judged by this one."""
        wrong = []
        if row.sequence != self.sequence + 1 and not self._was_trimmed_to(row.sequence):
            wrong.append(f"{row.sequence - self.sequence - 1} records are missing before it")
        if checksum_of(row) != row.checksum:
            wrong.append("the checksum does not fit")
        if chain_of(self._chain, row) != row.chain:
            wrong.append("the chain does not fit what came before")
        if not payload_fits(row):
            wrong.append("the payload is not the one that was written")
        if row.event_id <= self._event_id or row.time_ms != time_of(row.event_id):
            wrong.append("its id or time is out of order")
        self.sequence, self._event_id, self._chain = row.sequence, row.event_id, row.chain
        return wrong

    def _was_trimmed_to(self, sequence: int) -> bool:
        """Whether a trim beside us has moved the beginning; then its chain hash is what the record must follow."""
        beginning, chain = read_beginning(self._db)
        if beginning != sequence - 1:
            return False
        self._chain = chain
        return True


def _wrong_claims(db: apsw.Connection) -> Iterator[Finding]:
    after = b""
    while page := _claims(db, after):
        for name, *stamp, digest, expires_ms, checksum in page:
            try:
                key = name.decode()
                fits = claim_checksum(key, Held(Stamp(*stamp), digest, expires_ms)) == checksum
            except _UNREADABLE:
                key, fits = repr(name), False
            if not fits:
                yield Finding(f"claim {key}", "the checksum does not fit")
        last = page[-1][0]
        if not isinstance(last, bytes) or last <= after:  # a damaged tree can lead in circles
            yield Finding(f"claim {last!r}", "the claims are not in order")
            return
        after = last


def _wrong_releases(db: apsw.Connection) -> Iterator[Finding]:
    if db.execute(_SQL.is_up_to_date).fetchone() is None:
        return  # a journal that only an older version has written
    place: tuple[Any, Any] = (-ID_MAX - 1, b"")
    while page := _releases(db, place):
        for released, name, *stamp, digest, expires_ms, checksum in page:
            try:
                one = Released(released, name.decode(), Held(Stamp(*stamp), digest, expires_ms))
                fits = released_checksum(one) == checksum
            except _UNREADABLE:
                fits = False
            if not fits:
                yield Finding(f"claim released by record {released}", "the checksum does not fit")
        last = page[-1][:2]
        if not isinstance(last[0], int) or not isinstance(last[1], bytes) or last <= place:
            yield Finding(f"claim released by record {last[0]!r}", "the released claims are not in order")
            return
        place = last


def _releases(db: apsw.Connection, place: tuple[Any, Any]) -> list[Row]:
    bounds = {"after": place[0], "key": place[1], "limit": FOLLOW_READ_RECORDS_MAX}
    return db.execute(_SQL.released_to_verify, bounds).fetchall()


def _page(db: apsw.Connection, after: int, up_to: int) -> list[Row]:
    bounds = {"after": after, "up_to": up_to, "limit": FOLLOW_READ_RECORDS_MAX}
    try:
        return db.execute(_SQL.records_to_verify, bounds).fetchall()
    except UnicodeDecodeError:
        return [_one(db, row[0]) for row in db.execute(_SQL.sequences_to_verify, bounds).fetchall()]


def _one(db: apsw.Connection, sequence: Any) -> Row:
    """One record of a page that could not be read at once; of the one that is at fault only its sequence."""
    try:
        rows = db.execute(_SQL.records_to_verify, {"after": sequence - 1, "up_to": sequence, "limit": 1}).fetchall()
    except UnicodeDecodeError:
        rows = []
    return rows[0] if rows else (sequence, None, None, b"")


def _claims(db: apsw.Connection, after: bytes) -> list[Row]:
    return db.execute(_SQL.claims_to_verify, {"after": after, "limit": FOLLOW_READ_RECORDS_MAX}).fetchall()


def _nobody(_sequence: int, _head: int) -> None:
    """Progress that nobody asked for."""
