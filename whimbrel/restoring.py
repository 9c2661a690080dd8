"""`whimbrel restore`: a data directory made of a backup, as of its end or of any moment before.

Promises: every object is checked against its checksum, every record against the chain, and the store against the
journal; what does not fit is refused with its place. The directory is built beside under another name and gets its own
when it is whole, so a restore that is interrupted leaves nothing that a server would start on. What people deleted
stays deleted, also when the moment that is restored lies before.

After a restore to an earlier moment the journal has another history: its first record behind the cut is a barrier whose
id is above every id that a backup knows, so no id is given twice; sequences are, but every cursor carries the chain
hash, and a follower of the old history finds that its own does not fit. docs/mechanisms/backup.md.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from whimbrel import config
from whimbrel.core import linked_core
from whimbrel.engines.backup.building import JournalBuilder
from whimbrel.engines.backup.choosing import Layer, Plan, Until, plan
from whimbrel.engines.backup.choosing import until_of as until_of
from whimbrel.engines.backup.copying import count_rows, fetch_store
from whimbrel.engines.backup.documents import Backup, Segment
from whimbrel.engines.backup.holding import ClaimRows, claims_in, described, keys_held
from whimbrel.engines.backup.keeping import find_backups, image_of
from whimbrel.engines.backup.objects import fetch, fetch_in_order
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.applying import Applying
from whimbrel.engines.store.migrations import migrate_in_place
from whimbrel.engines.store.numbered import refuse_newer_store, store_in
from whimbrel.engines.store.snapshots import take_snapshot, verify_snapshot
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.standing import Standing, check_against
from whimbrel.engines.store.writer import OtherSchema, StoreWriter, schema_hash_of
from whimbrel.engines.syncing import sync
from whimbrel.follow_ups import CONTENT
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Conflict, Corrupt, Invalid, Unavailable
from whimbrel.kernel.events import Appended, Group
from whimbrel.kernel.ids import time_of
from whimbrel.kernel.limits import BATCH_GROUPS_MAX, FOLLOW_READ_RECORDS_MAX, RESTORE_FOLLOW_SECONDS
from whimbrel.microblog.again import TOKEN_KEYS, taken_away
from whimbrel.microblog.keys import DELETION_KEYS
from whimbrel.rooms import follows
from whimbrel.upkeep import JOURNAL, Finding, OnProgress, verify

_MARK: Final = ".restoring"
_STORE: Final = "store.image"


class NoRoomToRestore(Unavailable):
    """The disk has too little room for what the backup holds."""

    code = "no_room"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore came to. `applied`: events that the store took in behind its image; `taken_away_again`: deletions
    and revocations from after the moment that was restored; `erased`: records whose content was blanked on the way."""

    backup: str
    release: str
    sequence: int
    time_ms: int
    begins_after: int
    records: int
    store_bytes: int
    bytes: int
    applied: int
    parked: int
    erased: int
    taken_away_again: int
    seconds: float
    bytes_per_second: int


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a rehearsal found; whole when there are no findings."""

    restored: Restored
    tables: int
    findings: tuple[Finding, ...]
    seconds: float


def restore(place: Place, data: Path, until: Until | None, on_progress: OnProgress) -> Restored:
    """Make the data directory `data`, which must not exist or be empty.

    Raises Conflict (it holds something), Invalid (there is no such backup), Corrupt (the place), NoRoomToRestore.
    """
    refuse_what_holds_something(data)
    with _beside(data) as building:
        restored = _Restoring(place, building, on_progress).run(until)
        _settle(building, data)
    return restored


def rehearse(place: Place, until: Until | None, on_progress: OnProgress, *, folder: Path | None = None) -> Rehearsed:
    """Restore into a temporary place (below `folder`), check everything there is, and leave nothing behind."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="whimbrel-rehearsal-", dir=folder) as name:
        data = Path(name) / "data"
        data.mkdir(mode=0o700)
        restoring = _Restoring(place, data, on_progress)
        restored = restoring.run(until, rehearsal=True)
        if restored.begins_after:
            _stand_for_what_was_trimmed(data, on_progress)
        verified = verify(data, on_progress)
        return Rehearsed(
            restored=restored,
            tables=len(restoring.rows),
            findings=(*restoring.findings, *verified.findings),
            seconds=round(time.perf_counter() - began, 3),
        )


