"""`whimbrel restore`: a data directory made of a backup, as of its end or of any moment before.

Promises: every object is checked against its checksum, every record against the chain, and the store against the
journal; what does not fit is refused with its place. The directory is built beside under another name and gets its own
when it is whole, so a restore that is interrupted leaves nothing that a server would start on. What people deleted
stays deleted, also when the moment that is restored lies before (taking_away.py).

Files are put together by engines/backup/assembling.py; here they become a data directory of this release, whose store
has taken in the whole journal.
"""

import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from whimbrel.engines.backup.assembling import Assembled, Assembling, Erasing, Paths
from whimbrel.engines.backup.beside import beside, settle
from whimbrel.engines.backup.choosing import Plan, plan
from whimbrel.engines.backup.choosing import Until as Until
from whimbrel.engines.backup.choosing import until_of as until_of
from whimbrel.engines.backup.copying import count_rows
from whimbrel.engines.backup.documents import Backup, StoreCopy
from whimbrel.engines.backup.keeping import find_backups
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.applying import Applying
from whimbrel.engines.store.migrations import migrate_in_place
from whimbrel.engines.store.numbered import refuse_newer_store, store_in
from whimbrel.engines.store.snapshots import take_snapshot, verify_snapshot
from whimbrel.engines.store.standing import Standing, check_against
from whimbrel.engines.store.writer import OtherSchema, StoreWriter, schema_hash_of
from whimbrel.engines.syncing import sync
from whimbrel.follow_ups import CONTENT
from whimbrel.kernel.errors import Conflict, Corrupt
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX
from whimbrel.microblog.keys import DELETION_KEYS
from whimbrel.rooms import follows
from whimbrel.taking_away import take_away_again
from whimbrel.upkeep import JOURNAL, Finding, OnProgress, verify

_STORE: Final = "store.image"
_ERASING: Final = Erasing(DELETION_KEYS, CONTENT)


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
    with beside(data) as building:
        restored = _Restoring(place, building, on_progress).run(until)
        settle(building, data)
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
            tables=restoring.tables,
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


class _Followed(NamedTuple):
    """Where the store stands when it has taken in the journal, and how many events that were."""

    standing: Standing
    applied: int


class _Restoring:
    """One restore into the empty directory `data`."""

    def __init__(self, place: Place, data: Path, on_progress: OnProgress) -> None:
        self._place, self._data, self._on_progress = place, data, on_progress
        self.tables = 0
        self.findings: list[Finding] = []

    def run(self, until: Until | None, *, rehearsal: bool = False) -> Restored:
        began = time.perf_counter()
        backups = self._backups()
        wanted = plan(self._place, backups, until)
        image = wanted.layers[0].image.store
        paths = Paths(self._data, self._data / JOURNAL, self._data / _STORE)
        files = Assembling(self._place, wanted, paths, lambda *at: self._on_progress("restored", *at)).run(_ERASING)
        if rehearsal:
            self._compare_rows(image)
        followed = self._let_follow(image, wanted.last)
        again = 0
        if until is not None:
            again = take_away_again(self._data, self._place, wanted, backups, self._on_progress)
        return _restored(wanted, files, followed, again, time.perf_counter() - began)

    def _backups(self) -> list[Backup]:
        found = find_backups(self._place)
        if found.damaged:
            name, why = next(iter(found.damaged.items()))
            newest = found.backups[0].name if found.backups else ""
            if name > newest:
                raise Corrupt("The newest backup is damaged.", log=f"{why}; remove {name} to restore an older one")
        return found.backups

    def _compare_rows(self, image: StoreCopy) -> None:
        rows = count_rows(self._data / _STORE)
        self.tables = len(rows)
        for table, count in sorted(image.rows.items()):
            if rows.get(table) != count:
                what = f"{count} rows when it was backed up, {rows.get(table)} restored"
                self.findings.append(Finding("backup", f"table {table}", what))

    def _let_follow(self, image: StoreCopy, last: int) -> _Followed:
        """Give the store its name, and let it take in the records behind its image."""
        store = store_in(self._data)
        (self._data / _STORE).rename(store)
        refuse_newer_store(store)
        journal = JournalReader(self._data / JOURNAL)
        writer = _opened(store)
        try:
            standing = writer.standing()
            if (standing.sequence, standing.chain.hex()) != (image.sequence, image.chain):
                raise Corrupt("The backup is damaged.", log=f"the store stands at {standing.sequence}")
            check_against(journal, standing)
            applied = self._follow(writer, journal, last)
            standing = writer.standing()
            check_against(journal, standing)
            if standing.sequence != last or not writer.empty_log():
                raise Corrupt("The restored store does not follow.", log=f"it stands at {standing.sequence}")
            return _Followed(standing, applied)
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


def _restored(wanted: Plan, files: Assembled, followed: _Followed, again: int, seconds: float) -> Restored:
    newest = wanted.layers[-1].backup
    return Restored(
        backup=newest.name,
        release=newest.release,
        sequence=wanted.last,
        time_ms=followed.standing.time_ms,
        begins_after=files.begins_after,
        records=wanted.last - files.begins_after,
        store_bytes=wanted.layers[0].image.store.bytes,
        bytes=files.bytes,
        applied=followed.applied,
        parked=followed.standing.parked,
        erased=files.erased,
        taken_away_again=again,
        seconds=round(seconds, 3),
        bytes_per_second=round(files.bytes / seconds),
    )


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


def _stand_for_what_was_trimmed(data: Path, on_progress: OnProgress) -> None:
    """A snapshot beside a restored journal that does not begin at its beginning, as every such journal has one."""
    reader = JournalReader(data / JOURNAL)
    try:
        verify_snapshot(take_snapshot(data, on_progress=on_progress, gentle=False), reader, on_progress=on_progress)
    finally:
        reader.close()
