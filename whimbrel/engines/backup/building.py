"""Making a journal's file again from a backup's segments and claims, up to any record.

Promises: the records are those that were backed up, byte for byte, each checked against the chain (its payload was
checked by its checksum when it was backed up, and by its object's since); the claims are those that were held as of the
last record that is restored. Raises Corrupt, which names the record. The file is of use once `finish` has returned:
until then it is written without any safety, because a restore that is interrupted begins anew.

Design note on speed. Rows go from one database into the other within SQLite (packing.py), on a thread of their own,
which needs no lock of the interpreter; the thread that brings the objects checks the chain meanwhile. So what is wrong
may be found after it was written, but before `finish`. The claims and their indexes come first, because nothing need be
checked for them: when the last record is checked only the index of the records is left to make, and the file is synced
meanwhile. The cache is small: what is written is not looked at again, and SQLite sorts an index in pieces of the size
of the cache, which is twice as fast when they fit into the processor's own. Tried without effect: syncing all along,
claims between the records, other intervals for the interpreter's lock. It is work for the processor: of two cores both
are busy.

Design note on the claims. A piece of claims is as of the backup, which may be later than what is wanted; a segment
says what its records have made and given back. A claim was held at record n if it was made at or before n and not
given back at or before n, and each of the three sources says that for itself: claims of later records are left out;
what was given back later is put in again; what was given back before is taken out, if it is still that very claim.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import apsw

from whimbrel.engines.backup.packing import INDEXES_OF_CLAIMS, TABLES, reading, unpacked
from whimbrel.engines.journal.files import APPLICATION_ID, FORMAT, close
from whimbrel.engines.journal.keys import Held, claim_row
from whimbrel.engines.journal.record import GENESIS, Tip, followed
from whimbrel.engines.journal.upkeep import blank_records
from whimbrel.engines.syncing import sync
from whimbrel.kernel.contracts import Row
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.limits import RESTORE_CACHE_BYTES, RESTORE_PIECES_WAITING_MAX
from whimbrel.kernel.sql import Queries, schema

_SQL = Queries("whimbrel.engines.backup")
_JOURNAL = Queries("whimbrel.engines.journal")
_SCHEMA = schema("whimbrel.engines.journal")
_INCREMENTAL = 2


class JournalBuilder:
    """A new journal at `path`, which must not exist, up to record `last` at most. For one thread, beside its own."""

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
        self._db.execute(TABLES)
        self._db.pragma("application_id", APPLICATION_ID)
        self._db.pragma("user_version", FORMAT)
        self._db.execute("ATTACH ':memory:' AS piece")
        self._writer = ThreadPoolExecutor(1, "journal")
        self._waiting: deque[Future[None]] = deque()
        self._tip: Tip | None = None
        self.beginning = self.erased = 0

    @property
    def tip(self) -> Tip:
        """The last record that was taken; of sequence -1 when there was none."""
        return self._tip or Tip(-1, 0, GENESIS)

    def take_claims(self, content: memoryview, what: str) -> None:
        """A piece of the claims as of a backup; before its segments."""
        self._hand_over(self._put_claims, content, what)

    def take(self, content: memoryview, what: str) -> None:
        """The next records; those that are there already are passed over. Raises Corrupt unless the others follow."""
        with unpacked(content, what) as segment:
            if self._tip is None:
                self._tip = self._begin(segment.execute(_SQL.beginning).fetchone())
            after = self._tip.sequence
            try:
                self._tip = followed(self._tip, segment.execute(_SQL.facts, {"after": after, "last": self._last}))
            except Corrupt as error:
                raise Corrupt("The backup is damaged.", log=f"{what}: {error}") from error
        self._hand_over(self._put, content, what, after)

    def erase(self, prefixes: Sequence[str], types: Sequence[str]) -> None:
        """Blank what records of these types hold about the subjects of the claims whose keys begin so."""
        self._index_records()
        for prefix in prefixes:
            with self._db:
                ids = [id_ for (id_,) in self._db.execute(_SQL.subjects, {"prefix": prefix})]
                while ids and (more := blank_records(self._db, ids, types)):
                    self.erased += more

    def finish(self) -> None:
        """Have the file on the disk, as a writer expects to find it."""
        self._index_records()
        self._db.execute("DETACH piece")
        self._db.pragma("locking_mode", "NORMAL")
        self._db.pragma("journal_mode", "WAL")
        self.close()
        sync(self._path)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._writer.shutdown(cancel_futures=True)
        close(self._db)

    def _begin(self, beginning: Row | None) -> Tip:
        self.beginning, chain = beginning or (0, GENESIS)
        self._hand_over(self._begin_at, self.beginning, chain)
        return Tip(self.beginning, 0, chain)

    def _hand_over(self, work: Callable[..., None], *about: object) -> None:
        """Have the other thread do this; waits when it has much to do, raises what it met earlier."""
        self._waiting.append(self._writer.submit(work, *about))
        while len(self._waiting) > RESTORE_PIECES_WAITING_MAX:
            self._waiting.popleft().result()

    def _index_records(self) -> None:
        """Make what indexes are missing, and meanwhile have the records on the disk."""
        self._hand_over(self._make_indexes)
        sync(self._path)
        while self._waiting:
            self._waiting.popleft().result()

    def _make_indexes(self) -> None:
        with self._db:
            self._db.execute(_SCHEMA)

    def _begin_at(self, sequence: int, chain: bytes) -> None:
        """The claims of the image are all there: their indexes are made while records are checked."""
        with self._db:
            if sequence:
                self._db.execute(_SQL.begin_at, {"sequence": sequence, "chain": chain})
            self._db.execute(INDEXES_OF_CLAIMS)

    def _put_claims(self, content: memoryview, what: str) -> None:
        with reading(what):
            self._db.deserialize("piece", content)
            with self._db:
                self._db.execute(_SQL.take_claims, {"last": self._last})

    def _put(self, content: memoryview, what: str, after: int) -> None:
        last = {"last": self._last}
        with reading(what):
            self._db.deserialize("piece", content)
            with self._db:
                self._put_records({"after": after, "last": self._last})
                self._db.execute(_SQL.give_back, last)
                self._db.execute(_SQL.take_released, last)
                later: list[Row] = self._db.execute(_SQL.given_back_later, last).fetchall()
                for key, *stamp, digest, expires_ms in later:
                    self._db.execute(_JOURNAL.put_claim, claim_row(key, Held(Stamp(*stamp), digest, expires_ms)))
                self._db.execute(_SQL.take_claims, last)

    def _put_records(self, bounds: dict[str, int]) -> None:
        ((whole,),) = self._db.execute(_SQL.is_taken_whole, bounds)
        if whole:
            self._db.execute(_SQL.take_records)
        else:
            self._db.execute(_SQL.take_some_records, bounds)
