"""What a service usually has in each hour of the week: the baseline that a surge or a fall is measured against.

**Considered.** An average per time of day (what crowd-report sites publish) calls every Saturday a surge. A table of
168 plain means needs months before a small service has one that means something, and takes last week's outage for
normal. **Built.** A product of three factors, each the ratio of what was seen to what the other two expected, each
shrunk to 1 until it has evidence of its own: the level (reports a minute), 24 hours of the day, 168 hours of the week.
Old weeks fade. An hour also teaches its two neighbours while little is known of it, and rates are interpolated between
the middles of hours, because people do not change their habits at full hours.

**The accident** that shaped `learned`: a new service's first hours were far from the belief, the factor of those hours
of the week took the blame, and seven times the true rate was expected there for months. So the level learns first and
the factors get what it leaves over; the hours of the week wait until a week has shown the hours of the day; and the
first visits fade quickly.

Promises: constant memory (12 kB); robust against past incidents, because no hour teaches more than
`CLIP_DEVIATIONS` deviations away from what was expected, and an hour of an alarm a quarter of that; evidence is counted
by what it is worth (a thousand reports of one over-dispersed hour say as little as its spread allows). Not here:
variance (`spread`), the last hours (`track`).
"""

from collections.abc import Sequence
from math import sqrt
from typing import Final

import msgspec

MINUTES_PER_HOUR: Final = 60
HOURS_PER_DAY: Final = 24
HOURS_PER_WEEK: Final = 168
EPOCH_HOUR_OF_WEEK: Final = 72
"""1970-01-01 was a Thursday; hour 0 of our week is Monday 00:00 UTC."""

NEW_SERVICE_PER_MINUTE: Final = 0.05
"""What a service is held to have before anything is known: most have little."""
NEW_SERVICE_REPORTS: Final = 0.5
"""How many reports that belief is worth: 30 reports in 15 minutes overrule it, 10 do not."""
FACTOR_REPORTS: Final = 20.0
"""How many reports the belief is worth that an hour is like the others."""
LEVEL_KEPT_PER_HOUR: Final = 0.5 ** (1 / (10 * 24))
DAY_KEPT_PER_VISIT: Final = 0.5 ** (1 / 21)
WEEK_KEPT_PER_VISIT: Final = 0.5 ** (1 / 5)
CLIP_DEVIATIONS: Final = 3.0
ALARM_WORTH: Final = 0.25
YOUNG_HOURS: Final = 72
NEIGHBOUR_SHARE: Final = 0.25
"""What an hour of which nothing is known takes from each of its neighbours."""


class Baseline(msgspec.Struct, frozen=True, gc=False):
    """What has been learned of a service. Each factor is `(belief + seen) / (belief + expected)`.

    `level_*` in reports and minutes; `day_*` and `week_*` in reports, by hour of the day and of the week (UTC).
    """

    level_seen: float
    level_minutes: float
    day_seen: tuple[float, ...]
    day_expected: tuple[float, ...]
    week_seen: tuple[float, ...]
    week_expected: tuple[float, ...]
    hours: int = 0

    @property
    def is_young(self) -> bool:
        """Whether less than three days have been learned: then everything is learned, because nothing is known to be
        odd.
        """
        return self.hours < YOUNG_HOURS

    @property
    def doubt(self) -> float:
        """The variance of the level relative to its square: what little history adds to the spread."""
        return 1.0 / self.level_seen


class Line(msgspec.Struct, frozen=True, gc=False):
    """The expected rate as a straight line: `per_minute + slope * (minute - start)` for start <= minute < end."""

    start: int
    end: int
    per_minute: float
    slope: float


def fresh(*, per_minute: float = NEW_SERVICE_PER_MINUTE, reports: float = NEW_SERVICE_REPORTS) -> Baseline:
    """A baseline that knows nothing but a belief: `per_minute` expected, a belief worth so many `reports`."""
    day, week = (0.0,) * HOURS_PER_DAY, (0.0,) * HOURS_PER_WEEK
    return Baseline(reports, reports / per_minute, day, day, week, week)


def hour_of_week(hour: int) -> int:
    """The hour of the week, 0 to 167 from Monday 00:00 UTC, of an hour counted from 1970."""
    return (hour + EPOCH_HOUR_OF_WEEK) % HOURS_PER_WEEK


def rate(baseline: Baseline, hour: int) -> float:
    """Expected reports per minute in the middle of an hour (hours counted from 1970)."""
    slot = hour_of_week(hour)
    level = baseline.level_seen / baseline.level_minutes
    return level * _factor_of_day(baseline, slot) * _factor_of_week(baseline, slot)


