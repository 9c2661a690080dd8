"""When it began: the most likely first minute of a surge, or of a fall, looking back from the alarm.

An alarm comes minutes after the first pain, and the lag of the page is counted from the pain (`status lag`), so the
start is estimated and not taken from the clock. Every minute of the last hour is tried as the start: the counts from
there on are explained by a rate of their own instead of the expected one, and the start that gains most likelihood wins
(the maximum-likelihood change point of a Poisson rate).

Promises: pure; 60 steps, done once at an alarm. Its error is measured in `bench/outages`.
"""

from collections.abc import Sequence
from math import log


def most_likely_start(counts: Sequence[float], means: Sequence[float], *, upwards: bool) -> int:
    """How many of the newest minutes belong to the change, at least 1. Both sequences have the newest minute last."""
    best, length = 0.0, 1
    seen = expected = 0.0
    for at, (count, mean) in enumerate(zip(reversed(counts), reversed(means), strict=True), 1):
        seen += count
        expected += mean
        gain = seen * log(seen / expected) - seen + expected if seen > 0 < expected else expected
        if gain > best and (seen > expected) == upwards:
            best, length = gain, at
    return length
