"""Making a journal's file again from a backup's segments and claims, up to any record.

Promises: the records are those that were backed up, byte for byte, each checked against the chain before it is written
(its payload was checked by its checksum when it was backed up, and by its object's since); the claims are those that
were held as of the last record that is restored. Raises Corrupt, which names the record. The file is of use once
`finish` has returned: until then it is written without any safety, because a restore that is interrupted begins anew.

Design note on the claims. A piece of claims is as of the backup, which may be later than what is wanted; a segment
says what its records have made and given back. A claim was held at record n if it was made at or before n and not
given back at or before n, and each of the three sources says that for itself: claims of later records are left out;
what was given back later is put in again; what was given back before is taken out, if it is still that very claim.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw

from whimbrel.engines.backup.documents import Segment
from whimbrel.engines.journal.files import APPLICATION_ID, FORMAT, close
from whimbrel.engines.journal.keys import Held, claim_row
from whimbrel.engines.journal.record import Sealed, chain_of
from whimbrel.engines.journal.upkeep import blank_records
from whimbrel.kernel.contracts import Row
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.ids import time_of
from whimbrel.kernel.limits import RESTORE_CACHE_BYTES
from whimbrel.kernel.sql import Queries, schema

_SQL = Queries("whimbrel.engines.backup")
_JOURNAL = Queries("whimbrel.engines.journal")
_SCHEMA = schema("whimbrel.engines.journal")
_INCREMENTAL = 2
_INDEXES = ("records_by_id", "claims_expiring", "claims_in_order")


class JournalBuilder:
    """A new journal at `path`, which must not exist, up to record `last` at most."""

    def __init__(self, path: Path, last: int) -> None:
        self._path, self._last = path, last
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self._db = apsw.Connection(str(path))
        self._db.pragma("auto_vacuum", _INCREMENTAL)
        self._db.pragma("secure_delete", True)
        self._db.pragma("journal_mode", "OFF")
        self._db.pragma("synchronous", "OFF")
        self._db.pragma("locking_mode", "EXCLUSIVE")
        self._db.pragma("cache_size", -(RESTORE_CACHE_BYTES // 1024))
        self._db.execute(_SCHEMA)
        for index in _INDEXES:  # made at the end: sorted once instead of kept in order
            self._db.execute(f"DROP INDEX {index}")
        self._db.pragma("application_id", APPLICATION_ID)
        self._db.pragma("user_version", FORMAT)
        self.sequence, self.chain = -1, b""
        self.beginning = self.erased = 0
        self._event_id = 0

    def take_claims(self, rows: Iterable[Row]) -> None:
        """Claims as of a backup; before its segments."""
        with self._db:
            self._db.executemany(_JOURNAL.put_claim, [row for row in rows if row[1] <= self._last])

    def take(self, segment: Segment) -> None:
        """The next records; those that are there already are passed over. Raises Corrupt unless the others follow."""
        if self.sequence < 0:
            self._begin(segment)
        rows = [Sealed._make(one) for one in segment.records if self.sequence < one[0] <= self._last]
        self._check(rows)
        with self._db:
            self._db.executemany(_JOURNAL.insert_record, rows)
            self._give_back(segment.released)
            self._db.executemany(_JOURNAL.put_claim, [row for row in segment.claims if row[1] <= self._last])

    def erase(self, prefixes: Sequence[str], types: Sequence[str]) -> None:
        """Blank what records of these types hold about the subjects of the claims whose keys begin so."""
        with self._db:
            self._make_indexes()
        for prefix in prefixes:
            with self._db:
                ids = [id_ for (id_,) in self._db.execute(_SQL.subjects, {"prefix": prefix})]
                while ids and (more := blank_records(self._db, ids, types)):
                    self.erased += more

    def finish(self) -> None:
        """Have the file on the disk, as a writer expects to find it."""
        with self._db:
            self._make_indexes()
        self._db.pragma("locking_mode", "NORMAL")
        self._db.pragma("journal_mode", "WAL")
        self.close()
        file = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        close(self._db)

    def _begin(self, segment: Segment) -> None:
        self.sequence, self.chain, self.beginning = segment.after, segment.before, segment.after
        if segment.after:
            self._db.execute(_SQL.begin_at, {"sequence": segment.after, "chain": segment.before})

    def _check(self, rows: Sequence[Sealed]) -> None:
        """Raise Corrupt unless these records follow on what is there. One loop: it is what a restore waits for."""
        sequence, chain, event_id = self.sequence, self.chain, self._event_id
        for row in rows:
            if row.sequence != sequence + 1 or chain_of(chain, row) != row.chain:
                raise Corrupt("The backup is damaged.", log=f"record {row.sequence} does not follow record {sequence}")
            if row.event_id <= event_id or row.time_ms != time_of(row.event_id):
                raise Corrupt("The backup is damaged.", log=f"record {row.sequence}: its id or time is out of order")
            sequence, chain, event_id = row.sequence, row.chain, row.event_id
        self.sequence, self.chain, self._event_id = sequence, chain, event_id

    def _give_back(self, released: Iterable[Row]) -> None:
        for row in released:
            by, key, *stamp, digest, expires_ms, _ = row
            if by <= self._last:
                self._db.execute(_SQL.give_back, {"key": key, "sequence": stamp[0]})
                self._db.execute(_SQL.keep_released, row)
            elif stamp[0] <= self._last:
                self._db.execute(_JOURNAL.put_claim, claim_row(key, Held(Stamp(*stamp), digest, expires_ms)))

    def _make_indexes(self) -> None:
        self._db.execute(_SCHEMA)
