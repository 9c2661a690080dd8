"""Which backups a restore reads, and up to which record: by a record's sequence, by a time, or all there is.

A restore begins with an image and goes on with records. The newest image at or before the wanted point means the fewest
records to apply; where the backup that it belongs to ends before the point, the next one goes on, as long as it is of
the same history. Of several histories with the same sequences (after a restore to an earlier moment) the newest counts.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from whimbrel.engines.backup.documents import Backup, Image, SegmentPart
from whimbrel.engines.backup.keeping import image_of
from whimbrel.engines.backup.objects import Wanted, fetch
from whimbrel.engines.backup.packing import unpacked
from whimbrel.engines.backup.place import Place
from whimbrel.kernel.errors import Corrupt, Invalid
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.backup")


class Until(NamedTuple):
    """Where a restore ends: after the record of this sequence, or after the last one at or before this time (ms)."""

    sequence: int | None = None
    time_ms: int | None = None


class Layer(NamedTuple):
    """One backup with its listing."""

    backup: Backup
    image: Image

    @property
    def segments(self) -> tuple[SegmentPart, ...]:
        """All its records, in order."""
        return self.image.segments + self.backup.segments


class Plan(NamedTuple):
    """What a restore reads: the image of the first layer, the records of all; and the record that is the last."""

    layers: tuple[Layer, ...]
    last: int

    @property
    def segments(self) -> Iterator[SegmentPart]:
        """Every segment that holds a record, or a release, which matters: in order, each layer after the one before."""
        for layer in self.layers:
            yield from layer.segments


def until_of(text: str) -> Until:
    """What a person wrote: a sequence, or a time with its zone (ISO 8601). Raises Invalid."""
    if text.isascii() and text.isdigit():
        return Until(sequence=int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(_wanted(text)) from error
    if moment.tzinfo is None:
        raise Invalid(f"{_wanted(text)}; without a zone nobody knows which moment that is")
    return Until(time_ms=int(moment.timestamp() * 1_000))


def plan(place: Place, backups: Sequence[Backup], until: Until | None) -> Plan:
    """What to read of these backups, newest first. Raises Invalid when they do not reach there, Corrupt."""
    if not backups:
        raise Invalid(f"{place.shown}: there is no backup here")
    if until is None:
        return Plan((_layer(place, backups[0]),), backups[0].sequence)
    first = next((number for number, one in enumerate(backups) if _begins_before(one, until)), None)
    if first is None:
        raise Invalid(f"{place.shown}: the oldest backup begins later, {_begin_of(backups[-1])}")
    newer = [one for one in reversed(backups[:first]) if one.history == backups[first].history]
    layers = [_layer(place, backups[first])]
    while not _reaches(layers[-1].backup, until) and newer:
        layers.append(_layer(place, newer.pop(0)))
        _check_joint(layers[-2], layers[-1])
    return Plan(tuple(layers), _last(place, layers, until))


def described(part: SegmentPart) -> Wanted:
    """A segment as it is fetched."""
    return Wanted(part.hash, f"the records from {part.after + 1} to {part.up_to}")


def _layer(place: Place, backup: Backup) -> Layer:
    return Layer(backup, image_of(place, backup))


def _begins_before(backup: Backup, until: Until) -> bool:
    if until.sequence is not None:
        return backup.store_sequence <= until.sequence
    assert until.time_ms is not None
    return backup.store_time_ms <= until.time_ms


def _reaches(backup: Backup, until: Until) -> bool:
    if until.sequence is not None:
        return backup.sequence >= until.sequence
    assert until.time_ms is not None
    return backup.time_ms > until.time_ms


def _check_joint(older: Layer, newer: Layer) -> None:
    begins = newer.segments[0].after if newer.segments else newer.backup.sequence
    if begins > older.backup.sequence:
        missing = f"the records from {older.backup.sequence + 1} to {begins} are in no backup"
        raise Invalid(f"The backups do not reach there: {missing}, because the journal was trimmed in between")


def _last(place: Place, layers: Sequence[Layer], until: Until) -> int:
    newest = layers[-1].backup
    if until.sequence is not None:
        if until.sequence > newest.sequence:
            raise Invalid(f"until: {until.sequence} is above {newest.sequence}, the last record of the newest backup")
        return until.sequence
    assert until.time_ms is not None
    if newest.time_ms <= until.time_ms:
        return newest.sequence
    last = layers[0].backup.store_sequence
    for part in (part for layer in layers for part in layer.segments):
        if part.last_ms <= until.time_ms:
            last = max(last, part.up_to)
            continue
        hash_, what = described(part)
        with unpacked(fetch(place, hash_, what), what) as segment:
            ((found,),) = segment.execute(_SQL.last_at, {"time_ms": until.time_ms})
            return max(last, int(found))
    raise Corrupt("The backup is damaged.", log=f"{newest.name} has no record later than its time says")


def _begin_of(backup: Backup) -> str:
    at = datetime.fromtimestamp(backup.store_time_ms / 1_000, UTC).isoformat(timespec="seconds")
    return f"with record {backup.store_sequence} of {at}"


def _wanted(text: str) -> str:
    return f'until: "{text}": expected a sequence, or a time like 2026-05-01T12:00:00Z'
