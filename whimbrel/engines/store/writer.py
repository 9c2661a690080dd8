"""The store's one writer: rooms' tables, and the cursor that moves with them.

Promises: rows and cursor change in one transaction, so every event takes effect exactly once; before each one it makes
sure that its file is still the one at the path. Raises Corrupt when the file must be rebuilt (missing, replaced,
damaged, made with another schema) and StoreUnavailable when it is worth trying again (locked, disk full or failing).
Losing its last transactions in a power cut is fine (`synchronous=NORMAL`): the cursor is lost with the rows, and the
journal is not. For one thread.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from whimbrel.engines.reserve import Reserve
from whimbrel.engines.store.files import identities, identity, is_whole, open_writer
from whimbrel.engines.store.migrations import hash_of
from whimbrel.engines.store.numbered import OWN, refuse_newer_store
from whimbrel.engines.store.rows import FAULTS, Rows, away
from whimbrel.engines.store.standing import Standing, standing_of
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.events import Record
from whimbrel.kernel.limits import STORE_CHECKPOINT_PAGES, STORE_WAL_BYTES_MAX
from whimbrel.kernel.sql import Queries, schema

_SQL = Queries("whimbrel.engines.store")
_OWN_SCHEMA = schema("whimbrel.engines.store")
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_PAGE_BYTES = 4_096
_WAL_PAGES_MAX = STORE_WAL_BYTES_MAX // _PAGE_BYTES


class OtherSchema(Corrupt):
    """The store is whole, and of a schema that is not this release's, nor known to be of a newer one."""

    code = "other_schema"


def schema_hash_of(schemas: Sequence[str]) -> bytes:
    """What a store with these rooms' schema scripts is known by (`Standing.schema_hash`)."""
    return hash_of((_OWN_SCHEMA, *schemas))


