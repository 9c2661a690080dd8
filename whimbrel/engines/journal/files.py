"""How the journal's files are opened: pragmas, schema, the lock of the one writer, the reserve for a full disk."""

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from whimbrel.engines.reserve import Reserve, Sizes
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.limits import (
    JOURNAL_BUSY_MS,
    JOURNAL_CACHE_BYTES,
    JOURNAL_CHECKPOINT_PAGES,
    JOURNAL_GROWTH_BYTES,
    JOURNAL_LENT_BYTES,
    JOURNAL_RESERVE_BYTES,
    JOURNAL_SPARE_BYTES,
    JOURNAL_TAKEN_BYTES,
    JOURNAL_WAL_BYTES_MAX,
)
from whimbrel.kernel.sql import Queries, schema

APPLICATION_ID: Final = 0x5748494A  # "WHIJ"
FORMAT: Final = 1
_PAGE_BYTES: Final = 4_096
_GROWTH_BYTES_MAX: Final = 2**30
_SQL = Queries("whimbrel.engines.journal")
_SCHEMA = schema("whimbrel.engines.journal")
_INCREMENTAL: Final = 2


def open_for_writing(
    path: Path, *, synchronous: str = "FULL", vfs: str | None = None, keep_log: bool = False
) -> apsw.Connection:
    """The writer's connection, with the schema in place and the write-ahead log emptied.

    Emptied, because after a failed sync the kernel may call pages clean that never reached the disk: what recovery
    finds in the log is written anew into the main file and synced before anything is appended behind it. With
    `keep_log` the log's file keeps its size, and is written over from its beginning.
    """
    make_private(path)
    db = apsw.Connection(str(path), vfs=vfs, statementcachesize=64)
    try:
        db.set_busy_timeout(JOURNAL_BUSY_MS)
        new = _is_new(db)
        if new:
            db.pragma("auto_vacuum", _INCREMENTAL)  # before the first page is written, or never
        _grow_by(db, JOURNAL_GROWTH_BYTES)
        if db.pragma("journal_mode", "wal") != "wal":
            raise Corrupt("The journal cannot be opened.", log=f"{path}: the file system does not allow a WAL")
        db.pragma("synchronous", synchronous)
        db.pragma("secure_delete", True)
        db.pragma("wal_autocheckpoint", JOURNAL_CHECKPOINT_PAGES)
        db.pragma("journal_size_limit", JOURNAL_WAL_BYTES_MAX)
        db.pragma("cache_size", -(JOURNAL_CACHE_BYTES // 1024))
        _lay_out(db) if new else _bring_up_to_date(db)
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART if keep_log else apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except BaseException:
        close(db)
        raise
    return db


def open_for_reading(path: Path) -> apsw.Connection:
    """A connection that cannot change the journal. Raises JournalUnavailable when there is none."""
    if not path.exists():
        raise JournalUnavailable("There is no journal.", log=f"no journal at {path}")
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=16)
    db.set_busy_timeout(JOURNAL_BUSY_MS)
    return db


def take_room(db: apsw.Connection, path: Path) -> None:
    """Have the journal's own files take the space in which it goes on when its disk is full; as much as there is.

    Appends then write in place. The counter-example was to leave the space free for the appends to come: on a full disk
    there is always somebody who writes, and who had it before the first of them.
    """
    take_room_for_log(path)
    leave_log(db)
    size = db.pragma("page_count") * _PAGE_BYTES + JOURNAL_TAKEN_BYTES
    pieces = size // _GROWTH_BYTES_MAX + 1
    # A checkpoint cuts the file off behind the last whole piece of it: so these are as large as nothing will be cut.
    _grow_by(db, -(-size // pieces // _PAGE_BYTES) * _PAGE_BYTES)
    with suppress(apsw.Error):
        db.file_control("main", apsw.SQLITE_FCNTL_SIZE_HINT, ctypes.addressof(ctypes.c_int64(size)))


def take_room_for_log(path: Path) -> None:
    """Have the log of the journal at `path` take its part; as much as there is."""
    with suppress(OSError):
        log = os.open(path.with_name(path.name + "-wal"), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.posix_fallocate(log, 0, JOURNAL_TAKEN_BYTES)
        finally:
            os.close(log)


def leave_log(db: apsw.Connection) -> None:
    """Have the log stay when the connection is closed: else the last to close removes it, and its room is gone."""
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def grow_as_usual(db: apsw.Connection) -> None:
    """There is room again: what `take_room` has changed is as it was."""
    _grow_by(db, JOURNAL_GROWTH_BYTES)
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)


def make_private(path: Path) -> None:
    """Make a new file that only its owner may read; SQLite gives its log the same mode. An old one is left as it is."""
    with suppress(OSError):  # SQLite says what is wrong with the folder or the disk
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def close(db: apsw.Connection) -> None:
    """Let go of a connection, whatever its state: what it cannot write any more the next opening finds or misses."""
    with suppress(apsw.Error):
        db.close(True)


class Lock:
    """The one writer's lock, held from the first opening until `release`, also while the file is re-opened."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnavailable("The journal cannot be locked.", log=f"{path}: {error}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(self._file, f"{os.getpid():<20}\n".encode(), 0)  # in place: works on a full disk too
        except OSError as error:
            holder = os.pread(self._file, 21, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise JournalUnavailable("The journal cannot be locked.", log=f"{path}: {error}") from error
            text = f"The journal is held by process {holder or 'unknown'}."
            raise JournalUnavailable(text, log=f"{path}: {text}") from error

    def release(self) -> None:
        """Let the next writer in."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def reserve_beside(path: Path, free_bytes: Callable[[], int] | None = None) -> Reserve:
    """What is kept for deletes and freezes on a full disk, beside the journal at `path`."""
    sizes = Sizes(JOURNAL_RESERVE_BYTES, JOURNAL_SPARE_BYTES, JOURNAL_LENT_BYTES, JOURNAL_GROWTH_BYTES)
    return Reserve(path.with_suffix(".reserve"), sizes, free_bytes=free_bytes)


def _grow_by(db: apsw.Connection, piece_bytes: int) -> None:
    db.file_control("main", apsw.SQLITE_FCNTL_CHUNK_SIZE, ctypes.addressof(ctypes.c_int(piece_bytes)))


def _is_new(db: apsw.Connection) -> bool:
    """Whether the file is still empty. Raises Corrupt when it is something else than a journal of this format."""
    if db.pragma("schema_version") == 0:
        return True
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if (application, version) != (APPLICATION_ID, FORMAT):
        found = f"application id {application}, format {version}"
        raise Corrupt("This is not a journal that this version reads.", log=f"{db.filename}: {found}")
    return False


def _bring_up_to_date(db: apsw.Connection) -> None:
    """Add the tables and indexes that an older version did not make: it does without them, and may come back."""
    if db.execute(_SQL.is_up_to_date).fetchone() is None:
        with db:
            db.execute(_SCHEMA)


def _lay_out(db: apsw.Connection) -> None:
    with db:  # tables and format become visible together, or a crash in between leaves an empty file
        db.execute(_SCHEMA)
        db.pragma("application_id", APPLICATION_ID)
        db.pragma("user_version", FORMAT)
