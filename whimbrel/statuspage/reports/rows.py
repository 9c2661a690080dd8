"""The rows of reports: a batch goes in whole, each voice counted once an hour, bins beside.

Promises: whether a voice counts is decided in the transaction that writes it, so two reports at the same moment are
one. The bins of a batch are added up first: a flood about one service is a few rows, not thousands.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.limits import NOTES_WAITING_MAX
from whimbrel.kernel.sql import Queries

SQL: Final = Queries("whimbrel.statuspage.reports")
HOUR_MINUTES: Final = 60
AGES: Final = ("", "new", "known")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A report as it is written. `before` is the voice under yesterday's salt, within the hour after midnight."""

    service: int
    at_ms: int
    voice: int
    before: int | None
    kind: int
    place: int
    quarters: int
    network: int
    wording: int
    age: int
    words: str = ""

    @property
    def minute(self) -> int:
        """The minute of the report, counted from 1970."""
        return self.at_ms // 60_000


def slugs(look: Reading) -> dict[str, int]:
    """The number of every slug."""
    return {slug: number for number, slug in look.all(SQL.slugs)}


def add_slugs(pen: Writing, wanted: Iterable[str]) -> dict[str, int]:
    """Give each slug a number that has none; returns all of them."""
    for slug in wanted:
        pen.run(SQL.add_slug, {"slug": slug})
    return slugs(pen)


def take_in(pen: Writing, entries: Sequence[Entry]) -> list[bool]:
    """Write the reports; returns for each whether it counted."""
    counted = [_said(pen, entry) for entry in entries]
    bins: dict[tuple[int, int, int, int], list[int]] = {}
    for entry, counts in zip(entries, counted, strict=True):
        sums = bins.setdefault((entry.service, entry.minute, entry.kind, entry.place), [0, 0, 0])
        if counts:
            sums[0] += 1
            sums[1] += entry.quarters
        else:
            sums[2] += 1
    _keep_words(pen, [entry for entry, counts in zip(entries, counted, strict=True) if counts and entry.words])
    for (service, minute, kind, place), (reports, quarters, again) in bins.items():
        place_of = {"service": service, "minute": minute, "kind": kind, "place": place}
        pen.run(SQL.add_to_minute, place_of | {"reports": reports, "quarters": quarters, "again": again})
    return counted


def _keep_words(pen: Writing, entries: Sequence[Entry]) -> None:
    """Keep what was written, as long as somebody may still get to look at it; the reports count all the same."""
    row = pen.one(SQL.notes_waiting) if entries else None
    for entry in entries[: max(NOTES_WAITING_MAX - (row[0] if row is not None else 0), 0)]:
        pen.run(SQL.add_note, msgspec.structs.asdict(entry))


def _said(pen: Writing, entry: Entry) -> bool:
    hour, minute = entry.minute // HOUR_MINUTES, entry.minute
    row = pen.one(SQL.voice, {"hour": hour, "service": entry.service, "voice": entry.voice})
    counts = not (row is not None and row[0] is not None) and not _counted_lately(pen, entry)
    values = msgspec.structs.asdict(entry) | {"hour": hour, "minute": minute}
    if row is None:
        values |= {"counted_minute": minute if counts else None, "again": 0 if counts else 1}
        pen.run(SQL.add_voice, values)
    else:
        pen.run(SQL.count_voice if counts else SQL.say_again, values)
    return counts


def _counted_lately(pen: Writing, entry: Entry) -> bool:
    """Whether it counted in the hour of the clock before, less than an hour ago; over midnight by its old name."""
    voice = entry.voice if entry.before is None else entry.before
    key = {"hour": entry.minute // HOUR_MINUTES - 1, "service": entry.service, "voice": voice}
    row = pen.one(SQL.voice, key)
    return row is not None and row[0] is not None and row[0] > entry.minute - HOUR_MINUTES
