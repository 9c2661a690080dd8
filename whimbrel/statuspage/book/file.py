"""The book's file: one SQLite database, one writer's thread that commits for everybody at once, readers beside it.

Promises: what `write` returned is synced to disk; each piece of work is done whole or not at all, and one that fails
takes nobody else's with it; pieces are done in the order in which they were handed over. While the disk refuses,
`write` raises BookUnavailable and goes on by itself when the fault has gone. Readers never wait for the writer.

Design note. Group commit by a thread rather than a transaction for each report: a sync costs as much as a hundred
reports, and reports come in bursts when something is broken. The queue is bounded; a flood above it is turned away at
once with words, because a queue that nobody can wait out helps nobody, and the page must go on meanwhile.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import apsw

from whimbrel.engines.store.files import open_reader, open_writer
from whimbrel.engines.store.rows import FAULTS, Rows
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Corrupt, StoreUnavailable, Unavailable
from whimbrel.kernel.limits import (
    BOOK_BATCH_MAX,
    BOOK_READ_DEADLINE_SECONDS,
    BOOK_READER_CACHE_BYTES,
    BOOK_READERS,
    BOOK_RETRY_SECONDS,
    BOOK_WRITER_CACHE_BYTES,
    BOOK_WRITES_PENDING_MAX,
    STORE_CHECKPOINT_PAGES,
)
from whimbrel.kernel.sql import schema

T = TypeVar("T")

_OWN_SCHEMA = schema("whimbrel.statuspage.book")
_AWAY: Final = "The status page cannot write that down right now. Nothing was done; please try again in a moment."
_BUSY: Final = "More is being reported than the status page can take at once. Please try again in a moment."


class BookUnavailable(Unavailable):
    """The book's disk refuses, or more is waiting than it takes at once."""

    code = "book_unavailable"


class _Work(NamedTuple):
    do: Callable[[Writing], Any]
    future: "Future[Any]"


