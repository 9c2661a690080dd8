"""`whimbrel backup`: what is sent, when everything anew and when only what is new, and what expires.

Promises: works beside a running server and on the files of a stopped one; takes no lock of the journal, reads nothing
that is not durable; the manifest is written last, so a backup that is interrupted leaves the last good one as it was,
and what it has sent is of use to the next. One backup of a data directory at a time.

A backup holds everything that a server needs to go on under its name, its secrets included: it is as secret as the
data directory. docs/mechanisms/backup.md tells how it is made, docs/decisions/0013 why so.
"""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from whimbrel import __version__
from whimbrel.engines.backup.copying import send_store
from whimbrel.engines.backup.documents import (
    OBJECTS,
    Backup,
    FilePart,
    Image,
    Part,
    SegmentPart,
    manifest_of,
    parts_of,
)
from whimbrel.engines.backup.keeping import Swept, expired, find_backups, image_of, sweep
from whimbrel.engines.backup.objects import Sender, send_value
from whimbrel.engines.backup.pace import Pace
from whimbrel.engines.backup.place import Place as Place
from whimbrel.engines.backup.place import open_place as open_place
from whimbrel.engines.backup.reading import JournalSource
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.snapshots import Busy, Snapshot, newest_fitting
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import Corrupt, Invalid, JournalUnavailable, StoreUnavailable, Unavailable
from whimbrel.kernel.giving_way import give_way
from whimbrel.kernel.limits import (
    BACKUP_ERASED_WITHIN_MS,
    BACKUP_IMAGE_AGE_MS_MAX,
    BACKUP_KEEP_DAYS,
    BACKUP_RECORDS_SINCE_IMAGE_MAX,
    BACKUP_SNAPSHOT_AGE_MS_MAX,
    BACKUP_SNAPSHOT_POLL_SECONDS,
    BACKUP_SNAPSHOT_WAIT_SECONDS,
)
from whimbrel.microblog.vocabulary import DELETIONS
from whimbrel.snapshotting import make_snapshot
from whimbrel.upkeep import OnProgress, durable_head, is_running, journal_in

FILES: Final = ("whimbrel.toml", "secrets/*")
"""The small files of a data directory that belong to it, besides journal and store."""


class BackupRuns(Unavailable):
    """Somebody else makes a backup of this data directory at this moment."""

    code = "backup_runs"


