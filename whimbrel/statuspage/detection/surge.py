"""Do more people report trouble than the hour of the week explains, and since when?

**Considered.** A fixed count ("7 in 15 minutes") is deaf for small services and never silent for large ones; z-scores
and moving averages take counts for bell curves and ring on quiet nights; a batch decomposition needs a day to think
about. All are rivals in `bench/outages`. **Built.** Each minute, for windows of 1 to 16 minutes, the probability that
nothing changed (`tail`), measured in decades: 6 decades are one in a million. One rule holds false alarms: a single
minute must be beyond chance by a decade more than two minutes out of three that agree (`runrule`). Slow leaks are added
up over quarters of an hour (`cusum`). What is unlikely but small (less than `RATIO_MIN` times the expected, fewer than
`COUNT_MIN` reports) is no surge.

Promises: pure; anyone who has the counts can recompute every reading; constant memory (18 kB a service, 5 kB stored)
and 5 to 8 microseconds a minute (`bench/outages` prints it). A surge begins at its most likely start, not at the alarm,
and ends when `CALM_MINUTES` minutes in a row look like usual. A surge that lasts longer than `NEW_NORMAL_MINUTES` is
the new normal, and the baseline is moved. Not here: whose fault it is (`attribution`), who reports (`brigade`), what
the page says (verdict).
"""

from math import sqrt
from typing import Final, NamedTuple

import msgspec

from whimbrel.statuspage.detection.baseline import Baseline, rescaled
from whimbrel.statuspage.detection.cusum import BLOCK_MINUTES, DRY, Leak, leaked
from whimbrel.statuspage.detection.onset import most_likely_start
from whimbrel.statuspage.detection.runrule import agreed
from whimbrel.statuspage.detection.tail import upper_log10
from whimbrel.statuspage.detection.track import (
    JUMPS,
    LAG_MINUTES,
    REFERENCE_MINUTES,
    WINDOWS,
    Track,
    begun,
    followed,
    means_of,
)

ALARM_DECADES: Final = 6.6
SUSPICION_DECADES: Final = 3.0
LEAK_WORTH: Final = 0.15
"""Quarters of an hour are not independent, least of all on a holiday: six of them say what one would if they were."""
LEAK_RATIO_MIN: Final = 2.0
LOW_DAY_MIN: Final = 0.8
"""A quiet day may end at any minute: it lowers what is expected by no more than a fifth of the baseline."""
RATIO_MIN: Final = 2.5
COUNT_MIN: Final = 6
STANDS_OUT_DEVIATIONS: Final = 2.5
CALM_RATIO: Final = 1.3
CALM_MINUTES: Final = 10
NEW_NORMAL_MINUTES: Final = 24 * 60
LONG_AGO_MINUTES: Final = 1_000_000


class Surge(msgspec.Struct, frozen=True, gc=False):
    """A surge that is going on: its most likely first minute, the minute of the alarm, and its size so far.

    `peak` is the largest count of a minute, `excess` the reports beyond the expected ones, `calm` the quiet minutes in
    a row.
    """

    since: int
    noticed: int
    peak: float
    excess: float
    calm: int = 0


class Watch(msgspec.Struct, frozen=True, gc=False):
    """Everything that is remembered of a service between two minutes."""

    track: Track
    leak: Leak = DRY
    before: tuple[float, float] = (0.0, 0.0)
    calm_minutes: int = LONG_AGO_MINUTES
    wary_minutes: int = 0
    surge: Surge | None = None


class Reading(NamedTuple):
    """What one minute said. `expected` is for this minute; `decades` the strongest evidence of its windows, `window`
    the length of that window in minutes; `score` is `decades` after the rule of two in three, and `surge` is set while
    one goes on, beginning when `score` reaches the threshold.
    """

    minute: int
    seen: float
    expected: float
    decades: float
    window: int
    score: float
    surge: Surge | None


def watching(baseline: Baseline | None = None) -> Watch:
    """A service that is watched from now on, with what is known of it or nothing."""
    return Watch(begun(baseline))


