"""The store's image as pieces of one size: what has not changed since the last image is not sent again.

The snapshot that is sent is page for page like the store (store/snapshot_files.py), so the pieces of a store to which
little happened are mostly the same ones.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from whimbrel.engines.backup.documents import StoreCopy
from whimbrel.engines.backup.objects import Sender, fetch
from whimbrel.engines.backup.pace import Pace
from whimbrel.engines.backup.place import Place
from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.engines.store.snapshot_files import open_copy
from whimbrel.engines.store.snapshots import Snapshot
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.limits import BACKUP_OBJECTS_AT_ONCE, BACKUP_PIECE_BYTES
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.backup")

Advance = Callable[[int, int], None]
"""Is told how far it is, and how far it goes."""


def send_store(sender: Sender, snapshot: Snapshot, pace: Pace, advance: Advance) -> StoreCopy:
    """Send a snapshot; the pages that were read do not stay in the machine's memory, where others need the room.

    Raises StoreUnavailable when it is gone.
    """
    pieces, done = [], 0
    try:
        handle = os.open(snapshot.store, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:  # it has just expired
        raise StoreUnavailable("A snapshot cannot be read.", log=f"{snapshot.store}: {error}") from error
    try:
        rows = count_rows(snapshot.store)
        while content := os.pread(handle, BACKUP_PIECE_BYTES, done):
            pieces.append(sender.send(content))
            os.posix_fadvise(handle, done, len(content), os.POSIX_FADV_DONTNEED)
            done += len(content)
            advance(done, snapshot.bytes)
            pace.pause()
    finally:
        os.close(handle)
    return StoreCopy(
        sequence=snapshot.sequence,
        chain=snapshot.chain.hex(),
        time_ms=snapshot.time_ms,
        schema_hash=snapshot.schema_hash.hex(),
        bytes=done,
        piece_bytes=BACKUP_PIECE_BYTES,
        pieces=tuple(pieces),
        rows=rows,
    )


def fetch_store(place: Place, copy: StoreCopy, target: Path, advance: Callable[[int], None]) -> None:
    """Put a store together at `target`, which must not exist, several pieces at a time; it is on the disk afterwards.

    `advance` is told how much each piece was. Raises Corrupt, which names the piece.
    """
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def put(number: int, hash_: str) -> int:
        content = fetch(place, hash_, f"piece {number + 1} of {len(copy.pieces)} of the store")
        return os.pwrite(handle, content, number * copy.piece_bytes)

    done = 0
    try:
        with ThreadPoolExecutor(BACKUP_OBJECTS_AT_ONCE, "restore") as pool:
            under_way = [pool.submit(put, number, hash_) for number, hash_ in enumerate(copy.pieces)]
            try:
                for one in as_completed(under_way):
                    done += one.result()
                    advance(one.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if done != copy.bytes:
            raise Corrupt("The backup is damaged.", log=f"the store has {done} bytes, and had {copy.bytes}")
        os.fsync(handle)
    finally:
        os.close(handle)


def count_rows(path: Path) -> dict[str, int]:
    """How many rows each table of a store has. The file is one that nobody writes."""
    db = open_copy(path)
    try:
        tables = [name for (name,) in db.execute(_SQL.tables)]
        return {name: int(next(iter(db.execute(f'SELECT count(*) FROM "{name}"')))[0]) for name in tables}
    except FAULTS as error:
        raise away(error) from error
    finally:
        db.close(True)
