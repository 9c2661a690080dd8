"""How the store's file is opened, and whether it is still the one that lies at its path.

The file may be moved, replaced, locked or overwritten while we run: a store is a view, people may do that. An open
connection would go on with the file that is no longer there, so its device and inode are compared with the path's.

The log beside it counts too. Seen once in many runs: somebody removed a store's three files one by one, and in between
the applier had built the next; so the log of that one was taken. The writer wrote on into a file that had no name, and
no reader could open the store again, for as long as the writer lived.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

import apsw

from whimbrel.engines.reserve import Reserve, Sizes
from whimbrel.engines.store.rows import AWAY, FAULTS, away
from whimbrel.engines.syncing import sync
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import (
    STORE_BUSY_MS,
    STORE_LENT_BYTES,
    STORE_OPENING_BYTES,
    STORE_READER_CACHE_BYTES,
    STORE_RESERVE_BYTES,
    STORE_WAL_BYTES_MAX,
    STORE_WRITER_CACHE_BYTES,
)

_MAGIC = b"SQLite format 3\0"

Identity = tuple[int, int]
"""Device and inode."""


def identity(path: Path) -> Identity | None:
    """Which file lies at the path now; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def identities(path: Path) -> tuple[Identity | None, ...]:
    """Which files lie there now: the store's own, and its log with the log's index."""
    return tuple(identity(name) for name in _files(path))


def open_reader(path: Path) -> apsw.Connection:
    """A connection that cannot write and leaves the write-ahead log alone. Raises StoreUnavailable."""
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=256)
    except FAULTS as error:
        raise away(error) from error
    try:
        _plan_once(db)
        # Else the last one to close removes the log by its name, which may belong to another file by now.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        db.set_busy_timeout(STORE_BUSY_MS)
        db.pragma("cache_size", -(STORE_READER_CACHE_BYTES // 1024))
    except apsw.Error as error:
        db.close(True)
        raise away(error) from error
    return db


def open_writer(path: Path, *, synchronous: str = "NORMAL", vfs: str | None = None) -> apsw.Connection:
    """The applier's connection; makes the file if there is none. Raises apsw errors."""
    with suppress(OSError):  # a new file is its owner's alone; what is wrong with folder or disk SQLite says
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    db = apsw.Connection(str(path), vfs=vfs, statementcachesize=512)
    try:
        _plan_once(db)
        db.set_busy_timeout(STORE_BUSY_MS)
        if db.pragma("journal_mode", "wal") != "wal":
            raise StoreUnavailable(AWAY, log=f"{path}: the file system does not allow a WAL")
        db.pragma("synchronous", synchronous)
        db.pragma("foreign_keys", True)
        db.pragma("secure_delete", True)
        db.pragma("wal_autocheckpoint", 0)  # the writer does it between its batches
        db.pragma("journal_size_limit", STORE_WAL_BYTES_MAX)
        db.pragma("cache_size", -(STORE_WRITER_CACHE_BYTES // 1024))
    except BaseException:
        db.close(True)
        raise
    return db


def _plan_once(db: apsw.Connection) -> None:
    """Keep a prepared statement's plan whatever is bound to it.

    Otherwise this SQLite prepares many statements again at each execution, because bound values count in planning:
    an insert of 2 us took 21.
    """
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def reserve_in(folder: Path) -> Reserve:
    """What is kept for opening a store on a full disk: SQLite makes the log's index anew then."""
    sizes = Sizes(STORE_RESERVE_BYTES, STORE_RESERVE_BYTES, STORE_LENT_BYTES, STORE_OPENING_BYTES)
    return Reserve(folder / "store.reserve", sizes)


def is_whole(db: apsw.Connection) -> bool:
    """Whether the file on disk (not what is cached of it) still begins like a database."""
    _, found = db.read("main", 0, 0, len(_MAGIC))
    return found == _MAGIC


def remove_files(path: Path) -> None:
    """Remove a store with its log, the main file first: what is left after a crash here is not taken for a store."""
    for name in _files(path):
        name.unlink(missing_ok=True)


def put_in_place(beside: Path, path: Path) -> None:
    """Give a whole store that was made beside another one its place and name; returns when the disk has both.

    One at a time in a folder: the applier and an operator may both have built one, and of two that interleave one
    would end beside the other's log.
    """
    sync(beside)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        remove_files(path)
        beside.rename(path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _files(path: Path) -> tuple[Path, Path, Path]:
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