def line(baseline: Baseline, minute: int) -> Line:
    """The expected rate around a minute (counted from 1970): between the middles of two hours."""
    half = MINUTES_PER_HOUR // 2
    before = (minute - half) // MINUTES_PER_HOUR
    start = before * MINUTES_PER_HOUR + half
    first, second = rate(baseline, before), rate(baseline, before + 1)
    return Line(start, start + MINUTES_PER_HOUR, first, (second - first) / MINUTES_PER_HOUR)


def learned(baseline: Baseline, hour: int, count: float, *, spread: float, alarm: bool = False) -> Baseline:
    """The baseline after a full hour with `count` reports, whose hourly counts vary by `spread` beyond Poisson.

    An hour of an `alarm` is worth little, but not nothing: what is alarming every day at noon is noon.
    """
    if baseline.hours == 0:
        baseline = _corrected(baseline, count)
    slot = hour_of_week(hour)
    day, week = _factor_of_day(baseline, slot), _factor_of_week(baseline, slot)
    level = baseline.level_seen / baseline.level_minutes
    expected = level * day * week * MINUTES_PER_HOUR
    if not baseline.is_young:
        clip = CLIP_DEVIATIONS * sqrt(expected + spread * expected * expected)
        count = min(max(count, expected - clip), expected + clip)
    worth = 1.0 / (1.0 + spread * (max(expected, count) if baseline.is_young else expected))
    if alarm and not baseline.is_young:
        worth *= ALARM_WORTH
    seen, minutes = count * worth, MINUTES_PER_HOUR * worth
    level_seen = baseline.level_seen * LEVEL_KEPT_PER_HOUR + seen
    level_minutes = baseline.level_minutes * LEVEL_KEPT_PER_HOUR + day * week * minutes
    level = level_seen / level_minutes
    at_day, weeks = slot % HOURS_PER_DAY, baseline.hours // HOURS_PER_WEEK
    kept_day = _kept(baseline.hours // HOURS_PER_DAY, DAY_KEPT_PER_VISIT)
    aside = _aside(baseline.day_expected[at_day])
    day_seen = _taught(baseline.day_seen, at_day, seen, kept=kept_day, aside=aside)
    day_expected = _taught(baseline.day_expected, at_day, level * week * minutes, kept=kept_day, aside=aside)
    week_seen, week_expected = baseline.week_seen, baseline.week_expected
    if weeks > 0:
        kept_week = _kept(weeks - 1, WEEK_KEPT_PER_VISIT)
        aside = _aside(week_expected[slot])
        week_seen = _taught(week_seen, slot, seen, kept=kept_week, aside=aside)
        week_expected = _taught(week_expected, slot, level * day * minutes, kept=kept_week, aside=aside)
    hours = baseline.hours + 1
    return Baseline(level_seen, level_minutes, day_seen, day_expected, week_seen, week_expected, hours)


def rescaled(baseline: Baseline, ratio: float) -> Baseline:
    """The same habits on another level: what was a surge has lasted so long that it is the new normal."""
    return msgspec.structs.replace(baseline, level_minutes=baseline.level_minutes / ratio)


def _corrected(baseline: Baseline, count: float) -> Baseline:
    """The belief brought to what the first hour shows, worth as little as before: it may be wrong by thousands."""
    level = (baseline.level_seen + count) / (baseline.level_minutes + MINUTES_PER_HOUR)
    return msgspec.structs.replace(baseline, level_minutes=baseline.level_seen / level)


def _factor_of_day(baseline: Baseline, slot: int) -> float:
    at = slot % HOURS_PER_DAY
    return (FACTOR_REPORTS + baseline.day_seen[at]) / (FACTOR_REPORTS + baseline.day_expected[at])


def _factor_of_week(baseline: Baseline, slot: int) -> float:
    return (FACTOR_REPORTS + baseline.week_seen[slot]) / (FACTOR_REPORTS + baseline.week_expected[slot])


def _kept(visits: int, steady: float) -> float:
    """What stays of earlier visits: early ones, when all else was still wrong, fade sooner than later ones."""
    return min(1.0 - 2.0 / (visits + 2.0), steady)


def _aside(evidence: float) -> float:
    """The share that each neighbour gets: less, the more is known, or a habit of one hour would be smeared for ever."""
    return NEIGHBOUR_SHARE * FACTOR_REPORTS / (FACTOR_REPORTS + evidence)


def _taught(values: Sequence[float], at: int, amount: float, *, kept: float, aside: float) -> tuple[float, ...]:
    """The table after an hour: each place fades and gains by the share it gets."""
    changed = list(values)
    for step, share in ((-1, aside), (0, 1.0 - 2.0 * aside), (1, aside)):
        place = (at + step) % len(changed)
        changed[place] = changed[place] * (1.0 - share * (1.0 - kept)) + share * amount
    return tuple(changed)