class Wishes(NamedTuple):
    """What the operator asked for: a new image in any case, and which backups stay (`keep` goes before `keep_days`)."""

    full: bool = False
    keep: int | None = None
    keep_days: float = BACKUP_KEEP_DAYS


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup came to. `image` says why everything was looked through, empty when only what is new was sent.

    `postponed`: why a new image that was due was not made; the backup is good without it.
    """

    name: str
    sequence: int
    image: str
    postponed: str
    objects_sent: int
    bytes_sent: int
    seconds: float
    expired: int
    swept_objects: int
    swept_bytes: int
    damaged: tuple[str, ...]


def back_up(
    data: Path, place: Place, wishes: Wishes, on_progress: OnProgress, *, clock: Clock = wall_clock_ms
) -> BackedUp:
    """Make a backup of this data directory.

    Raises NotFound (no journal), Invalid (the place lies in it), BackupRuns, PlaceUnavailable, Unavailable.
    """
    journal_in(data)
    if place.lies_in(data):
        raise Invalid(f'"{place.shown}" lies in the data directory: expected a place that is there when that is gone')
    ended = threading.Event()

    def advance(what: str, done: int, total: int) -> None:
        if ended.is_set():
            raise _Interrupted
        on_progress(what, done, total)

    with _alone(data), ThreadPoolExecutor(1, "backup", initializer=give_way) as pool:
        try:
            return pool.submit(lambda: _Backing(data, place, advance, clock).run(wishes)).result()
        finally:
            ended.set()


class _Interrupted(Exception):
    """The one who asked for the backup waits no more."""


class _Last(NamedTuple):
    """The backup on which the next one builds, and why it cannot, or had better not."""

    backup: Backup | None
    image: Image | None
    must: str
    should: str


class _Basis(NamedTuple):
    """What a manifest says of the image that its backup builds on, and the segments since (documents.Backup)."""

    history: str
    image: Part
    image_sequence: int
    image_made_ms: int
    store_sequence: int
    store_time_ms: int
    deletions: int
    segments: tuple[SegmentPart, ...]


class _Backing:
    """One backup in the making."""

    def __init__(self, data: Path, place: Place, on_progress: OnProgress, clock: Clock) -> None:
        self._data, self._place, self._clock = data, place, clock
        self._on_progress = on_progress
        self._pace = Pace(gentle=is_running(data))

    def run(self, wishes: Wishes) -> BackedUp:
        began, made_ms = time.perf_counter(), self._clock()
        found = find_backups(self._place)
        there = {one.name.rpartition("/")[2]: one.bytes for one in self._place.list(OBJECTS)}
        last = self._last(found.backups, there, wishes)
        with Sender(self._place, there) as sender:
            backup, postponed = self._send(sender, last, made_ms)
            sender.wait()
            self._place.put(backup.name, manifest_of(backup))
            self._place.settle()
        swept = self._expire([one.name for one in found.backups] + [backup.name], wishes)
        return BackedUp(
            name=backup.name,
            sequence=backup.sequence,
            image="" if postponed else last.must or last.should,
            postponed=postponed,
            objects_sent=sender.objects,
            bytes_sent=sender.bytes,
            seconds=round(time.perf_counter() - began, 3),
            expired=swept.backups,
            swept_objects=swept.objects,
            swept_bytes=swept.bytes,
            damaged=tuple(f"{name}: {why}" for name, why in found.damaged.items()),
        )

    def _last(self, backups: list[Backup], there: dict[str, int], wishes: Wishes) -> _Last:
        if not backups:
            return _Last(None, None, "it is the first backup at this place", "")
        last = backups[0]
        with self._source(durable_head(self._data)) as source:
            beginning, _ = source.beginning()
            at = source.at(last.sequence) if last.sequence <= source.moment else None
        if last.sequence < beginning:
            return _Last(last, None, f"the journal was trimmed past record {last.sequence}, where the last ended", "")
        if at is None or at.chain.hex() != last.chain:
            return _Last(None, None, "the journal is another one than that of the last backup", "")
        try:
            image = image_of(self._place, last)
        except Corrupt as error:
            return _Last(last, None, f"the last backup is damaged: {error}", "")
        if short := [hash_ for hash_, size in parts_of(last, image) if there.get(hash_) != size]:
            return _Last(last, None, f"{len(short)} objects of the last backup are missing or cut short", "")
        if wishes.full:
            return _Last(last, image, "it was asked for", "")
        return _Last(last, image, "", self._why_anew(last, source.moment))

    def _why_anew(self, last: Backup, head: int) -> str:
        since = head - last.store_sequence
        if since > BACKUP_RECORDS_SINCE_IMAGE_MAX:
            return f"{since:,} records have come since the last image"
        if last.deletions and self._clock() - last.image_made_ms > BACKUP_IMAGE_AGE_MS_MAX:
            return "the last image holds what was deleted since"
        return ""

    def _send(self, sender: Sender, last: _Last, made_ms: int) -> tuple[Backup, str]:
        if last.backup is None or last.image is None or last.must or last.should:
            try:
                return self._everything(sender, last, made_ms), ""
            except Unavailable as error:
                if last.must or last.backup is None or last.image is None:
                    raise
                return self._what_is_new(sender, last.backup, made_ms), str(error)
        return self._what_is_new(sender, last.backup, made_ms), ""

    def _everything(self, sender: Sender, last: _Last, made_ms: int) -> Backup:
        snapshot = self._snapshot()
        store = send_store(sender, snapshot, self._pace, lambda *at: self._on_progress("store sent", *at))
        with self._source(durable_head(self._data)) as source:
            beginning, _ = source.beginning()
            if beginning > store.sequence:
                raise JournalUnavailable(
                    "The journal was trimmed past the image that was sent; try again.", log=f"past {store.sequence}"
                )
            segments = self._segments(sender, source, beginning, with_claims=False)
            claims = self._claims(sender, source)
            erased_ms = snapshot.made_ms - BACKUP_ERASED_WITHIN_MS  # erasing follows deleting a little later
            deletions = source.deletions(DELETIONS, after=store.sequence, since_ms=erased_ms)
            image = Image(
                made_ms=snapshot.made_ms, sequence=source.moment, store=store, claims=claims, segments=segments
            )
            hash_, size = send_value(sender, image)
            basis = _Basis(
                history=last.backup.history if last.backup else secrets.token_hex(8),
                image=Part(hash_, size),
                image_sequence=source.moment,
                image_made_ms=snapshot.made_ms,
                store_sequence=store.sequence,
                store_time_ms=store.time_ms,
                deletions=deletions,
                segments=(),
            )
            return self._manifest(sender, source, basis, made_ms)

    def _what_is_new(self, sender: Sender, last: Backup, made_ms: int) -> Backup:
        with self._source(durable_head(self._data)) as source:
            fresh = self._segments(sender, source, last.sequence, with_claims=True)
            basis = _Basis(*[getattr(last, name) for name in _Basis._fields])
            basis = basis._replace(
                deletions=last.deletions + sum(one.deletions for one in fresh), segments=last.segments + fresh
            )
            return self._manifest(sender, source, basis, made_ms)

    def _manifest(self, sender: Sender, source: JournalSource, basis: "_Basis", made_ms: int) -> Backup:
        at = source.at(source.moment)
        if at is None:
            raise JournalUnavailable("The journal was trimmed while it was read; try again.")
        return Backup(
            **basis._asdict(),
            release=__version__,
            made_ms=made_ms,
            sequence=source.moment,
            chain=at.chain.hex(),
            event_id=at.event_id,
            time_ms=at.time_ms,
            files=self._files(sender),
        )

    def _segments(
        self, sender: Sender, source: JournalSource, after: int, *, with_claims: bool
    ) -> tuple[SegmentPart, ...]:
        parts = []
        for segment in source.segments(after, with_claims=with_claims):
            hash_, size = send_value(sender, segment)
            part = SegmentPart(
                after=segment.after,
                up_to=segment.records[-1][0],
                last_ms=segment.records[-1][5],
                deletions=sum(1 for row in segment.records if row[3] in DELETIONS),
                hash=hash_,
                bytes=size,
            )
            parts.append(part)
            self._on_progress("journal sent", part.up_to - after, source.moment - after)
        return tuple(parts)

    def _claims(self, sender: Sender, source: JournalSource) -> tuple[Part, ...]:
        total, done, parts = source.count_claims(), 0, []
        for piece in source.claims():
            parts.append(Part(*send_value(sender, piece)))
            done += len(piece)
            self._on_progress("claims sent", min(done, total), total)
        return tuple(parts)

    def _files(self, sender: Sender) -> tuple[FilePart, ...]:
        found = sorted(path for pattern in FILES for path in self._data.glob(pattern) if path.is_file())
        parts = []
        for path in found:
            content = path.read_bytes()
            name = str(path.relative_to(self._data))
            parts.append(FilePart(name=name, hash=sender.send(content), bytes=len(content)))
        return tuple(parts)

    def _snapshot(self) -> Snapshot:
        """A verified snapshot of the store: the newest, if it is young, else one that is made now.

        When somebody makes one already (the core, by its schedule) that one is waited for.
        """
        ends = time.monotonic() + BACKUP_SNAPSHOT_WAIT_SECONDS
        while True:
            try:
                return self._young_snapshot() or make_snapshot(
                    self._data, on_progress=self._snapping, gentle=is_running(self._data)
                )
            except Busy:
                if time.monotonic() > ends:
                    raise
            time.sleep(BACKUP_SNAPSHOT_POLL_SECONDS)

    def _young_snapshot(self) -> Snapshot | None:
        reader = JournalReader(journal_in(self._data))
        try:
            newest = newest_fitting(self._data, self._schema_hash(), reader)
        finally:
            reader.close()
        young = newest is not None and self._clock() - newest.made_ms <= BACKUP_SNAPSHOT_AGE_MS_MAX
        return newest if young else None

    def _schema_hash(self) -> bytes | None:
        store = SqliteStore(store_in(self._data))
        try:
            return store.standing().schema_hash
        except StoreUnavailable:
            return None
        finally:
            store.close()

    def _snapping(self, what: str, done: int, total: int) -> None:
        self._on_progress(f"snapshot {what}", done, total)

    def _expire(self, names: list[str], wishes: Wishes) -> Swept:
        gone = expired(names, self._clock(), keep=wishes.keep, keep_days=wishes.keep_days)
        return sweep(self._place, gone, self._clock())

    @contextmanager
    def _source(self, moment: int) -> Iterator[JournalSource]:
        source = JournalSource(journal_in(self._data), moment, between=self._pace.pause)
        try:
            yield source
        finally:
            source.close()


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    run = data / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(run / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRuns("A backup of this data directory is being made already.") from error
        yield
    finally:
        os.close(lock)
