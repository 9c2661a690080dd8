"""What lies in a place, as values: objects named by their content, and one manifest a backup.

    objects/<first two digits>/<BLAKE2b of 32 bytes, in hex>     never changed, shared by many backups
    backups/<time>-<sequence>.json                              written last: a backup exists when its manifest does

A manifest names an *image* (a listing of its own, because it is long and seldom new: the pieces of the store's copy,
the claims, the journal up to the image) and the journal's *segments* since. So an hourly backup of a server to which
little happens is a manifest and a short segment.

Listings and manifests are JSON, segments and pieces of claims small databases (packing.py). A manifest carries its own
checksum; of all else the name is the checksum.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import msgspec

from whimbrel.kernel.errors import Corrupt

FORMAT: Final = 2
OBJECTS: Final = "objects"
BACKUPS: Final = "backups"
_NAME: Final = re.compile(rf"{BACKUPS}/(\d{{8}}T\d{{9}}Z)-(\d+)\.json")


class Part(msgspec.Struct, frozen=True):
    """One object: its name's hash, and its size."""

    hash: str
    bytes: int


class SegmentPart(msgspec.Struct, frozen=True, kw_only=True):
    """One object with the records above `after` up to `up_to`, the last of which has the time `last_ms`.

    `deletions` says how many of them take something away.
    """

    after: int
    up_to: int
    last_ms: int
    deletions: int
    hash: str
    bytes: int


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """One small file of the data directory: its name from there on, and its content."""

    name: str
    hash: str
    bytes: int


class StoreCopy(msgspec.Struct, frozen=True, kw_only=True):
    """The store as of record `sequence` (chain hash and hash of the schema in hex), in pieces of `piece_bytes`.

    `rows` counts the rows of each table, for whoever wants to compare.
    """

    sequence: int
    chain: str
    time_ms: int
    schema_hash: str
    bytes: int
    piece_bytes: int
    pieces: tuple[str, ...]
    rows: dict[str, int]


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Everything as of record `sequence`: what a restore begins with. Times are milliseconds since 1970."""

    made_ms: int
    sequence: int
    store: StoreCopy
    claims: tuple[Part, ...]
    segments: tuple[SegmentPart, ...]


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One backup, up to record `sequence`, which has this chain hash (hex), event id and time.

    `history` is drawn once and kept as long as one journal goes on: after a restore to an earlier moment there are two
    histories with the same sequences. `image` is the listing; `image_sequence` and `store_sequence` say up to which
    record it and the store in it go. `deletions` counts those since the store was copied.
    """

    release: str
    made_ms: int
    history: str
    sequence: int
    chain: str
    event_id: int
    time_ms: int
    image: Part
    image_sequence: int
    image_made_ms: int
    store_sequence: int
    store_time_ms: int
    deletions: int
    segments: tuple[SegmentPart, ...]
    files: tuple[FilePart, ...]

    @property
    def name(self) -> str:
        """The manifest's name, in the order of time."""
        at = datetime.fromtimestamp(self.made_ms // 1_000, UTC).strftime("%Y%m%dT%H%M%S")
        return f"{BACKUPS}/{at}{self.made_ms % 1_000:03}Z-{self.sequence}.json"


class _Manifest(msgspec.Struct, frozen=True):
    format: int
    checksum: str
    backup: msgspec.Raw


class _Format(msgspec.Struct, frozen=True):
    format: int


def hash_of(content: bytes | memoryview) -> str:
    """The name of an object with this content."""
    return blake2b(content, digest_size=32).hexdigest()


def object_name(hash_: str) -> str:
    """Where an object lies."""
    return f"{OBJECTS}/{hash_[:2]}/{hash_}"


def manifest_of(backup: Backup) -> bytes:
    """A backup as its manifest says it."""
    body = msgspec.json.encode(backup)
    return msgspec.json.encode(_Manifest(FORMAT, hash_of(body), msgspec.Raw(body))) + b"\n"


def read_manifest(name: str, content: memoryview) -> Backup:
    """The backup that a manifest describes. Raises Corrupt for one that is damaged, or of a newer version."""
    try:
        format_ = msgspec.json.decode(content, type=_Format).format
        if format_ != FORMAT:
            text = f"{name} was made by another version."
            raise Corrupt(text, log=f"{name}: format {format_}, this version reads {FORMAT}")
        manifest = msgspec.json.decode(content, type=_Manifest)
        if hash_of(bytes(manifest.backup)) != manifest.checksum:
            raise Corrupt("The backup is damaged.", log=f"{name}: its checksum does not fit")
        backup = msgspec.json.decode(manifest.backup, type=Backup)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt("The backup is damaged.", log=f"{name}: {error}") from error
    if backup.name != name:
        raise Corrupt("The backup is damaged.", log=f"{name}: it says that it is {backup.name}")
    return backup


def is_manifest(name: str) -> bool:
    """Whether an object of this name is a backup's manifest."""
    return _NAME.fullmatch(name) is not None


def made_ms_of(name: str) -> int:
    """When the backup of this name was made, in milliseconds since 1970."""
    found = _NAME.fullmatch(name)
    assert found is not None
    at = datetime.strptime(found[1][:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000 + int(found[1][15:18])


def parts_of(backup: Backup, image: Image) -> Iterator[tuple[str, int]]:
    """The hashes of all objects that a restore of this backup reads, and how long each is."""
    store = image.store
    for number, piece in enumerate(store.pieces):
        yield piece, min(store.piece_bytes, store.bytes - number * store.piece_bytes)
    parts: list[Part | SegmentPart | FilePart] = [backup.image, *image.claims, *image.segments]
    for part in (*parts, *backup.segments, *backup.files):
        yield part.hash, part.bytes


def read_image(what: str, content: memoryview) -> Image:
    """The listing in an object. Raises Corrupt, naming `what`."""
    try:
        return msgspec.json.decode(content, type=Image)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt("The backup is damaged.", log=f"{what}: {error}") from error