class Book:
    """Opens or makes the book at `path` with the rooms' schema scripts. Raises BookUnavailable or Corrupt."""

    def __init__(self, path: Path, schemas: Sequence[str]) -> None:
        self._path, self._schemas = path, (_OWN_SCHEMA, *schemas)
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._pending = 0
        self._counting = threading.Lock()
        self._closed = False
        self.failing = ""
        """Why nothing can be written; empty while it can."""
        self._db: apsw.Connection | None = self._first_opened()
        self._own = threading.local()
        self._readers = ThreadPoolExecutor(BOOK_READERS, thread_name_prefix="book-reader")
        # A daemon, so that a program which could not start ends; one that is to end well closes the book, and waits.
        self._thread = threading.Thread(target=self._run, name="book-writer", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many pieces of work wait for their commit."""
        return self._pending

    def submit(self, work: Callable[[Writing], T]) -> "Future[T]":
        """Have `work` done in the next transaction; from any thread. Raises BookUnavailable when too much waits."""
        future: Future[T] = Future()
        with self._counting:
            if self._closed or self._pending >= BOOK_WRITES_PENDING_MAX:
                raise BookUnavailable(_BUSY, log=f"{self._pending} writes wait")
            self._pending += 1
            self._queue.put(_Work(work, future))
        return future

    async def write(self, work: Callable[[Writing], T]) -> T:
        """Have `work` done and return what it returned, once it is on disk. Raises what it raised."""
        return await asyncio.wrap_future(self.submit(work))

    async def read(self, query: Callable[[Reading], T]) -> T:
        """Run `query` on one consistent look, in a thread of the book's. Raises StoreUnavailable."""
        try:
            # Not `wait_for`: it forgets that its task was cancelled when the answer comes in that very moment (Python
            # 3.11), and a page that was told to stop turned on for ever.
            async with asyncio.timeout(BOOK_READ_DEADLINE_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, query)
        except TimeoutError:
            raise StoreUnavailable("That takes too long right now.", log="a look at the book overran") from None

    @contextmanager
    def look(self) -> Iterator[Reading]:
        """One consistent look, in the caller's own thread. Raises StoreUnavailable."""
        db = _reader(self._path)
        try:
            yield _begun(db)
        finally:
            db.close(True)

    def close(self) -> None:
        """Commit what was handed over, then let go of the file."""
        with self._counting:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._readers.shutdown(wait=True)

    def _look(self, query: Callable[[Reading], T]) -> T:
        db: apsw.Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = _reader(self._path)
        try:
            return query(_begun(db))
        except StoreUnavailable:
            self._own.db = None
            db.close(True)  # opened again at the next look
            raise
        finally:
            if self._own.db is not None and db.in_transaction:
                db.execute("ROLLBACK")

    def _run(self) -> None:
        while batch := self._next_batch():
            # Whoever has gone before it began has nothing done; from here on nobody can, or the answer would find none
            # to take it: that once ended this thread, and with it all that was ever to be written.
            self._commit([work for work in batch if work.future.set_running_or_notify_cancel()])
            with self._counting:
                self._pending -= len(batch)
        if self._db is not None:
            self._db.close(True)

    def _next_batch(self) -> list[_Work]:
        """What waits, at least one; nothing at the end."""
        first = self._queue.get()
        batch = [] if first is None else [first]
        while batch and len(batch) < BOOK_BATCH_MAX and not self._queue.empty():
            work = self._queue.get()
            if work is None:
                self._queue.put(None)
                break
            batch.append(work)
        return batch

    def _commit(self, batch: Sequence[_Work]) -> None:
        try:
            results = self._in_one(batch)
        except (apsw.Error, Unavailable) as error:
            self._failed(batch, error)
            return
        self.failing = ""
        for work, (result, raised) in zip(batch, results, strict=True):
            if raised is None:
                work.future.set_result(result)
            else:
                work.future.set_exception(raised)

    def _in_one(self, batch: Sequence[_Work]) -> list[tuple[Any, BaseException | None]]:
        db = self._db = self._db or self._opened()
        db.execute("BEGIN IMMEDIATE")
        results = [_alone(db, work.do) for work in batch]
        db.execute("COMMIT")
        return results

    def _failed(self, batch: Sequence[_Work], error: Exception) -> None:
        self.failing = f"{type(error).__name__}: {error}"
        if self._db is not None:
            db, self._db = self._db, None
            db.close(True)  # what the file holds is known only after it was opened again
        for work in batch:
            work.future.set_exception(BookUnavailable(_AWAY, log=self.failing))
        threading.Event().wait(BOOK_RETRY_SECONDS)  # a disk that refuses is not asked again at once

    def _first_opened(self) -> apsw.Connection:
        try:
            return self._opened()
        except (apsw.CorruptError, apsw.NotADBError) as error:
            raise Corrupt("The status page's book is damaged.", log=f"{self._path}: {error}") from error
        except apsw.Error as error:
            raise BookUnavailable("The status page's book cannot be opened.", log=f"{self._path}: {error}") from error

    def _opened(self) -> apsw.Connection:
        db = open_writer(self._path, synchronous="FULL")
        _cache(db, BOOK_WRITER_CACHE_BYTES)
        db.pragma("wal_autocheckpoint", STORE_CHECKPOINT_PAGES)
        with db:
            for script in self._schemas:
                db.execute(script)
        return db


def _alone(db: apsw.Connection, work: Callable[[Writing], Any]) -> tuple[Any, BaseException | None]:
    """Do one piece in a savepoint: (what it returned, None), or (None, what it raised) with nothing of it left."""
    db.execute("SAVEPOINT alone")
    try:
        result = work(Rows(db, 0))
    except (*FAULTS, StoreUnavailable):
        raise  # the file's fault is everybody's
    except Exception as error:  # noqa: BLE001 - whatever a caller's work raises is the caller's
        db.execute("ROLLBACK TO alone")
        db.execute("RELEASE alone")
        return None, error
    db.execute("RELEASE alone")
    return result, None


def _reader(path: Path) -> apsw.Connection:
    db = open_reader(path)
    _cache(db, BOOK_READER_CACHE_BYTES)
    return db


def _cache(db: apsw.Connection, bytes_max: int) -> None:
    """Keep so much of the file in memory and no more: the store's sizes are for a server, this is a small program.

    Seen at 2,000 reports a minute: its caches grew by a third of a megabyte a minute, and would have to 48.
    """
    db.pragma("cache_size", -(bytes_max // 1024))


def _begun(db: apsw.Connection) -> Rows:
    try:
        db.execute("BEGIN")
    except FAULTS as error:
        raise StoreUnavailable("The status page cannot look that up right now.", log=str(error)) from error
    return Rows(db, 0)
