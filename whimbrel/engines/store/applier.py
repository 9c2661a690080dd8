"""The thread that makes the store follow the journal, and keeps at it whatever happens to the store.

The core's loop hands it what was just committed; what it missed (a start, a burst, an outage) it reads from the
journal's file. A store that is locked or whose disk fails is tried again with a growing pause; one that is missing,
damaged, made by another version or of another history is rebuilt from the newest fitting snapshot and the journal,
beside the old one. Where that cannot be, it says so and goes on trying: somebody may bring a snapshot. Nothing here
ever stops the journal: the queue is bounded, and when it is full it is dropped, because the file has it all.

Batches are bounded in events and in time, so that readers see progress and the loop beside it gets its turn.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from whimbrel.engines.journal.head import HeadWriter
from whimbrel.engines.store.applying import Apply, Applying, Decode
from whimbrel.engines.store.files import reserve_in
from whimbrel.engines.store.migrations import Migration, migrate_in_place
from whimbrel.engines.store.parked import PLAIN_SUBJECTS, Subjects
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.rows import AWAY
from whimbrel.engines.store.snapshots import fitting
from whimbrel.engines.store.standing import Standing, check_against
from whimbrel.engines.store.writer import OtherSchema, StoreWriter, schema_hash_of
from whimbrel.kernel.errors import Corrupt, StoreUnavailable, WhimbrelError
from whimbrel.kernel.events import Record
from whimbrel.kernel.limits import (
    APPLY_BACK_OFF_SECONDS_MAX,
    APPLY_BACK_OFF_SECONDS_MIN,
    APPLY_EVENTS_MAX,
    APPLY_QUEUE_RECORDS_MAX,
    APPLY_SECONDS_MAX,
    STORE_CHECK_SECONDS,
)

_log = logging.getLogger(__name__)


class JournalFile(Protocol):
    """The journal as somebody reads it who does not write it."""

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` and not above `up_to`, oldest first."""
        ...

    def beginning(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest record that was trimmed; (0, empty) for none."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Follows(NamedTuple):
    """What the store is made of: tables, how a record is decoded, what an event means to the tables, which subjects
    it has, and what leads there from the tables of older releases."""

    schemas: Sequence[str]
    decode: Decode
    apply: Apply
    subjects: Subjects = PLAIN_SUBJECTS
    migrations: Sequence[Migration] = ()


class ApplierStatus(NamedTuple):
    """How the store follows. `doing` is a word for people: following, rebuilding, waiting."""

    cursor: int
    parked: int
    errors: int
    last_error: str
    doing: str


class Applier:
    """Follows the journal into the store at `path` from a thread of its own, between `start` and `stop`."""

    def __init__(
        self,
        path: Path,
        follows: Follows,
        journal: JournalFile,
        head: HeadWriter,
        *,
        on_moved: Callable[[], None],
        after_batch: Callable[[Sequence[Record]], None],
        has_room_for: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._path, self._follows, self._head = path, follows, head
        self._journal, self._reserve = journal, reserve_in(path.parent)
        self._on_moved, self._after_batch, self._has_room_for = on_moved, after_batch, has_room_for
        self._queue: deque[Record] = deque()
        self._to_erase: list[int] = []
        self._erased_types: Sequence[str] = ()
        self._news = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="applier", daemon=True)
        self._writer: StoreWriter | None = None
        self._applying: Applying | None = None
        self._cursor = self._parked = self._errors = 0
        self._last_error, self._doing, self._why = "", "starting", ""
        self._event_seconds = APPLY_SECONDS_MAX / APPLY_EVENTS_MAX
        self._erase_from = 0.0

    @property
    def status(self) -> ApplierStatus:
        """How it goes. From any thread."""
        return ApplierStatus(self._cursor, self._parked, self._errors, self._last_error, self._doing)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is being applied; returns when the store is closed."""
        with self._news:
            self._stopping = True
            self._news.notify()
        self._thread.join()

    def erase(self, ids: Sequence[int], types: Sequence[str]) -> None:
        """Have what was deleted about these subjects leave the store's log, and parked content of these types blanked.

        Done soon, in the applier's thread; the main file lets go of deleted rows by itself (`secure_delete`).
        """
        with self._news:
            self._to_erase.extend(ids)
            self._erased_types = types
            self._news.notify()

    def feed(self, records: Sequence[Record]) -> None:
        """Hand over records that have just become durable. Never waits for the store."""
        with self._news:
            if len(self._queue) + len(records) > APPLY_QUEUE_RECORDS_MAX:
                self._queue.clear()
            self._queue.extend(records)
            self._news.notify()

    def _run(self) -> None:
        pause_seconds = APPLY_BACK_OFF_SECONDS_MIN
        while not self._stopping:
            try:
                self._follow_for_a_while()
                pause_seconds = APPLY_BACK_OFF_SECONDS_MIN
            except _Stopped:
                break
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end the following for good
                self._failed(error)
                self._sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, APPLY_BACK_OFF_SECONDS_MAX)
        self._close_for_good()
        self._journal.close()

    def _follow_for_a_while(self) -> None:
        """Apply what there is, or wait for news. Raises what stands in the way."""
        if self._applying is None:
            self._open()
        self._erase()
        records = self._next_records()
        if records:
            self._apply(records)
            return
        self._doing = "following"
        if not self._wait():
            self._check()

    def _open(self) -> None:
        """Open the store, or make it anew when there is none that fits the journal."""
        if not self._path.exists():
            self._rebuild("there is no store")
        try:
            self._use(self._fitting_writer())
        except Corrupt as error:
            self._failed(error)
            if not (isinstance(error, OtherSchema) and self._migrate()):
                self._rebuild(str(error))
            self._use(self._fitting_writer())

    def _fitting_writer(self) -> StoreWriter:
        writer = StoreWriter(self._path, self._follows.schemas, reserve=self._reserve)
        try:
            check_against(self._past(), writer.standing())
        except BaseException:
            writer.close()
            raise
        return writer

    def _use(self, writer: StoreWriter) -> None:
        _, decode, apply, subjects, _ = self._follows
        self._writer, self._applying = writer, Applying(writer, decode, apply, subjects=subjects)
        if writer.standing().parked:
            # This version may know what an earlier one could not apply; what still raises stays parked.
            self._applying.replay_parked()
        self._moved(writer.standing())
        self._reserve.hold()
        self._why = ""
        self._after_batch(())

    def _migrate(self) -> bool:
        """Bring the store of an older release to this one's schema; False when only a rebuild can."""
        self._doing = "migrating"
        return migrate_in_place(self._path, self._follows.migrations, schema_hash_of(self._follows.schemas))

    def _rebuild(self, why: str) -> None:
        if self._head.head and why != self._why:
            is_new = self._head.head <= APPLY_EVENTS_MAX  # then there was no store yet, or it is there in an instant
            _log.log(
                logging.INFO if is_new else logging.WARNING,
                "the store is built from the journal",
                extra={"why": why, "head": self._head.head},
            )
        self._why = why
        self._close()
        self._check_room(why)
        schemas, decode, apply, subjects, _ = self._follows
        rebuild(
            self._path,
            schemas,
            self._past(),
            decode=decode,
            apply=apply,
            subjects=subjects,
            snapshots=fitting(self._path.parent, None, self._past()),
            migrations=self._follows.migrations,
            on_progress=self._rebuilding,
        )

    def _check_room(self, why: str) -> None:
        """Leave a store that is there as it is rather than fill the disk with another: readers may find much in it."""
        size = self._path.stat().st_size if self._path.is_file() else 0
        if size and not self._has_room_for(size):
            raise StoreUnavailable(AWAY, log=f"{why} No room to build it anew: that needs about {size} bytes")

    def _rebuilding(self, sequence: int, _head: int) -> None:
        self._cursor, self._doing = sequence, "rebuilding"
        if self._stopping:
            raise _Stopped

    def _past(self) -> "_Durable":
        return _Durable(self._journal, self._head.head)

    def _next_records(self) -> list[Record]:
        limit = max(1, min(APPLY_EVENTS_MAX, int(APPLY_SECONDS_MAX / self._event_seconds)))
        with self._news:
            while self._queue and self._queue[0].sequence <= self._cursor:
                self._queue.popleft()
            if self._queue and self._queue[0].sequence == self._cursor + 1:
                return [self._queue.popleft() for _ in range(min(limit, len(self._queue)))]
        if self._cursor >= self._head.head:
            return []
        return self._journal.read(after=self._cursor, limit=limit, up_to=self._head.head)

    def _apply(self, records: Sequence[Record]) -> None:
        assert self._applying is not None
        assert self._writer is not None
        started = time.perf_counter()
        self._applying.apply_batch(records)
        seconds = (time.perf_counter() - started) / len(records)
        self._event_seconds = max(seconds, 0.75 * self._event_seconds + 0.25 * seconds)
        self._moved(self._writer.standing())
        self._doing = "following"
        self._after_batch(records)

    def _erase(self) -> None:
        if not self._to_erase or self._applying is None or self._writer is None:
            return
        if time.monotonic() < self._erase_from and not self._stopping:
            return
        with self._news:
            ids, self._to_erase, types = self._to_erase, [], self._erased_types
        self._applying.blank_parked(ids, types)
        if not self._writer.empty_log():
            self._erase_from = time.monotonic() + STORE_CHECK_SECONDS
            with self._news:  # a reader holds the log, for long if it copies the store: again a moment later
                self._to_erase += ids

    def _moved(self, standing: Standing) -> None:
        self._cursor, self._parked = standing.sequence, standing.parked
        self._head.publish_store(standing.sequence, standing.time_ms)
        self._on_moved()

    def _wait(self) -> bool:
        """Wait for news; False when none came for a while."""
        with self._news:
            if self._queue or self._stopping:
                return True
            return self._news.wait(STORE_CHECK_SECONDS)

    def _check(self) -> None:
        """Notice a store that was taken away while nothing happened, and a disk that has room again."""
        self._reserve.hold()
        if self._writer is not None:
            self._writer.standing()

    def _failed(self, error: Exception) -> None:
        self._errors += 1
        text = str(error) if isinstance(error, WhimbrelError) else repr(error)
        if text != self._last_error or self._doing != "waiting":
            unforeseen = None if isinstance(error, WhimbrelError) else error
            _log.error("the store cannot follow: %s", text, exc_info=unforeseen, extra={"cursor": self._cursor})
        self._last_error, self._doing = text, "waiting"
        self._close()

    def _sleep(self, seconds: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._stopping, seconds)

    def _close_for_good(self) -> None:
        try:
            self._erase()
        except WhimbrelError as error:
            _log.warning("the store's log was not emptied", extra={"error": str(error)})
        self._close()

    def _close(self) -> None:
        writer, self._writer, self._applying = self._writer, None, None
        if writer is not None:
            writer.close()


class _Stopped(Exception):
    """The applier was told to stop in the middle of a rebuild."""


class _Durable:
    """The journal up to what is known to be durable: nothing above is to be read (rule 7)."""

    def __init__(self, journal: JournalFile, head: int) -> None:
        self._journal, self._head = journal, head

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        return self._journal.read(after=after, limit=limit, up_to=min(up_to or self._head, self._head))

    def head(self) -> tuple[int, bytes]:
        return self._head, b""

    def beginning(self) -> tuple[int, bytes]:
        return self._journal.beginning()