def observed(watch: Watch, minute: int, count: float, *, alarm_decades: float = ALARM_DECADES) -> tuple[Watch, Reading]:
    """Take in the reports of one minute (counted from 1970, UTC), weighted if some are doubtful.

    A minute that was not measured is left out, not given as 0. Raises `Invalid` for a minute that is not later than the
    last, or a count that is none.
    """
    track = followed(watch.track, minute, count, calm_minutes=watch.calm_minutes, wary=watch.wary_minutes > 0)
    expected = max(track.means[-1], LOW_DAY_MIN * track.usual)
    decades, window = _evidence(track, expected)
    leak = _leak(watch.leak, track) if minute % BLOCK_MINUTES == BLOCK_MINUTES - 1 else watch.leak
    score = _score(decades, watch.before, leak)
    surge = watch.surge
    if surge is not None:
        surge = _continued(surge, track, expected)
        if surge is None:
            leak = DRY
    elif score >= alarm_decades:
        surge = _noticed(track, leak)
    calm = 0 if surge is not None else watch.calm_minutes + 1
    wary = LAG_MINUTES if decades >= SUSPICION_DECADES else max(watch.wary_minutes - 1, 0)
    if surge is not None and minute - surge.noticed >= NEW_NORMAL_MINUTES:
        return _settled(track), Reading(minute, count, expected, decades, window, score, None)
    after = Watch(track, leak, (watch.before[1], decades), calm, wary, surge)
    return after, Reading(minute, count, expected, decades, window, score, surge)


def _evidence(track: Track, expected: float) -> tuple[float, int]:
    """The strongest of the windows that end now: decades, and its length in minutes."""
    counts = track.counts
    reference = expected * REFERENCE_MINUTES
    belief = 1.0 / track.spreads[-1]
    decades, window = 0.0, 1
    total, reach = 0.0, 0
    for at, length in enumerate(WINDOWS):
        if length > len(counts):
            break
        total += counts[-length] if length - reach == 1 else sum(counts[-length : len(counts) - reach])
        reach = length
        mean = expected * length
        if total < COUNT_MIN or total < RATIO_MIN * mean:
            continue
        found = _decades(total, mean, track.spreads[at])
        if at < len(JUMPS) and len(counts) >= length + REFERENCE_MINUTES:
            before = sum(counts[-length - REFERENCE_MINUTES : -length])
            mean *= (belief + before) / (belief + reference)
            if total >= RATIO_MIN * mean:
                found = max(found, _decades(total, mean, track.jump_spreads[at]))
        if found > decades:
            decades, window = found, length
    return decades, window


def _decades(total: float, mean: float, spread: float) -> float:
    """The evidence of one window; chance itself is not worked out where the count does not stand out."""
    if total - mean < STANDS_OUT_DEVIATIONS * sqrt(mean + spread * mean * mean):
        return 0.0
    return -upper_log10(total, mean, spread)


def _score(decades: float, before: tuple[float, float], leak: Leak) -> float:
    """Minutes that agree, or a slow leak that is large enough to matter, whichever says more."""
    matters = leak.seen >= max(COUNT_MIN, LEAK_RATIO_MIN * leak.expected)
    slow = LEAK_WORTH * leak.decades if matters else 0.0
    return max(agreed(decades, before), slow)


def _leak(leak: Leak, track: Track) -> Leak:
    """The slow sum after a quarter of an hour; a quarter with a gap says nothing."""
    if len(track.counts) < BLOCK_MINUTES:
        return leak
    start = track.minute - BLOCK_MINUTES + 1
    mean = sum(means_of(track.baseline, start, BLOCK_MINUTES))
    spread = max(track.hour_spread, track.spreads[-1])
    return leaked(leak, start, sum(track.counts[-BLOCK_MINUTES:]), mean, spread=spread)


def _noticed(track: Track, leak: Leak) -> Surge:
    """A surge at its alarm, with its start looked for in the last hour, or further back where a leak began."""
    counts = track.counts
    length = most_likely_start(counts, track.means, upwards=True)
    since = track.minute - length + 1
    if leak.decades > 0.0 and leak.since < since and length == len(counts):
        since = leak.since
    excess = sum(counts[-length:]) - sum(track.means[-length:])
    return Surge(since, track.minute, max(counts[-length:]), excess)


def _continued(surge: Surge, track: Track, expected: float) -> Surge | None:
    """The surge after another minute, or None when it has been calm for long enough."""
    counts = track.counts
    length = min(WINDOWS[-1] // 2, len(counts))
    total, mean = sum(counts[-length:]), expected * length
    spread = track.spreads[-2]
    usual = total < COUNT_MIN or total < CALM_RATIO * mean or total - mean < sqrt(mean + spread * mean * mean)
    calm = surge.calm + 1 if usual else 0
    if calm >= CALM_MINUTES:
        return None
    count = counts[-1]
    return Surge(surge.since, surge.noticed, max(surge.peak, count), surge.excess + count - expected, calm)


def _settled(track: Track) -> Watch:
    """A day-long surge is the new normal: the baseline moves to what the last hour shows, and the watch begins anew."""
    usual = sum(means_of(track.baseline, track.minute - len(track.counts) + 1, len(track.counts)))
    ratio = max(sum(track.counts), 1.0) / usual
    return Watch(begun(rescaled(track.baseline, ratio)))
