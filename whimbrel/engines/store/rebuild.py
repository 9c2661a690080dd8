"""Rebuilding the store: a new file from a snapshot and the journal, beside the old one, then the switch.

The old store serves until the moment of the switch, and a crash at any time leaves either the old one or none, never
half of one: the new file is whole and synced before it gets its name, and the old main file is removed before its log,
so that no file ever lies beside a log that is not its own. In the instant in between there is no store, which readers
answer from memory (StoreUnavailable).

It begins with the first snapshot that is whole and of this version's schema; one that turns out damaged says so in its
manifest and is passed over. Without any it begins with nothing, which takes a journal that was never trimmed. To begin
with a snapshot is always faster: copying a row costs a hundredth of what applying its events does.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from whimbrel.engines.store.applying import Apply, Applying, Decode
from whimbrel.engines.store.files import put_in_place, remove_files
from whimbrel.engines.store.migrations import Migration, migrate_in_place
from whimbrel.engines.store.parked import PLAIN_SUBJECTS, Subjects
from whimbrel.engines.store.snapshot_files import checksum_of
from whimbrel.engines.store.snapshots import Snapshot, note_damage
from whimbrel.engines.store.standing import Past
from whimbrel.engines.store.writer import OtherSchema, StoreWriter, schema_hash_of
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX

_log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]


def rebuild(
    path: Path,
    schemas: Sequence[str],
    journal: Past,
    *,
    decode: Decode,
    apply: Apply,
    subjects: Subjects = PLAIN_SUBJECTS,
    snapshots: Sequence[Snapshot] = (),
    migrations: Sequence[Migration] = (),
    on_progress: OnProgress | None = None,
) -> int:
    """Replace the store at `path` by one made from `journal`; returns the sequence at which it stands.

    `snapshots` are what it may begin with, the preferred one first (snapshots.fitting); `migrations` bring one of an
    older release to this one's schema. The writer of the old store must be closed. `on_progress` is told
    (sequence, head) after each piece. Raises Corrupt when the journal no longer holds its beginning and no snapshot
    stands for it, JournalUnavailable when it cannot be read.
    """
    beside = path.with_name(path.name + ".building")
    head, _ = journal.head()
    advance = on_progress or _nobody
    begin = _Beginning(beside, schemas, migrations, lambda: advance(0, head))
    try:
        writer = begin.from_snapshot(snapshots) or begin.from_nothing(journal)
        try:
            applying = Applying(writer, decode, apply, subjects=subjects)
            standing = writer.standing()
            if standing.parked:
                applying.replay_parked()  # as at an opening: this version may know what an older one did not
            sequence = _follow(applying, journal, standing.sequence, advance)
            if not writer.empty_log():
                raise StoreUnavailable("The new store is in use.", log=f"somebody reads {beside}")
        finally:
            writer.close()
    except BaseException:
        remove_files(beside)  # half a store is of no use, and on a full disk it takes the room of what is
        raise
    put_in_place(beside, path)
    return sequence


class _Beginning:
    """How the new store begins: as a copy of a snapshot, or empty. `alive` raises when nobody wants it any more."""

    def __init__(
        self, path: Path, schemas: Sequence[str], migrations: Sequence[Migration], alive: Callable[[], None]
    ) -> None:
        self._path, self._schemas, self._migrations, self._alive = path, schemas, migrations, alive

    def from_snapshot(self, snapshots: Sequence[Snapshot]) -> StoreWriter | None:
        """The first that can be used; None when none can."""
        for snapshot in snapshots:
            try:
                self._copy(snapshot)
                return self._opened()
            except Corrupt as error:
                facts = {"sequence": snapshot.sequence, "error": f"{error.public} {error}"}
                _log.error("a snapshot is passed over", extra=facts)
        return None

    def from_nothing(self, journal: Past) -> StoreWriter:
        """An empty one. Raises Corrupt where the journal cannot fill it."""
        trimmed, _ = journal.beginning()
        if trimmed:
            raise Corrupt(
                "The store cannot be built again.",
                log=f"the journal begins after record {trimmed}, and no snapshot is left that fits: restore a backup",
            )
        remove_files(self._path)
        return StoreWriter(self._path, self._schemas, synchronous="OFF")

    def _copy(self, snapshot: Snapshot) -> None:
        remove_files(self._path)
        try:
            checksum = checksum_of(snapshot.store, lambda *_: self._alive(), copy_to=self._path)
        except OSError as error:
            raise StoreUnavailable("A snapshot cannot be copied.", log=f"{snapshot.store}: {error}") from error
        if checksum != snapshot.checksum:
            note_damage(snapshot, f"{snapshot.store}: its checksum is not the one in its manifest")
            raise Corrupt("The snapshot is damaged.", log=f"{snapshot.store}: its checksum differs")

    def _opened(self) -> StoreWriter:
        try:
            return StoreWriter(self._path, self._schemas, synchronous="OFF")
        except OtherSchema:
            if not migrate_in_place(self._path, self._migrations, schema_hash_of(self._schemas)):
                raise
            return StoreWriter(self._path, self._schemas, synchronous="OFF")


def _follow(applying: Applying, journal: Past, sequence: int, advance: OnProgress) -> int:
    head, _ = journal.head()
    while records := journal.read(after=sequence, limit=FOLLOW_READ_RECORDS_MAX, up_to=head):
        if records[0].sequence != sequence + 1:
            raise Corrupt("The journal was trimmed meanwhile.", log=f"record {sequence + 1} is gone")
        sequence = applying.apply_batch(records).sequence
        advance(sequence, head)
    return sequence


def _nobody(_sequence: int, _head: int) -> None:
    """Progress that nobody asked for."""
