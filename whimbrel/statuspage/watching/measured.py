"""What was measured of each component, in bins of five minutes, half an hour and two hours: for charts, for a month.

Latencies are kept as the counts of the nodes' own histograms, because percentiles of percentiles are none; lags as the
worst one, because that is what somebody waited for. Promises: bounded by components, bounds and the three lengths; a
bin that is not there was not measured. The five-minute bins are enough for a day, the others for a week and a month.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.limits import COMPONENTS_MAX, LATENCY_BOUNDS_MAX
from whimbrel.kernel.sql import Queries

_SQL: Final = Queries("whimbrel.statuspage.watching")


class Width(NamedTuple):
    """A length of bins in minutes, and how many of them are kept."""

    minutes: int
    kept: int


DAY: Final = Width(5, 288)
WEEK: Final = Width(30, 336)
MONTH: Final = Width(120, 336)
WIDTHS: Final = (DAY, WEEK, MONTH)


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted in one stretch. `within`: how many answers took at most so many seconds, by that bound; the last
    bound is infinite and has all of them. `lag_seconds`: of the component's oldest view, the worst; None: not seen.
    """

    bad: int = 0
    total: int = 0
    within: dict[float, int] = {}
    lag_seconds: float | None = None

    def __add__(self, other: "Bin") -> "Bin":
        lags = [lag for lag in (self.lag_seconds, other.lag_seconds) if lag is not None]
        bounds = self.within.keys() | other.within.keys()
        return Bin(
            bad=self.bad + other.bad,
            total=self.total + other.total,
            within={bound: self.within.get(bound, 0) + other.within.get(bound, 0) for bound in bounds},
            lag_seconds=max(lags, default=None),
        )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Bin).decode
_Pending = dict[tuple[str, int], Bin]


class Measured:
    """Takes in what scrapes add, and has it written down."""

    def __init__(self) -> None:
        self._pending: _Pending = {}

    def note(self, minute: int, bins: Mapping[str, Bin]) -> None:
        """Take in what one scrape added, by component."""
        start = minute - minute % DAY.minutes
        for component, one in bins.items():
            key = (component, start)
            if key in self._pending or len(self._pending) < 2 * COMPONENTS_MAX:
                self._pending[key] = self._pending.get(key, Bin()) + one

    def take(self) -> Mapping[tuple[str, int], Bin]:
        """What is to be written, which is then nobody's but the caller's."""
        taken, self._pending = self._pending, {}
        return taken

    def give_back(self, taken: Mapping[tuple[str, int], Bin]) -> None:
        """What could not be written."""
        for (component, start), one in taken.items():
            self.note(start, {component: one})


def write(pen: Writing, taken: Mapping[tuple[str, int], Bin], minute: int) -> None:
    """Add to the bins of the book, and drop what no chart reaches any more."""
    for (component, start), one in taken.items():
        for width in WIDTHS:
            row = {"component": component, "width": width.minutes, "start": start - start % width.minutes}
            found = pen.one(_SQL.bin, row)
            whole = one if found is None else _decode(found[0]) + one
            pen.run(_SQL.put_bin, row | {"value": _encode(_bounded(whole))})
    if minute % 60 == 0:
        for width in WIDTHS:
            pen.run(_SQL.forget_bins, {"width": width.minutes, "start": minute - width.minutes * (width.kept + 1)})


def bins(look: Reading, component: str, width: Width, now_minute: int) -> Sequence[tuple[int, Bin | None]]:
    """The newest bins of a component, oldest first: when each begins (minutes from 1970), and what it has."""
    last = now_minute - now_minute % width.minutes
    starts = range(last - width.minutes * (width.kept - 1), last + 1, width.minutes)
    rows = look.all(_SQL.bins, {"component": component, "width": width.minutes, "start": starts[0]})
    found = {row[0]: _decode(row[1]) for row in rows}
    return [(start, found.get(start)) for start in starts]


def percentile(within: Mapping[float, int], share: float) -> float | None:
    """The seconds within which this share of the answers came, between two bounds in a straight line; None of none.

    What took longer than the largest bound is said to have taken that long: nothing more is known of it.
    """
    bounds = sorted(within)
    if not bounds or within[bounds[-1]] <= 0:
        return None
    counts: list[int] = []
    for bound in bounds:  # nodes of two versions may count by different bounds; a count never falls
        counts.append(max(within[bound], counts[-1] if counts else 0))
    wanted = share * counts[-1]
    at = min(bisect_left(counts, wanted), len(bounds) - 1)
    upper = bounds[at]
    lower, before = (bounds[at - 1], counts[at - 1]) if at else (0.0, 0)
    if upper == float("inf"):
        return lower
    return lower + (upper - lower) * (wanted - before) / max(1, counts[at] - before)


def _bounded(one: Bin) -> Bin:
    """Bounds are what somebody's metrics say, which may be anything."""
    if len(one.within) <= LATENCY_BOUNDS_MAX:
        return one
    kept = sorted(one.within)[-LATENCY_BOUNDS_MAX:]
    return msgspec.structs.replace(one, within={bound: one.within[bound] for bound in kept})