def backups_at(place: Place) -> tuple[list[Backup], dict[str, str]]:
    """Every backup at a place, newest first; and the manifests that cannot be read, with why."""
    found = find_backups(place)
    return found.backups, found.damaged


def refuse_what_holds_something(data: Path) -> None:
    """Raise Conflict unless there is nothing at `data`, or an empty directory."""
    if data.is_symlink() or data.exists():
        if not data.is_dir():
            raise Conflict(f'data: "{data}" is not a directory')
        if any(data.iterdir()):
            raise Conflict(f'data: "{data}" is not empty: expected the name of a new directory')


class _Stopped(Exception):
    """The other half of the restore has failed: this half need not go on."""


class _Restoring:
    """One restore into the empty directory `data`."""

    def __init__(self, place: Place, data: Path, on_progress: OnProgress) -> None:
        self._place, self._data = place, data
        self._on_progress = on_progress
        self._done = self._total = 0
        self._stopping = False
        self._counting = threading.Lock()
        self.rows: dict[str, int] = {}
        self.findings: list[Finding] = []

    def run(self, until: Until | None, *, rehearsal: bool = False) -> Restored:
        began = time.perf_counter()
        backups = self._backups()
        wanted = plan(self._place, backups, until)
        self._need_room_for(wanted)
        self._restore_files(wanted.layers[-1].backup)
        with ThreadPoolExecutor(1, "store") as pool:  # the store comes from the disk while records are checked here
            store = pool.submit(self._restore_store, wanted.layers[0])
            try:
                builder = self._restore_journal(wanted)
            except BaseException:
                self._stopping = True
                raise
            store.result()
        if rehearsal:
            self._compare_rows(wanted.layers[0])
        standing, applied = self._apply(wanted)
        again = self._take_away_again(wanted, backups) if until is not None else 0
        seconds = time.perf_counter() - began
        newest = wanted.layers[-1].backup
        return Restored(
            backup=newest.name,
            release=newest.release,
            sequence=wanted.last,
            time_ms=standing.time_ms,
            begins_after=builder.beginning,
            records=wanted.last - builder.beginning,
            store_bytes=wanted.layers[0].image.store.bytes,
            bytes=self._done,
            applied=applied,
            parked=standing.parked,
            erased=builder.erased,
            taken_away_again=again,
            seconds=round(seconds, 3),
            bytes_per_second=round(self._done / seconds),
        )

    def _backups(self) -> list[Backup]:
        found = find_backups(self._place)
        if found.damaged:
            name, why = next(iter(found.damaged.items()))
            newest = found.backups[0].name if found.backups else ""
            if name > newest:
                raise Corrupt("The newest backup is damaged.", log=f"{why}; remove {name} to restore an older one")
        return found.backups

    def _need_room_for(self, wanted: Plan) -> None:
        store = wanted.layers[0].image.store.bytes
        claims = sum(part.bytes for layer in wanted.layers for part in layer.image.claims)
        self._total = store + claims + sum(part.bytes for part in wanted.segments)
        free = shutil.disk_usage(self._data).free
        if free < self._total + self._total // 5:
            text = f"There is no room to restore: {self._total:,} bytes are wanted, {free:,} are free."
            raise NoRoomToRestore(text, log=f"{text} At {self._data}")

    def _restore_files(self, backup: Backup) -> None:
        for part in backup.files:
            path = self._data / part.name
            if self._data.resolve() not in path.resolve().parents:
                raise Corrupt("The backup is damaged.", log=f"{backup.name}: a file is named {part.name}")
            path.parent.mkdir(mode=0o700, exist_ok=True)
            content = fetch(self._place, part.hash, f"the file {part.name}")
            with open(path, "xb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def _restore_store(self, layer: Layer) -> None:
        before = 0

        def advance(done: int, _total: int) -> None:
            nonlocal before
            if self._stopping:
                raise _Stopped
            self._count(done - before)
            before = done

        fetch_store(self._place, layer.image.store, self._data / _STORE, advance)

    def _restore_journal(self, wanted: Plan) -> JournalBuilder:
        builder = JournalBuilder(self._data / JOURNAL, wanted.last)
        try:
            for layer in wanted.layers:
                self._take_layer(builder, layer)
            end = wanted.layers[-1].backup
            if builder.sequence != wanted.last:
                raise Corrupt("The backup is damaged.", log=f"{end.name}: it ends with record {builder.sequence}")
            if wanted.last == end.sequence and builder.chain.hex() != end.chain:
                raise Corrupt("The backup is damaged.", log=f"{end.name}: the chain hash at its end is another one")
            builder.erase(DELETION_KEYS, CONTENT)
            builder.finish()
        finally:
            builder.close()
        return builder

    def _take_layer(self, builder: JournalBuilder, layer: Layer) -> None:
        claims = [(part.hash, f"claims, piece {number}") for number, part in enumerate(layer.image.claims, 1)]
        for part, rows in zip(layer.image.claims, fetch_in_order(self._place, claims, ClaimRows), strict=True):
            builder.take_claims(rows)
            self._count(part.bytes)
        segments = fetch_in_order(self._place, described(layer.segments), Segment)
        for one, segment in zip(layer.segments, segments, strict=True):
            builder.take(segment)
            self._count(one.bytes)

    def _compare_rows(self, layer: Layer) -> None:
        self.rows = count_rows(self._data / _STORE)
        for table, count in sorted(layer.image.store.rows.items()):
            if self.rows.get(table) != count:
                what = f"{count} rows when it was backed up, {self.rows.get(table)} restored"
                self.findings.append(Finding("backup", f"table {table}", what))

    def _apply(self, wanted: Plan) -> tuple[Standing, int]:
        """Give the store its name, and let it take in the records behind its image."""
        store = store_in(self._data)
        (self._data / _STORE).rename(store)
        refuse_newer_store(store)
        journal = JournalReader(self._data / JOURNAL)
        writer = _opened(store)
        try:
            standing = writer.standing()
            image = wanted.layers[0].image.store
            if (standing.sequence, standing.chain.hex()) != (image.sequence, image.chain):
                raise Corrupt("The backup is damaged.", log=f"the store stands at {standing.sequence}")
            check_against(journal, standing)
            applied = self._follow(writer, journal, wanted.last)
            standing = writer.standing()
            check_against(journal, standing)
            if standing.sequence != wanted.last or not writer.empty_log():
                raise Corrupt("The restored store does not follow.", log=f"it stands at {standing.sequence}")
            return standing, applied
        finally:
            writer.close()
            journal.close()
            sync(store)

    def _follow(self, writer: StoreWriter, journal: JournalReader, last: int) -> int:
        _, decode, apply, subjects, *_ = follows()
        applying = Applying(writer, decode, apply, subjects=subjects)
        if writer.standing().parked:
            applying.replay_parked()
        first = sequence = writer.standing().sequence
        while records := journal.read(after=sequence, limit=FOLLOW_READ_RECORDS_MAX, up_to=last):
            sequence = applying.apply_batch(records).sequence
            self._on_progress("applied", sequence - first, last - first)
        return sequence - first

    def _take_away_again(self, wanted: Plan, backups: Sequence[Backup]) -> int:
        deleted, revoked = self._gone_since(wanted, backups)
        newest = max(one.event_id for one in backups)
        _open_above(self._data / JOURNAL, newest)
        store = SqliteStore(store_in(self._data))
        try:
            with store.reading() as rows:
                groups = taken_away(rows, deleted, revoked)
        finally:
            store.close()
        if groups:
            asyncio.run(self._append(groups))
            shutil.rmtree(self._data / "run", ignore_errors=True)
        return len(groups)

    def _gone_since(self, wanted: Plan, backups: Sequence[Backup]) -> tuple[list[int], list[int]]:
        """What the newest backup of each history knows to be deleted, and which tokens its own knows no more."""
        history = wanted.layers[-1].backup.history
        deleted: set[int] = set()
        revoked: list[int] = []
        for backup in {one.history: one for one in reversed(backups)}.values():
            held = keys_held(self._place, Layer(backup, image_of(self._place, backup)), (*DELETION_KEYS, TOKEN_KEYS))
            since = wanted.last if backup.history == history else 0
            deleted |= {one.id for key, one in held.items() if key.startswith(DELETION_KEYS) and one.sequence > since}
            if backup.history == history:
                revoked = [id_ for key, id_ in claims_in(self._data / JOURNAL, TOKEN_KEYS) if key not in held]
        return sorted(deleted), revoked

    async def _append(self, groups: Sequence[Group]) -> None:
        tree = config.read({"data": str(self._data)}, os.environ).config
        async with linked_core(tree) as link:
            for start in range(0, len(groups), BATCH_GROUPS_MAX):
                piece = groups[start : start + BATCH_GROUPS_MAX]
                outcomes = await asyncio.gather(*(link.append(group) for group in piece))
                self._on_progress("deleted again", sum(type(one) is Appended for one in outcomes) + start, len(groups))
            await _all_followed(link)

    def _count(self, size: int) -> None:
        with self._counting:
            self._done += size
            self._on_progress("restored", self._done, self._total)


async def _all_followed(link: CoreLink) -> None:
    """Wait until the store has taken in everything; what follows a deletion by itself comes at the next start."""
    if not await link.store_reached(link.head.head, RESTORE_FOLLOW_SECONDS):
        raise Unavailable("The restored store does not take in what was deleted since.")


def _opened(store: Path) -> StoreWriter:
    """The restored store; one that an older release has made is brought to this one's schema."""
    schemas, *_, migrations = follows()
    try:
        return StoreWriter(store, schemas, synchronous="OFF")
    except OtherSchema as error:
        if not migrate_in_place(store, migrations, schema_hash_of(schemas)):
            text = "The backup was made by a release whose store this one cannot read: restore it with that release."
            raise OtherSchema(text, log=str(error)) from error
        return StoreWriter(store, schemas, synchronous="OFF")


def _open_above(path: Path, newest_id: int) -> None:
    """Append a barrier whose id is above every id that was ever seen, whatever this machine's clock says."""
    SqliteJournal(path, clock=lambda: max(wall_clock_ms(), time_of(newest_id) + 1)).close()


def _stand_for_what_was_trimmed(data: Path, on_progress: OnProgress) -> None:
    """A snapshot beside a restored journal that does not begin at its beginning, as every such journal has one."""
    reader = JournalReader(data / JOURNAL)
    try:
        verify_snapshot(take_snapshot(data, on_progress=on_progress, gentle=False), reader, on_progress=on_progress)
    finally:
        reader.close()


@contextmanager
def _beside(data: Path) -> Iterator[Path]:
    """A directory beside `data` to build in: swept of what an interrupted restore has left, removed on an error."""
    building = data.with_name(f"{data.name}{_MARK}")
    mark = building / _MARK
    if building.exists() and not mark.exists():
        raise Conflict(f'"{building}" is in the way: a restore builds there')
    building.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f'"{data}" is being restored already') from error
        try:
            _empty(building, but=mark)
            yield building
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
    finally:
        os.close(lock)


def _empty(folder: Path, *, but: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != but:
            path.unlink()


def _settle(building: Path, data: Path) -> None:
    """Give what was built its name, for good."""
    sync(building)
    try:
        building.rename(data)
    except OSError as error:
        raise Invalid(f'"{data}" cannot be made: {error.strerror}; expected a name on one file system') from error
    (data / _MARK).unlink()
    sync(data)
    sync(data.parent)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_CLOEXEC, 0o600)
