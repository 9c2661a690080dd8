"""What snapshots are made of on the disk: the copy of a store, its checksum, its manifest, its folder's new name.

Promises: the copy is of one moment and page for page like the store, so that a backup finds again the pieces that it
has; the store's writer and readers go on meanwhile. Nothing here decides when, or which snapshot is any good.

Design note. `VACUUM INTO` was left out: it renumbers every page, so no two copies share a piece. The online backup
starts anew whenever another process writes, unless it reads within one transaction, as here. That transaction keeps
the store's log from starting over until the copy is done, so the pace is a compromise: a piece is written, synced, and
then as long again is left to others, until the log has grown to SNAPSHOT_LOG_BYTES_HIGH; from then on it goes at full
speed. A copy that the log overtakes even so, as on a machine without a moment to spare, is given up at
SNAPSHOT_LOG_BYTES_MAX: the log would fill the disk. The pieces are synced one by one because a sync of gigabytes at the
end would keep the journal's waiting.
"""

import os
import sys
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote

import apsw

from whimbrel.engines.store.files import open_reader
from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.engines.store.standing import Standing, cursor_row
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.limits import SNAPSHOT_LOG_BYTES_HIGH, SNAPSHOT_LOG_BYTES_MAX, SNAPSHOT_PIECE_BYTES
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store")
_CACHE_KIB: Final = 4_096

OnProgress = Callable[[str, int, int], None]
"""Is told what is being done, how far it is, and how far it goes. What it raises ends the work."""


def copy_pages(store: Path, target: Path, on_progress: OnProgress, *, gentle: bool) -> None:
    """Copy a store that may be in use, as of one moment, and have the copy on the disk. The target must not exist.

    Raises StoreUnavailable when the store cannot be read or the disk refuses. `gentle` leaves half the time to others.
    """
    if not store.exists():
        raise StoreUnavailable("There is no store to copy.", log=f"there is no store at {store}")
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        source = open_reader(store)
        try:
            source.execute("BEGIN")
            source.execute(_SQL.cursor).fetchone()  # from here on this connection sees one moment
            _copy(source, target, handle, on_progress, pace=_pace(store) if gentle else _at_once)
            source.execute("ROLLBACK")
        finally:
            source.close(True)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)  # what is read back comes from the disk
    except apsw.SQLError as error:
        raise Corrupt("This is not a store.", log=f"{store}: {error}") from error
    except FAULTS as error:
        raise away(error) from error
    except OSError as error:
        raise StoreUnavailable("The copy cannot be written.", log=f"{target}: {error}") from error
    finally:
        os.close(handle)


def checksum_of(path: Path, on_progress: OnProgress, *, copy_to: Path | None = None) -> str:
    """BLAKE2b of 32 bytes of a file, in hex (`b2sum -l 256`); in passing the file is copied to `copy_to`.

    Raises OSError.
    """
    digest, size, done = blake2b(digest_size=32), path.stat().st_size, 0
    with path.open("rb", buffering=0) as source, open(copy_to or os.devnull, "wb", opener=_private) as copy:
        while piece := source.read(SNAPSHOT_PIECE_BYTES):
            digest.update(piece)
            if copy_to is not None:
                copy.write(piece)
            done += len(piece)
            _leave_no_cache(source.fileno(), done)
            on_progress("read", done, size)
    return digest.hexdigest()


def open_copy(path: Path) -> apsw.Connection:
    """A connection to a copy that nobody writes any more; it makes no file beside it. Raises StoreUnavailable."""
    try:
        db = apsw.Connection(
            f"file:{quote(str(path))}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        db.pragma("cache_size", -_CACHE_KIB)
    except FAULTS as error:
        raise away(error) from error
    return db


def standing_of_copy(path: Path) -> Standing:
    """Where the copied store stands. Raises Corrupt when it holds no cursor, StoreUnavailable when it is unreadable."""
    return Standing._make(cursor_row(open_copy(path), _SQL.standing, path))


def wrong_with_copy(path: Path) -> str:
    """The first thing that SQLite finds wrong within the file, in words; empty when there is nothing."""
    db = open_copy(path)
    try:
        (found,) = next(iter(db.execute("PRAGMA integrity_check(1)")))
        if found != "ok":
            return str(found)
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
            return f"row {row} of {table} names a row of {parent} that is not there"
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"
    finally:
        db.close(True)
    return ""


def write_synced(path: Path, content: bytes) -> None:
    """Write a small file whole and durably, or leave the old one; its name is durable once its folder is synced."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(beside, "wb", opener=_private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _copy(
    source: apsw.Connection, target: Path, handle: int, on_progress: OnProgress, *, pace: Callable[[float], None]
) -> None:
    copy = apsw.Connection(str(target))
    try:
        copy.pragma("journal_mode", "OFF")  # a copy that was not finished is thrown away
        copy.pragma("synchronous", "OFF")  # it is synced here, piece by piece
        copy.pragma("cache_size", -_CACHE_KIB)
        pages = SNAPSHOT_PIECE_BYTES // int(source.pragma("page_size"))
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                began = time.monotonic()
                backup.step(pages)
                os.fdatasync(handle)
                _leave_no_cache(handle, 0)
                on_progress("copied", backup.page_count - backup.remaining, backup.page_count)
                pace(time.monotonic() - began)
    finally:
        copy.close(True)


def _leave_no_cache(handle: int, up_to: int) -> None:
    """Let the system forget what it keeps of a file that nobody reads soon: it would push out what the server reads.

    Up to a byte, because what it has read ahead is wanted next; 0 for all.
    """
    if sys.platform == "linux":
        os.posix_fadvise(handle, 0, up_to, os.POSIX_FADV_DONTNEED)


def _pace(store: Path) -> Callable[[float], None]:
    log = store.with_name(store.name + "-wal")

    def pace(took_seconds: float) -> None:
        size = log.stat().st_size if log.exists() else 0
        if size > SNAPSHOT_LOG_BYTES_MAX:
            raise StoreUnavailable("The copy was given up: the store's log grows so fast that it would fill the disk.")
        if size < SNAPSHOT_LOG_BYTES_HIGH:
            time.sleep(took_seconds)

    return pace


def _at_once(_took_seconds: float) -> None:
    """Nobody else is at work."""


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_CLOEXEC, 0o600)
