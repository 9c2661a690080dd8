"""Which backups are kept, and which objects nobody needs any more.

Backups expire like every other copy (rule 12), but never the newest few: a server whose backups have failed for
a month must not lose the last good one by making another. An object is removed when no manifest leads to it, and when
it is old: a younger one may belong to a backup that is being made.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from whimbrel.engines.backup.documents import (
    BACKUPS,
    OBJECTS,
    Backup,
    Image,
    is_manifest,
    made_ms_of,
    parts_of,
    read_image,
    read_manifest,
)
from whimbrel.engines.backup.objects import fetch
from whimbrel.engines.backup.place import Place
from whimbrel.kernel.errors import Corrupt, NotFound
from whimbrel.kernel.limits import BACKUP_LEFTOVER_MS, BACKUP_OBJECTS_AT_ONCE, BACKUPS_KEPT_MIN

_DAY_MS = 24 * 3_600_000


class Found(NamedTuple):
    """What lies at a place: backups, newest first; and manifests that cannot be read, with why."""

    backups: list[Backup]
    damaged: dict[str, str]


class Swept(NamedTuple):
    """What was removed."""

    backups: int
    objects: int
    bytes: int


def find_backups(place: Place) -> Found:
    """Every backup at a place."""
    names = sorted((one.name for one in place.list(BACKUPS) if is_manifest(one.name)), reverse=True)
    with ThreadPoolExecutor(BACKUP_OBJECTS_AT_ONCE, "manifests") as pool:
        found = list(pool.map(lambda name: _manifest(place, name), names))
    backups = [one for one in found if isinstance(one, Backup)]
    return Found(backups, {name: one for name, one in zip(names, found, strict=True) if isinstance(one, str)})


def image_of(place: Place, backup: Backup) -> Image:
    """The listing that a backup begins with. Raises Corrupt."""
    what = f"the listing of backup {backup.name}"
    return read_image(f"{place.shown}: {what}", fetch(place, backup.image.hash, what))


def expired(names: Sequence[str], now_ms: int, *, keep: int | None, keep_days: float) -> list[str]:
    """Which of these manifests go: all but the newest `keep`, or else what is older than `keep_days`.

    The newest BACKUPS_KEPT_MIN always stay, as far as `keep` does not say less.
    """
    newest_first = sorted(names, reverse=True)
    if keep is not None:
        return newest_first[max(1, keep) :]
    return [name for name in newest_first[BACKUPS_KEPT_MIN:] if now_ms - made_ms_of(name) > keep_days * _DAY_MS]


def sweep(place: Place, gone: Iterable[str], now_ms: int) -> Swept:
    """Remove these manifests, then every old object to which no other manifest leads.

    Nothing but the manifests goes when one that is left cannot be read: what it needs is not known.
    """
    removed = list(gone)
    place.delete(removed)
    place.drop_unfinished((BACKUPS, OBJECTS), now_ms - BACKUP_LEFTOVER_MS)
    left = find_backups(place)
    if left.damaged:
        return Swept(len(removed), 0, 0)
    try:
        needed = _needed(place, left.backups)
    except Corrupt:
        return Swept(len(removed), 0, 0)
    every = place.list(OBJECTS)
    idle = [one for one in every if _hash(one.name) not in needed and one.put_ms < now_ms - BACKUP_LEFTOVER_MS]
    place.delete(one.name for one in idle)
    return Swept(len(removed), len(idle), sum(one.bytes for one in idle))


def _manifest(place: Place, name: str) -> Backup | str | None:
    """A backup; or what is wrong with its manifest; or nothing, when it expired while we looked."""
    try:
        return read_manifest(name, place.get(name))
    except Corrupt as error:
        return str(error)
    except NotFound:
        return None


def _needed(place: Place, backups: Iterable[Backup]) -> set[str]:
    images: dict[str, Image] = {}
    needed: set[str] = set()
    for backup in backups:
        if backup.image.hash not in images:
            images[backup.image.hash] = image_of(place, backup)
        needed.update(hash_ for hash_, _ in parts_of(backup, images[backup.image.hash]))
    return needed


def _hash(name: str) -> str:
    return name.rpartition("/")[2]