class StoreWriter:
    """Opens or makes the store at `path` with the rooms' schema scripts, in their order.

    With a `reserve` it is opened on a full disk too, and its log's files stay when it is closed.
    """

    def __init__(
        self,
        path: Path,
        schemas: Sequence[str],
        *,
        synchronous: str = "NORMAL",
        vfs: str | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        self._path, self._schemas = Path(path), (_OWN_SCHEMA, *schemas)
        self._synchronous, self._vfs, self._reserve = synchronous, vfs, reserve
        self._schema_hash = schema_hash_of(schemas)
        self._db: apsw.Connection | None = None
        self._wal_pages = self._restart_from = 0
        self._open()

    @contextmanager
    def writing(self) -> Iterator["Pen"]:
        """One transaction: committed when the block ends, undone when it raises."""
        db = self._checked()
        with _faults_named():
            try:
                db.execute("BEGIN IMMEDIATE")
                yield Pen(db, standing_of(Rows(db, 0)))
                db.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
        self._checkpoint()

    def standing(self) -> Standing:
        """Where the store stands."""
        db = self._checked()
        with _faults_named():
            return standing_of(Rows(db, 0))

    def empty_log(self) -> bool:
        """Move everything from the write-ahead log into the main file, so that what was deleted is gone from both.

        False when a reader holds the log; try again later.
        """
        db = self._checked()
        with _faults_named():
            try:
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            except apsw.BusyError:
                return False
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._db is None:
            return
        db, self._db = self._db, None
        moved = identities(self._path) != self._identities
        if self._reserve and not moved:
            self._leave(db, self._reserve)
        if self._reserve or moved:  # then the log beside the path may belong to another file: leave it alone
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.close(True)

    @staticmethod
    def _leave(db: apsw.Connection, reserve: Reserve) -> None:
        """Empty the log and let its files stay: on a full disk they could not be made again at the next opening.

        Always, because a disk is not full in the moment in which somebody has given something back.
        """
        if not reserve.is_needed():
            with suppress(apsw.Error):  # a reader holds it, or the disk fails: the next opening finds it as it is
                db.set_busy_timeout(0)
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def _checked(self) -> apsw.Connection:
        # A writer that has closed its files, after a fault, has taken its log away with it.
        known = self._identities if self._db else self._identities[:1]
        if identities(self._path)[: len(known)] != known:
            self.close()
            raise Corrupt("The store was replaced.", log=f"{self._path} or its log is not what was opened")
        db = self._db or self._open()
        with _faults_named():
            whole = is_whole(db)
        if not whole:
            self.close()
            raise Corrupt("The store is damaged.", log=f"{self._path} is no database any more")
        return db

    def _open(self) -> apsw.Connection:
        before = identity(self._path)
        with _faults_named():
            db = self._opened()
        found = identities(self._path)
        if None in found or before not in (None, found[0]):
            # Somebody removed it just now. Taken for what was opened, it would never be missed.
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            db.close(True)
            raise Corrupt("The store was replaced.", log=f"{self._path} or its log went away while it was opened")
        db.set_wal_hook(self._note_wal)
        self._db, self._identities = db, found
        return db

    def _opened(self) -> apsw.Connection:
        """The file, ready; on a full disk as soon as a piece of the reserve has been enough, before others had it."""
        while True:
            try:
                return self._opened_once()
            except (apsw.FullError, apsw.IOError):  # SQLite calls shared memory that it cannot make an I/O error
                if not (self._reserve and self._reserve.is_needed() and self._reserve.lend()):
                    raise

    def _opened_once(self) -> apsw.Connection:
        db = open_writer(self._path, synchronous=self._synchronous, vfs=self._vfs)
        try:
            self._prepare(db)
        except BaseException:
            db.close(True)
            raise
        return db

    def _prepare(self, db: apsw.Connection) -> None:
        if db.pragma("schema_version") == 0:
            with db:
                for script in self._schemas:
                    db.execute(script)
                db.execute(_SQL.begin_cursor, {"schema_hash": self._schema_hash})
                db.pragma("user_version", OWN.packed)
        try:
            made_with = standing_of(Rows(db, 0)).schema_hash
        except apsw.SQLError as error:
            raise Corrupt("This is not a store.", log=f"{self._path}: {error}") from error
        if made_with != self._schema_hash:
            refuse_newer_store(self._path)
            raise OtherSchema("The store was made by another version.", log=f"{self._path}: its schema differs")

    def _undo(self) -> None:
        if self._db is None:
            return
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except apsw.Error:
            self.close()  # the next transaction opens the file again

    def _note_wal(self, _db: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Keep the log short. Above its cap wait (STORE_BUSY_MS at most) for readers to leave it and start it anew."""
        if self._wal_pages < STORE_CHECKPOINT_PAGES or self._db is None:
            return
        pages, self._wal_pages = self._wal_pages, 0
        restart = pages >= max(_WAL_PAGES_MAX, self._restart_from)
        with _faults_named():
            try:
                self._db.wal_checkpoint(
                    mode=apsw.SQLITE_CHECKPOINT_RESTART if restart else apsw.SQLITE_CHECKPOINT_PASSIVE
                )
                self._restart_from = self._restart_from if pages >= _WAL_PAGES_MAX and not restart else 0
            except apsw.BusyError:  # no reader stays above its deadline but one that makes a copy of the store: it is
                # waited for once in so many pages, and not in every batch
                self._restart_from = pages + STORE_CHECKPOINT_PAGES


class Pen(Rows):
    """The rows of one writing transaction (kernel.contracts.Writing), and the cursor that moves with them."""

    def __init__(self, db: apsw.Connection, standing: Standing) -> None:
        super().__init__(db, standing.sequence)
        self.standing = standing

    def move(self, record: Record) -> None:
        """The store has taken in everything up to `record`."""
        place = {"sequence": record.sequence, "chain": record.chain, "time_ms": record.time_ms}
        self.run(_SQL.move_cursor, place)
        self.cursor = record.sequence

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A part of the transaction that is undone by itself when it raises."""
        self.run("SAVEPOINT alone")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO alone")
            self.run("RELEASE alone")
            raise
        self.run("RELEASE alone")


@contextmanager
def _faults_named() -> Iterator[None]:
    """Corrupt for what only a rebuild mends, StoreUnavailable for what may pass; everything else goes through."""
    try:
        yield
    except _DAMAGED as error:
        raise Corrupt("The store is damaged.", log=f"{type(error).__name__}: {error}") from error
    except FAULTS as error:
        raise away(error) from error
    except StoreUnavailable as error:
        if isinstance(error.__cause__, _DAMAGED):
            raise Corrupt("The store is damaged.", log=str(error)) from error
        raise
