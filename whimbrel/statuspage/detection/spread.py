"""How much more than Poisson the counts of a service vary: estimated for each length of window by itself.

Reports come in clumps (a rumour, a household, a slow hour) that last longer than a minute, so the variance of a window
of sixteen minutes does not follow from that of one minute. **Considered:** one over-dispersion per service, from
minutes; it held false alarms of the one-minute window and let those of longer windows through. **Built:** for each
length of window the mean of ((count - mean)**2 - mean) / mean**2 over past windows, weighted by what each can tell,
mixed with a belief, and with single windows clipped so that an outage nobody noticed does not make the service deaf for
weeks.

Promises: never below `SPREAD_MIN`; old weeks fade. Not here: which hours are learned (`track`).
"""

from collections.abc import Sequence
from typing import Final

SPREAD_AT_FIRST: Final = 0.1
"""The belief before anything is seen: counts of 100 vary by 33, not by 10."""
BELIEF_WINDOWS: Final = 8.0
SPREAD_MIN: Final = 0.002
SPREAD_MAX: Final = 4.0
CLIP_DEVIATIONS: Final = 4.0
KEPT_PER_HOUR: Final = 0.5 ** (1 / (21 * 24))
WEIGHT_OF_BELIEF: Final = BELIEF_WINDOWS / SPREAD_AT_FIRST**2

Sums = tuple[float, float]
"""What one length of window has told: the weights, and the weighted sum."""

NOTHING: Final[Sums] = (0.0, 0.0)


def spread_of(sums: Sums) -> float:
    """The over-dispersion: the variance of a count is `mean + spread * mean**2`."""
    weight, total = sums
    spread = (WEIGHT_OF_BELIEF * SPREAD_AT_FIRST + total) / (WEIGHT_OF_BELIEF + weight)
    return min(max(spread, SPREAD_MIN), SPREAD_MAX)


def taught(sums: Sums, counts: Sequence[float], means: Sequence[float]) -> Sums:
    """The sums after an hour: `counts` of its windows of one length against their `means`."""
    weight, total = sums[0] * KEPT_PER_HOUR, sums[1] * KEPT_PER_HOUR
    clip = CLIP_DEVIATIONS**2
    spread = spread_of(sums)
    for count, mean in zip(counts, means, strict=True):
        if mean <= 0.0:
            continue
        share = 1.0 / (1.0 + SPREAD_AT_FIRST * mean)
        variance = mean + spread * mean * mean
        square = min((count - mean) ** 2, clip * max(variance, 1.0))
        weight += (share * mean) ** 2
        total += share * share * (square - mean)
    return weight, total
