"""What was counted of one component lately, for its charts: shares of five minutes each, gaps where nobody looked."""

from collections.abc import Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.sql import Queries

_SQL: Final = Queries("whimbrel.statuspage.watching")
BIN_MINUTES: Final = 5

Shares = Sequence[tuple[int, float | None]]
"""Points of a time in milliseconds and a share; None where nothing was counted."""


def shares(look: Reading, component: str, *, from_minute: int, until_minute: int) -> dict[str, Shares]:
    """By indicator, every bin of the stretch in order; an indicator of which nothing was counted is left out."""
    counted: dict[str, dict[int, tuple[int, int]]] = {}
    for sli, minute, bad, total in look.all(_SQL.minutes_of, {"component": component, "minute": from_minute}):
        bins = counted.setdefault(sli, {})
        start = minute - minute % BIN_MINUTES
        before = bins.get(start, (0, 0))
        bins[start] = (before[0] + bad, before[1] + total)
    starts = range(from_minute - from_minute % BIN_MINUTES, until_minute, BIN_MINUTES)
    return {sli: [(60_000 * start, _share(bins.get(start))) for start in starts] for sli, bins in counted.items()}


def _share(count: tuple[int, int] | None) -> float | None:
    return count[0] / count[1] if count is not None and count[1] else None
