"""The journal in one SQLite file: the only place where anything becomes true. See docs/mechanisms/journal.md.

Promises: what `append` returned is on disk; ids, times and sequences only grow, over restarts, blanking and trimming
too; a group is appended whole or not at all; after an I/O error it resumes by itself when the fault has gone. It does
not know what events mean, and it feeds nobody: the core does (engines/journal/server.py). For one thread.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import apsw

from whimbrel.engines.journal.batch import Batch, unsound
from whimbrel.engines.journal.files import (
    Lock,
    close,
    grow_as_usual,
    leave_log,
    open_for_writing,
    reserve_beside,
    take_room,
    take_room_for_log,
)
from whimbrel.engines.journal.keys import Claims, keys_of
from whimbrel.engines.journal.reader import JournalReader, find_stamps, read_all, read_beginning, read_records, read_tip
from whimbrel.engines.journal.record import GENESIS, Tip
from whimbrel.engines.journal.upkeep import blank_records, give_back, trim_records
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.events import DISK_FULL, DISK_FULL_WORDS, JOURNAL_OPENED, Draft, Group, Outcome, Record, Stamp
from whimbrel.kernel.ids import time_of
from whimbrel.kernel.limits import (
    CLAIMS_SWEEP_INTERVAL_MS,
    JOURNAL_BUSY_MS,
)
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.journal")
_BARRIER = Group((Draft(JOURNAL_OPENED, 0, b""),))


class SqliteJournal:
    """The writer. Takes the lock `journal.lock` beside the file; the constructor returns behind a synced barrier.

    `essential` names the event types that are still let in, from the reserve, when the disk is full. `synchronous`,
    `vfs` and `free_bytes` are for tests. Raises JournalUnavailable (held by another process, or the disk refuses) or
    Corrupt.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        node: int = 0,
        essential: Collection[str] = (),
        synchronous: str = "FULL",
        vfs: str | None = None,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._path, self._clock, self._node = Path(path), clock, node
        self._essential = frozenset(essential)
        self._synchronous, self._vfs = synchronous, vfs
        self._db: apsw.Connection | None = None
        self._tip = Tip(0, 0, GENESIS)
        self._unannounced: list[Record] = []
        self._swept_ms = 0
        self._erasing = False
        self._lock = Lock(self._path.with_suffix(".lock"))
        self._reserve = reserve_beside(self._path, free_bytes)
        try:
            self._disk_full = self._erasing = not self._reserve.hold()
            self._open()
        except BaseException:
            self._lock.release()
            raise
        self._unannounced = []

    @staticmethod
    def reader(path: Path, *, clock: Clock = wall_clock_ms) -> JournalReader:
        """A read-only look at the journal for another thread or process."""
        return JournalReader(path, clock=clock)

    def append(self, groups: Sequence[Group]) -> tuple[list[Outcome], list[Record]]:
        """Append all groups in one transaction and return when it is synced. See kernel.contracts.Journal.

        After a recovery the records also hold, first, what the recovery found and its barrier, so that whoever feeds
        followers from here feeds them everything. A group over its limits, or kept out by a full disk, is `Refused`
        with a key that begins with an exclamation mark (kernel.events).
        """
        try:
            return self._append(groups)
        except _NoRoom:
            # It was opened again, which made room: what is essential goes in, and the rest hears why it does not.
            return self._append(groups)

    def _append(self, groups: Sequence[Group]) -> tuple[list[Outcome], list[Record]]:
        db = self._opened()
        self.regain()
        committing = False
        try:
            db.execute("BEGIN IMMEDIATE")
            batch = self._compose(db, groups)
            self._write(db, batch)
            committing = True
            db.execute("COMMIT")
        except apsw.Error as error:
            self._abandon(error)
            if self._disk_full:
                self._know_it_undone(error, unknown=committing)
                raise _NoRoom(DISK_FULL_WORDS, log=_where(error)) from error
            raise JournalUnavailable("The journal cannot be written.", unknown=committing, log=_where(error)) from error
        except Corrupt as error:
            self._abandon(None)
            raise JournalUnavailable("The journal is damaged.", log=str(error)) from error
        except BaseException:
            self._abandon(None)
            raise
        return batch.outcomes, self._announce(batch)

    @property
    def on_reserve(self) -> bool:
        """Whether the disk has refused something, and only what is essential is let in."""
        return self._disk_full

    def regain(self) -> bool:
        """Keep space in reserve again if there is room for it; whether everything is let in."""
        if self._disk_full and self._reserve.hold():
            self._disk_full = False
            if self._db is not None:
                grow_as_usual(self._db)
            if self._erasing:
                self._erase()
        return not self._disk_full

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` (and not above `up_to`), oldest first; at most one page."""
        db = self._opened()
        try:
            return read_records(db, after=after, limit=limit, up_to=up_to)
        except apsw.Error as error:
            self._abandon(error)
            raise JournalUnavailable("The journal cannot be read.", log=_where(error)) from error

    def head(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest record known to be durable. From memory; works while the disk fails."""
        return self._tip.sequence, self._tip.chain

    def beginning(self) -> tuple[int, bytes]:
        """The newest record that a trim has removed, and its chain hash; (0, empty) when nothing was ever trimmed."""
        db = self._opened()
        try:
            return read_beginning(db)
        except apsw.Error as error:
            self._abandon(error)
            raise JournalUnavailable("The journal cannot be read.", log=_where(error)) from error

    def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """For each of `keys` that is held: the stamp of the event that claimed it."""
        db = self._opened()
        try:
            return find_stamps(db, keys, self._now_ms())
        except apsw.Error as error:
            self._abandon(error)
            raise JournalUnavailable("The journal cannot be read.", log=_where(error)) from error

    def blank(self, ids: Sequence[int], *, types: Sequence[str]) -> int:
        """Erase the payloads of the records of these types about `ids`; returns how many.

        A bounded piece at a time: call again until it returns 0. The bytes are gone from the main file and the
        write-ahead log when it returns, or, if a reader held the log open, soon after a later append, or, if the disk
        is full, when there is room again.
        """
        erased = self._change(lambda db: blank_records(db, ids, types))
        self._erasing = True
        self._erase()
        return erased

    def trim(self, *, up_to: int) -> int:
        """Forget records up to a sequence that a verified snapshot covers; returns how many.

        A bounded piece at a time: call again until it returns 0. The newest record always stays: it carries the
        sequence, the ids and the chain on.
        """
        return self._change(lambda db: trim_records(db, up_to))

    def shrink(self) -> int:
        """Give what a trim has left free back to the disk, but for JOURNAL_FREE_BYTES_KEPT; returns how many bytes.

        A bounded piece at a time: call again until it returns 0. A journal that was made before this could be done
        gives nothing back and uses its free space again.
        """
        return self._change(give_back)

    def close(self) -> None:
        """Let go of the files and the lock."""
        self._disconnect()
        self._lock.release()

    def _opened(self) -> apsw.Connection:
        if self._db is not None:
            return self._db
        try:
            return self._open()
        except Corrupt as error:
            raise JournalUnavailable("The journal is damaged.", log=str(error)) from error

    def _open(self) -> apsw.Connection:
        """Open the file, check its newest record, and lay the barrier: nothing is read before it is durable."""
        while True:
            lent = not self._disk_full or self._reserve.lend()
            try:
                return self._open_once()
            except apsw.Error as error:
                if not self._is_full(error):
                    raise JournalUnavailable("The journal cannot be opened.", log=_where(error)) from error
                if not lent:
                    raise JournalUnavailable(DISK_FULL_WORDS, log=_where(error)) from error
                self._give_way()

    def _open_once(self) -> apsw.Connection:
        db = open_for_writing(self._path, synchronous=self._synchronous, vfs=self._vfs, keep_log=self._disk_full)
        try:
            self._recover(db)
        except BaseException:
            close(db)
            raise
        self._db = db
        self._take_room()
        return db

    def _recover(self, db: apsw.Connection) -> None:
        known = self._tip.sequence
        tip = read_tip(db)
        if tip.sequence < known:
            raise Corrupt(
                "The journal has lost records.", log=f"{self._path}: {known} was durable, {tip.sequence} is left"
            )
        batch = Batch(tip, {}, now_ms=self._now_ms(), node=self._node)
        batch.take(_BARRIER)
        with db:
            db.executemany(_SQL.insert_record, batch.rows)
        if known:
            self._unannounced += read_all(db, after=known, up_to=tip.sequence)
        self._unannounced += batch.records
        self._tip = batch.tip

    def _compose(self, db: apsw.Connection, groups: Sequence[Group]) -> Batch:
        now_ms = self._now_ms()
        kept_out = [self._kept_out(group) for group in groups]
        looked_at = [group for group, why in zip(groups, kept_out, strict=True) if why is None]
        batch = Batch(self._tip, Claims(db).held(keys_of(looked_at), now_ms), now_ms=now_ms, node=self._node)
        for group, why in zip(groups, kept_out, strict=True):
            if why is None:
                batch.take(group)
            else:
                batch.refuse(why)
        return batch

    def _kept_out(self, group: Group) -> str | None:
        if self._disk_full and not all(draft.type in self._essential for draft in group.drafts):
            return DISK_FULL
        return unsound(group)

    def _write(self, db: apsw.Connection, batch: Batch) -> None:
        if batch.rows:
            db.executemany(_SQL.insert_record, batch.rows)
        claims = Claims(db)
        # By the newest record's time, not the clock's: a clock that leaps ahead and back must not cost anybody a claim.
        recorded_ms = time_of(batch.tip.event_id)
        if recorded_ms - self._swept_ms >= CLAIMS_SWEEP_INTERVAL_MS:
            claims.sweep(recorded_ms)
            self._swept_ms = recorded_ms
        claims.write(batch.changed)
        claims.note_released(batch.released)

    def _announce(self, batch: Batch) -> list[Record]:
        self._tip = batch.tip
        records, self._unannounced = self._unannounced + batch.records, []
        if self._erasing:
            self._erase()
        return records

    def _change(self, work: Callable[[apsw.Connection], int]) -> int:
        db = self._opened()
        try:
            db.execute("BEGIN IMMEDIATE")
            changed = work(db)
            db.execute("COMMIT")
        except apsw.Error as error:
            self._abandon(error)
            raise JournalUnavailable("The journal cannot be written.", log=_where(error)) from error
        except BaseException:
            self._abandon(None)
            raise
        return changed

    def _erase(self) -> None:
        """Empty the write-ahead log, in which blanked content may still stand."""
        db = self._db
        if db is None or self._disk_full:
            return  # the next opening empties it; on a full disk others would have its room, so that waits for room
        try:
            db.set_busy_timeout(0)
            db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            db.set_busy_timeout(JOURNAL_BUSY_MS)
            self._erasing = False
        except apsw.BusyError:
            db.set_busy_timeout(JOURNAL_BUSY_MS)  # a reader is at work: the next append tries again
        except apsw.Error as error:
            self._abandon(error)  # what was asked for is durable

    def _abandon(self, error: apsw.Error | None) -> None:
        """Close after a failure: what the file holds is known only after it was opened again behind a barrier."""
        full = error is not None and self._is_full(error)
        if full and self._db is not None:
            leave_log(self._db)
        self._disconnect()
        if full:
            self._give_way()

    def _know_it_undone(self, error: apsw.Error, *, unknown: bool) -> None:
        """Open the file again, and raise JournalUnavailable when it may hold what was being committed."""
        durable = self._tip.sequence
        try:
            self._opened()
        except JournalUnavailable as again:
            raise JournalUnavailable(again.public, unknown=unknown, log=str(again)) from error
        if unknown and self._tip.sequence != durable + len(_BARRIER.drafts):
            raise JournalUnavailable("The journal cannot be written.", unknown=True, log=_where(error)) from error

    def _is_full(self, error: apsw.Error) -> bool:
        # Without a byte left SQLite cannot make its shared memory, and calls that an I/O error.
        return isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and self._reserve.is_needed())

    def _give_way(self) -> None:
        """Give the reserve back, and have the log take its part of it at once: an opening takes longer."""
        self._disk_full = True
        self._reserve.release()
        take_room_for_log(self._path)

    def _take_room(self) -> None:
        """Have the space that the reserve gave back, before others do."""
        if self._disk_full and self._db is not None:
            take_room(self._db, self._path)

    def _disconnect(self) -> None:
        if self._db is not None:
            db, self._db = self._db, None
            close(db)

    def _now_ms(self) -> int:
        """The clock's time, or the newest record's where the clock has stepped back behind it."""
        return max(self._clock(), time_of(self._tip.event_id) if self._tip.event_id else 0)


class _NoRoom(JournalUnavailable):
    """The disk is full, and nothing of this batch was written."""


def _where(error: apsw.Error) -> str:
    return f"{type(error).__name__}: {error}"
