"""Which keys a backup's journal holds at its end, of those that begin in some way; for what was taken away since."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from whimbrel.engines.backup.choosing import Layer
from whimbrel.engines.backup.documents import Segment, SegmentPart
from whimbrel.engines.backup.objects import fetch_in_order
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.files import close, open_for_reading
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.backup")
ClaimRows = list[tuple[Any, ...]]


class Claimed(NamedTuple):
    """By which record a key was claimed, and what it is about."""

    sequence: int
    id: int


def keys_held(place: Place, layer: Layer, prefixes: tuple[str, ...]) -> dict[str, Claimed]:
    """Every key that begins so. Reads all claims of the backup, and keeps only these in memory. Raises Corrupt."""
    found: dict[str, Claimed] = {}
    claims = [(part.hash, f"claims, piece {number}") for number, part in enumerate(layer.image.claims, 1)]
    for rows in fetch_in_order(place, claims, ClaimRows):
        _take(found, rows, prefixes)
    for segment in fetch_in_order(place, described(layer.backup.segments), Segment):
        for row in segment.released:
            if row[1].startswith(prefixes) and row[1] in found and found[row[1]].sequence == row[2]:
                del found[row[1]]
        _take(found, segment.claims, prefixes)
    return found


def claims_in(path: Path, prefix: str) -> list[tuple[str, int]]:
    """Every key of a restored journal that begins so, with what it is about."""
    db = open_for_reading(path)
    try:
        return list(db.execute(_SQL.beginning_with, {"prefix": prefix}))
    finally:
        close(db)


def described(parts: Iterable[SegmentPart]) -> list[tuple[str, str]]:
    """Segments as `fetch_in_order` wants them: hash, and what it holds."""
    return [(part.hash, f"the records from {part.after + 1} to {part.up_to}") for part in parts]


def _take(found: dict[str, Claimed], rows: ClaimRows, prefixes: tuple[str, ...]) -> None:
    for row in rows:
        if row[0].startswith(prefixes):
            found[row[0]] = Claimed(row[1], row[3])
