"""Counts over time, as everybody is shown them: bins of one width, each with what is usual and how much was measured.

Pure. `expected` is what the baseline of now says of each bin; what it said at the time stands in the readings of
minutes (csvs.py). A bin of which less than all was measured says so, and expects in proportion.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from whimbrel.statuspage.detection.baseline import MINUTES_PER_HOUR, Baseline, rate
from whimbrel.statuspage.reports.judged_rows import Span

BIN_MINUTES: Final = 15


class Row(NamedTuple):
    """Reports of one quarter of an hour, kind and place, by numbers."""

    minute: int
    kind: int
    place: int
    reports: int
    again: int


class Bin(NamedTuple):
    """One bin from `minute` on. `measured` is the share of it in which the program ran."""

    minute: int
    reports: int
    again: int
    expected: float
    measured: float
    kinds: dict[int, int]


class Stretch(NamedTuple):
    """What is looked at: minutes from `start` (a multiple of the width) to `until`, in bins of `width` minutes."""

    start: int
    until: int
    width: int


def stretch(minute: int, days: int, width: int) -> Stretch:
    """The newest `days`, so that the bin of this minute is the last one."""
    until = (minute // width + 1) * width
    return Stretch(until - days * 24 * MINUTES_PER_HOUR, until, width)


def series(over: Stretch, rows: Iterable[Row], spans: Sequence[Span], baseline: Baseline | None) -> list[Bin]:
    """The bins, oldest first, empty ones included."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.minute // over.width * over.width, []).append(row)
    return [_bin(minute, over.width, found.get(minute, ()), spans, baseline) for minute in _minutes(over)]


def shares(counts: dict[str, int]) -> list[tuple[str, int, float]]:
    """Names with counts and shares of all, largest first."""
    total = sum(counts.values())
    return [(name, count, count / total) for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def _minutes(over: Stretch) -> range:
    return range(over.start, over.until, over.width)


def _bin(minute: int, width: int, rows: Sequence[Row], spans: Sequence[Span], baseline: Baseline | None) -> Bin:
    measured = min(sum(max(0, min(s.until + 1, minute + width) - max(s.start, minute)) for s in spans) / width, 1.0)
    kinds: dict[int, int] = {}
    for row in rows:
        kinds[row.kind] = kinds.get(row.kind, 0) + row.reports
    reports, again = sum(row.reports for row in rows), sum(row.again for row in rows)
    return Bin(minute, reports, again, measured * _expected(minute, width, baseline), measured, kinds)


def _expected(minute: int, width: int, baseline: Baseline | None) -> float:
    if baseline is None:
        return 0.0
    if width < MINUTES_PER_HOUR:
        return rate(baseline, minute // MINUTES_PER_HOUR) * width
    hours = range(minute // MINUTES_PER_HOUR, (minute + width) // MINUTES_PER_HOUR)
    return sum(rate(baseline, hour) for hour in hours) * MINUTES_PER_HOUR
