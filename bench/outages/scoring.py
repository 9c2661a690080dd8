"""Scores of detectors made comparable: false alarms of any threshold, thresholds for a number of false alarms, delays.

An alarm is everything from the first minute over the threshold until an hour has passed without one: quiet time is cut
into half hours, and a run of loud half hours with at most one quiet one between them is one alarm.
"""

from collections.abc import Callable, Sequence
from math import inf
from typing import Final, NamedTuple

import numpy as np

from bench.outages.world import Floats
from whimbrel.statuspage.detection.tail import lower_log10, upper_log10

HALF_HOUR: Final = 30
MINUTES_PER_YEAR: Final = 365 * 1_440


class Delays(NamedTuple):
    """How an outage after another was noticed: how many there were, how many never, and the percentiles of minutes."""

    outages: int
    missed: int
    median: float
    late: float

    @property
    def missed_share(self) -> float:
        """The share that was never noticed."""
        return self.missed / self.outages if self.outages else 0.0


def loudest(scores: Floats) -> Floats:
    """The highest score of each half hour."""
    whole = len(scores) // HALF_HOUR * HALF_HOUR
    return np.asarray(scores[:whole].reshape(-1, HALF_HOUR).max(axis=1))


def alarms(half_hours: Floats, threshold: float) -> int:
    """How many alarms a threshold gives in quiet time."""
    loud = np.flatnonzero(half_hours >= threshold)
    return int(np.sum(np.diff(loud) > 2)) + 1 if len(loud) else 0


def threshold_for(quiet: Sequence[Floats], wanted: float) -> float:
    """The lowest threshold with at most `wanted` alarms in all the quiet half hours together."""
    candidates = np.unique(np.concatenate([one[np.argsort(one)[-400:]] for one in quiet]))
    low, high = 0, len(candidates)
    while low < high:
        middle = (low + high) // 2
        if sum(alarms(one, float(candidates[middle])) for one in quiet) <= wanted:
            high = middle
        else:
            low = middle + 1
    return float(np.nextafter(candidates[-1], inf)) if low == len(candidates) else float(candidates[low])


def first_over(scores: Floats, threshold: float) -> int | None:
    """The first minute whose score reaches the threshold."""
    over = np.flatnonzero(scores >= threshold)
    return int(over[0]) if len(over) else None


def delays(noticed: Sequence[int | None], since: Sequence[int]) -> Delays:
    """Delays in minutes: a minute is over before its count is known, so what is noticed in minute 0 took 1.

    What was never noticed took for ever: a detector that finds the easy half only is not quick.
    """
    taken = [inf if minute is None else minute + 1 - start for minute, start in zip(noticed, since, strict=True)]
    if not taken:
        return Delays(0, 0, inf, inf)
    median, late = np.percentile(taken, (50, 95), method="higher")
    return Delays(len(taken), taken.count(inf), float(median), float(late))


def interval(events: int) -> tuple[float, float]:
    """The exact 95 % confidence interval of a Poisson mean after so many events."""
    low = 0.0 if events == 0 else _solved(lambda mean: 10 ** upper_log10(events, mean, 0.0) - 0.025)
    return low, _solved(lambda mean: 0.025 - 10 ** lower_log10(events, mean, 0.0))


def _solved(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1e5
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return high
