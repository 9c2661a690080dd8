"""The other ways to notice an outage, each as a score per minute that rings from a threshold on.

All are given what they need at its best: the same hour of the week of the four weeks before (means and deviations,
without any outage in them, interpolated between hours), thresholds tuned for each class of service, no restart after an
alarm. All work is vectorised over minutes, so that months take seconds. River's and ruptures' detectors: its
Page-Hinkley test is here in its own form; ADWIN has no threshold that could be tuned to equal false alarms; the change
points of ruptures are worked out over a finished series, which nobody has during an outage.

Sources: openstatus' rule of 7 reporters in 15 minutes; crowd-report sites' ratio to the usual; EWMA after Motoyama et
al., WOSN 2010; S-H-ESD after Hochenbaum, Vallis, Kejariwal, arXiv 1704.07706 (season and median removed, median
absolute deviation instead of the standard one, a fortnight of history); Page, Biometrika 41, 1954.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from bench.outages.world import DAY, WEEK, Counts, Floats

HISTORY_WEEKS: Final = 4
FORTNIGHT: Final = 14 * DAY
BLOCK: Final = 5
CONTEXT_MINUTES: Final = DAY
"""What a moving average is given of the time before an outage."""


class Series(NamedTuple):
    """Counts per minute, and what was usual then: mean per minute and deviation of `BLOCK`-minute sums by hour of the
    week, median and robust deviation of such sums by hour of the day.
    """

    counts: Floats
    mean: Floats
    deviation: Floats
    median: Floats
    robust: Floats


class Rival(NamedTuple):
    """A way to notice: its name, its usual threshold, and its score for each minute."""

    name: str
    threshold: float
    scores: Callable[[Series], Floats]


def series_of(counts: Counts) -> Series:
    """What rivals know of a service, from the fifth week on."""
    values = counts.astype(float)
    weeks = [_of_week(values, at) for at in range(HISTORY_WEEKS * WEEK, len(values), WEEK)]
    days = [_of_day(values, at) for at in range(HISTORY_WEEKS * WEEK, len(values), DAY)]
    length = len(values) - HISTORY_WEEKS * WEEK
    mean, deviation = (np.concatenate([one[which] for one in weeks])[:length] for which in (0, 1))
    median, robust = (np.concatenate([one[which] for one in days])[:length] for which in (0, 1))
    return Series(values[HISTORY_WEEKS * WEEK :], mean, deviation, median, robust)


def with_outage(series: Series, start: int, counts: Counts) -> Series:
    """The day before an outage and the outage: `start` is counted in the series."""
    first = max(start - CONTEXT_MINUTES, 0)
    cut = Series(*(column[first : start + len(counts)] for column in series))
    changed = cut.counts.copy()
    changed[start - first :] = counts[: len(changed) - (start - first)]
    return cut._replace(counts=changed)


def _of_week(values: Floats, at: int) -> tuple[Floats, Floats]:
    hours = values[at - HISTORY_WEEKS * WEEK : at].reshape(HISTORY_WEEKS, 168, 60)
    sums = hours.reshape(HISTORY_WEEKS, 168, 60 // BLOCK, BLOCK).sum(axis=-1)
    return _between_hours(hours.mean(axis=(0, 2))), _between_hours(sums.std(axis=(0, 2)))


def _of_day(values: Floats, at: int) -> tuple[Floats, Floats]:
    sums = values[at - FORTNIGHT : at].reshape(14, 24, 60 // BLOCK, BLOCK).sum(axis=-1)
    season = np.median(sums, axis=(0, 2))
    rest = sums - season[None, :, None]
    robust = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return _between_hours(season), np.full(DAY, robust)


def _between_hours(hourly: Floats) -> Floats:
    """A table by hour, around in a circle, as one value a minute."""
    middles = np.arange(len(hourly)) * 60 + 30
    return np.asarray(np.interp(np.arange(len(hourly) * 60), middles, hourly, period=len(hourly) * 60))


def sums(values: Floats, length: int) -> Floats:
    """The sum of the newest `length` minutes, for each minute."""
    total = np.cumsum(values)
    total[length:] = total[length:] - total[:-length]
    return total


def _fixed(series: Series) -> Floats:
    return sums(series.counts, 15)


def _ratio(series: Series) -> Floats:
    return np.asarray((sums(series.counts, 15) + 1.0) / (15.0 * series.mean + 3.0))


def _z_score(series: Series) -> Floats:
    usual = BLOCK * series.mean
    return np.asarray((sums(series.counts, BLOCK) - usual) / np.maximum(series.deviation, np.sqrt(usual) + 0.3))


def _moving(values: Floats, span: int) -> Floats:
    kept = 1.0 - 2.0 / (span + 1.0)
    kernel = (1.0 - kept) * kept ** np.arange(6 * span)
    size = 1 << int(len(values) + len(kernel)).bit_length()
    spectrum = np.fft.rfft(values, size) * np.fft.rfft(kernel, size)
    return np.asarray(np.fft.irfft(spectrum, size)[: len(values)])


def _ewma(series: Series) -> Floats:
    slow = _moving(series.counts, 120)
    variance = np.maximum(_moving(series.counts**2, 120) - slow**2, slow) + 0.05
    late_slow, late = (np.concatenate([np.full(10, one[0]), one[:-10]]) for one in (slow, variance))
    return np.asarray((_moving(series.counts, 3) - late_slow) / np.sqrt(late / 2.0))


def _s_h_esd(series: Series) -> Floats:
    return np.asarray((sums(series.counts, BLOCK) - series.median) / np.maximum(series.robust, 1.0))


def _page_hinkley(series: Series) -> Floats:
    deviation = np.maximum(series.deviation / np.sqrt(BLOCK), np.sqrt(series.mean) + 0.1)
    walk = np.cumsum((series.counts - series.mean) / deviation - 0.5)
    return np.asarray(walk - np.minimum.accumulate(np.minimum(walk, 0.0)))


RIVALS: Final = (
    Rival("7 in 15 minutes", 7.0, _fixed),
    Rival("ratio to the usual", 3.0, _ratio),
    Rival("z-score", 3.0, _z_score),
    Rival("EWMA", 3.0, _ewma),
    Rival("S-H-ESD", 4.6, _s_h_esd),
    Rival("Page-Hinkley", 50.0, _page_hinkley),
)
