"""Slow leaks: a trouble that grows so slowly that no window of minutes stands out, added up over hours.

The negative-binomial CUSUM: every quarter of an hour the logarithm of how much better "`LEAK_RATIO` times the baseline"
explains the count than "the baseline" is added to a sum that never goes below zero. A sum that has climbed high cannot
be chance, and where it left zero is where the leak began. It is measured against the baseline alone, never against the
local factor, which would follow the leak. Page's test (Biometrika 41, 1954) is the quickest there is for a fixed mean
time between false alarms.

Promises: pure; three numbers of memory; in decades, the unit of `tail`, so that one threshold serves both.
"""

from math import log
from typing import Final

import msgspec

BLOCK_MINUTES: Final = 15
LEAK_RATIO: Final = 2.5
LN_10: Final = log(10.0)


class Leak(msgspec.Struct, frozen=True, gc=False):
    """The sum in decades, the minute at which it left zero, and what was seen and expected since then."""

    decades: float = 0.0
    since: int = 0
    seen: float = 0.0
    expected: float = 0.0


DRY: Final = Leak()


def leaked(leak: Leak, start: int, count: float, mean: float, *, spread: float) -> Leak:
    """The sum after the block of `BLOCK_MINUTES` that began at minute `start`."""
    gain = leak.decades + _decades(count, mean, spread)
    if gain <= 0.0:
        return DRY
    if leak.decades == 0.0:
        return Leak(gain, start, count, mean)
    return Leak(gain, leak.since, leak.seen + count, leak.expected + mean)


def _decades(count: float, mean: float, spread: float) -> float:
    """log10 of NB(count; LEAK_RATIO * mean) / NB(count; mean), both with shape 1 / spread."""
    shape = 1.0 / spread
    usual, more = mean + shape, LEAK_RATIO * mean + shape
    return (count * log(LEAK_RATIO * usual / more) - shape * log(more / usual)) / LN_10
