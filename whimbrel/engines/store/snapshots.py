"""Snapshots of the store: whole copies with their place in the journal, from which a store is built again.

A snapshot is a folder `snapshots/<sequence>/` of the data directory with `store.sqlite` and `manifest.json`. It is
made under another name and gets its own when it is on the disk, so a crash leaves either a whole one or a leftover
that the next one sweeps away. A snapshot counts only once it is *verified*; one that is found damaged says so in its
manifest and counts no more. A snapshot made before a deletion holds what was deleted: `expire` is for that.

What it does not do: decide when (whimbrel/snapshotting.py), trim the journal, or apply events (rebuild.py).
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.snapshot_files import (
    OnProgress,
    checksum_of,
    copy_pages,
    standing_of_copy,
    write_synced,
    wrong_with_copy,
)
from whimbrel.engines.store.standing import Past, Standing, check_against
from whimbrel.engines.syncing import sync
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import Corrupt, StoreUnavailable, Unavailable
from whimbrel.kernel.limits import DISK_FREE_SHARE_MIN, SNAPSHOT_AGE_MS_MAX, SNAPSHOT_CHECK_MS_MAX, SNAPSHOTS_KEPT

FOLDER: Final = "snapshots"
STORE: Final = "store.sqlite"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
_MAKING, _WAS = ".making-", ".was"


class NoRoom(Unavailable):
    """The disk has too little room for another copy of the store."""

    code = "no_room"


class Busy(Unavailable):
    """Somebody else makes a snapshot of this data directory at this moment."""

    code = "busy"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One whole copy of the store. Times are in milliseconds since 1970.

    It stands at record `sequence` of the journal, whose chain hash is `chain` and whose time is `time_ms`. `checksum`
    is BLAKE2b of 32 bytes over the file, in hex. `verified_ms`: when it was last found whole, None before the first
    time; `damage`: what was found wrong with it since, empty for nothing.
    """

    sequence: int
    chain: bytes
    time_ms: int
    schema_hash: bytes
    parked: int
    bytes: int
    checksum: str
    made_ms: int
    verified_ms: int | None
    damage: str
    path: Path

    @property
    def is_verified(self) -> bool:
        """Whether a store may be built from it, as far as is known."""
        return self.verified_ms is not None and not self.damage

    @property
    def standing(self) -> Standing:
        """Where the copied store stands."""
        return Standing(self.sequence, self.chain, self.time_ms, self.schema_hash, self.parked)

    @property
    def store(self) -> Path:
        """The copied store itself. It is not to be changed, nor opened for writing."""
        return self.path / STORE


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot as its folder says it, hashes in hex."""

    format: int
    sequence: int
    chain: str
    time_ms: int
    schema_hash: str
    parked: int
    bytes: int
    checksum: str
    made_ms: int
    verified_ms: int | None
    damage: str = ""


def take_snapshot(
    data: Path, *, on_progress: OnProgress | None = None, clock: Clock = wall_clock_ms, gentle: bool = True
) -> Snapshot:
    """Copy the store of this data directory as it is now; returns when the copy is on the disk, not yet verified.

    Works beside a running server and without one; one that stands at the same record is replaced. `gentle` leaves half
    of the time to others. Raises StoreUnavailable, Corrupt, NoRoom, Busy.
    """
    store = store_in(data)
    with _alone(data) as folder:
        _need_room_for(store)
        beside = folder / f"{_MAKING}{os.getpid()}"
        beside.mkdir(mode=0o700)
        try:
            made_ms = clock()  # before the copy: what is deleted while it is made may be in it
            copy_pages(store, beside / STORE, on_progress or _nobody, gentle=gentle)
            return _named(folder, beside, made_ms, on_progress or _nobody)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise


def verify_snapshot(
    snapshot: Snapshot, journal: Past, *, on_progress: OnProgress | None = None, clock: Clock = wall_clock_ms
) -> Snapshot:
    """Read a snapshot whole: its place in the journal, checksum, integrity, foreign keys. Reads the file twice.

    Returns it as verified now. Raises Corrupt when the journal cannot follow on it, or when it is not what was made;
    the latter is noted in its manifest, and it is used no more.
    """
    check_against(journal, snapshot.standing)
    try:
        _check_bytes(snapshot, on_progress or _nobody)
    except Corrupt as error:
        _note(msgspec.structs.replace(snapshot, damage=str(error)))
        raise
    verified = msgspec.structs.replace(snapshot, verified_ms=clock(), damage="")
    _note(verified)
    return verified


def list_snapshots(data: Path) -> list[Snapshot]:
    """Every snapshot whose manifest can be read, verified or not, newest first."""
    found = [snapshot for path in folders_of(data) if (snapshot := _read(path)) is not None]
    return sorted(found, key=lambda one: one.sequence, reverse=True)


def folders_of(data: Path) -> list[Path]:
    """Every folder that should be a snapshot, in no order: also those whose manifest cannot be read."""
    folder = data / FOLDER
    return [path for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []


def fitting(data: Path, schema_hash: bytes | None, journal: Past) -> list[Snapshot]:
    """The verified ones from which a store of this schema (None: of any) can follow this journal, newest first.

    Their bytes are not read here: who builds from one checks them in passing (rebuild.py).
    """
    every = [one for one in list_snapshots(data) if schema_hash in (None, one.schema_hash)]
    return [one for one in every if _fits(one, journal)]


def newest_fitting(data: Path, schema_hash: bytes | None, journal: Past) -> Snapshot | None:
    """The first of `fitting`; None when there is none."""
    return next(iter(fitting(data, schema_hash, journal)), None)


def remove_snapshot(snapshot: Snapshot) -> None:
    """Remove it: first from sight, then from the disk."""
    _remove(snapshot.path)


def expire(data: Path, now_ms: int) -> list[Snapshot]:
    """Remove all but the newest verified ones (SNAPSHOTS_KEPT), and what is older than SNAPSHOT_AGE_MS_MAX.

    The age goes first (rule 12), whatever is left then. One that is not verified is left to whoever is verifying it,
    for SNAPSHOT_CHECK_MS_MAX. Returns what was removed. Raises Busy.
    """
    with _alone(data):
        snapshots = list_snapshots(data)
        verified = [one for one in snapshots if one.is_verified and now_ms - one.made_ms <= SNAPSHOT_AGE_MS_MAX]
        young = [one for one in snapshots if not one.is_verified and now_ms - one.made_ms <= SNAPSHOT_CHECK_MS_MAX]
        gone = [one for one in snapshots if one not in verified[:SNAPSHOTS_KEPT] and one not in young]
        for one in gone:
            _remove(one.path)
        return gone


def note_damage(snapshot: Snapshot, why: str) -> None:
    """Say in its manifest that it is not to be used any more."""
    _note(msgspec.structs.replace(snapshot, damage=why))


def _fits(snapshot: Snapshot, journal: Past) -> bool:
    if not snapshot.is_verified:
        return False
    try:
        check_against(journal, snapshot.standing)
        return snapshot.store.stat().st_size == snapshot.bytes
    except (Corrupt, OSError):
        return False


def _check_bytes(snapshot: Snapshot, on_progress: OnProgress) -> None:
    try:
        checksum = checksum_of(snapshot.store, on_progress)
    except OSError as error:
        raise Corrupt("The snapshot is damaged.", log=f"{snapshot.store}: {error}") from error
    if checksum != snapshot.checksum:
        raise Corrupt("The snapshot is damaged.", log=f"{snapshot.store}: its checksum is not the one in its manifest")
    if wrong := wrong_with_copy(snapshot.store):
        raise Corrupt("The snapshot is damaged.", log=f"{snapshot.store}: {wrong}")
    if standing_of_copy(snapshot.store) != snapshot.standing:
        raise Corrupt("The snapshot is damaged.", log=f"{snapshot.store}: it stands elsewhere than its manifest says")


def _named(folder: Path, beside: Path, made_ms: int, on_progress: OnProgress) -> Snapshot:
    """Describe the copy that lies in `beside`, and give its folder the name under which it counts."""
    standing = standing_of_copy(beside / STORE)
    snapshot = Snapshot(
        **standing._asdict(),
        bytes=(beside / STORE).stat().st_size,
        checksum=checksum_of(beside / STORE, on_progress),
        made_ms=made_ms,
        verified_ms=None,
        damage="",
        path=beside,
    )
    _note(snapshot)
    place = folder / str(standing.sequence)
    if place.exists():
        place.rename(folder / f"{place.name}{_WAS}")
    beside.rename(place)
    sync(folder)
    shutil.rmtree(folder / f"{place.name}{_WAS}", ignore_errors=True)
    return msgspec.structs.replace(snapshot, path=place)


def _note(snapshot: Snapshot) -> None:
    """Write its manifest. Raises StoreUnavailable when the disk refuses."""
    facts = {name: getattr(snapshot, name) for name in snapshot.__struct_fields__ if name != "path"}
    facts |= {"chain": snapshot.chain.hex(), "schema_hash": snapshot.schema_hash.hex()}
    text = msgspec.json.format(msgspec.json.encode(_Manifest(format=FORMAT, **facts)), indent=2)
    try:
        write_synced(snapshot.path / MANIFEST, text + b"\n")
        sync(snapshot.path)
    except OSError as error:
        raise StoreUnavailable("The snapshot cannot be written.", log=f"{snapshot.path}: {error}") from error


def _read(path: Path) -> Snapshot | None:
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=_Manifest)
        facts = msgspec.structs.asdict(manifest)
        facts |= {"chain": bytes.fromhex(manifest.chain), "schema_hash": bytes.fromhex(manifest.schema_hash)}
    except (OSError, ValueError):
        return None
    if facts.pop("format") != FORMAT or str(manifest.sequence) != path.name:
        return None
    return Snapshot(path=path, **facts)


def _need_room_for(store: Path) -> None:
    """Raise NoRoom unless the disk keeps its share free when a copy of the store lies on it."""
    if not store.exists():
        raise StoreUnavailable("There is no store to copy.", log=f"there is no store at {store}")
    disk, wanted = shutil.disk_usage(store.parent), store.stat().st_size
    if disk.free - wanted < DISK_FREE_SHARE_MIN * disk.total:
        text = f"There is no room for a snapshot: {disk.free} bytes are free, the store has {wanted}."
        raise NoRoom(text, log=f"{text} {DISK_FREE_SHARE_MIN:.0%} of {disk.total} are to stay free")


def _remove(path: Path) -> None:
    gone = path.with_name(f"{_MAKING}{path.name}")
    path.rename(gone)
    shutil.rmtree(gone)


@contextmanager
def _alone(data: Path) -> Iterator[Path]:
    """Hold the folder of snapshots for oneself, swept of what a crash has left. Raises Busy, StoreUnavailable."""
    folder = data / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable("The snapshots' folder cannot be used.", log=f"{folder}: {error}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy("A snapshot is being made already.", log=f"{folder}: somebody holds its lock") from error
        _sweep(folder)
        yield folder
    finally:
        os.close(lock)


def _sweep(folder: Path) -> None:
    """Put back what a crash has caught between two names, and remove what was not finished."""
    for path in folder.iterdir():
        if path.name.endswith(_WAS) and not path.with_name(path.name.removesuffix(_WAS)).exists():
            path.rename(path.with_name(path.name.removesuffix(_WAS)))
        elif path.name.endswith(_WAS) or path.name.startswith(_MAKING):
            shutil.rmtree(path, ignore_errors=True)


def _nobody(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody asked for."""
