"""Which keys a backup's journal holds at its end, of those that begin in some way; for what was taken away since."""

from pathlib import Path
from typing import NamedTuple

import apsw

from whimbrel.engines.backup.choosing import Layer, described
from whimbrel.engines.backup.objects import Wanted, fetch_in_order
from whimbrel.engines.backup.packing import unpacked
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.files import close, open_for_reading
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.backup")


class Claimed(NamedTuple):
    """By which record a key was claimed, and what it is about."""

    sequence: int
    id: int


def keys_held(place: Place, layer: Layer, prefixes: tuple[str, ...]) -> dict[str, Claimed]:
    """Every key that begins so. Reads all claims of the backup, and keeps only these in memory. Raises Corrupt."""
    found: dict[str, Claimed] = {}
    for content, what in fetch_in_order(place, claims_of(layer)):
        with unpacked(content, what) as piece:
            _take(found, piece, prefixes)
    for content, what in fetch_in_order(place, [described(part) for part in layer.backup.segments]):
        with unpacked(content, what) as segment:
            for prefix in prefixes:
                for key, sequence in segment.execute(_SQL.released_beginning_with, {"prefix": prefix}):
                    if key in found and found[key].sequence == sequence:
                        del found[key]
            _take(found, segment, prefixes)
    return found


def claims_of(layer: Layer) -> list[Wanted]:
    """The pieces of all claims, as they are fetched."""
    return [Wanted(part.hash, f"claims, piece {number}") for number, part in enumerate(layer.image.claims, 1)]


def claims_in(path: Path, prefix: str) -> list[tuple[str, int]]:
    """Every key of a restored journal that begins so, with what it is about."""
    db = open_for_reading(path)
    try:
        return [(key, id_) for key, _, id_ in db.execute(_SQL.beginning_with, {"prefix": prefix})]
    finally:
        close(db)


def _take(found: dict[str, Claimed], piece: apsw.Connection, prefixes: tuple[str, ...]) -> None:
    for prefix in prefixes:
        for key, sequence, id_ in piece.execute(_SQL.beginning_with, {"prefix": prefix}):
            found[key] = Claimed(sequence, id_)
