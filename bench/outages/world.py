"""Quiet services: minute counts of outage reports of services that have no outage, with everything that is not one.

None of it is what the detector assumes. The intensity is a smooth daily curve times weekday, a growth that is
exponential with a step, days that begin early or late, each day its own level, holidays, a change of the clocks,
rumours (a quarter of an hour to three quarters with up to twice the reports, which nobody would call an outage: an
alarm then is a false one), and two gamma processes that remember minutes and hours (by the Wilson-Hilferty cube of
autocorrelated normal noise). Reports come singly or with a second one of the same household.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]

DAY: Final = 1_440
WEEK: Final = 7 * DAY
FIRST_MINUTE: Final = 28_995_840
"""Monday 2025-02-17 00:00 UTC, counted from 1970: a service's series begins there."""
CLASSES: Final = (("0.02-0.2", 0.02, 0.2), ("0.2-2", 0.2, 2.0), ("2-20", 2.0, 20.0), ("20-200", 20.0, 200.0),
                  ("200-1000", 200.0, 1_000.0))  # fmt: skip
HOUSEHOLD_SHARE: Final = 0.1


class Service(NamedTuple):
    """One service's quiet life: its class (place in CLASSES), true intensity and counts for each minute."""

    size: int
    intensity: Floats
    counts: Counts


def quiet_service(rng: np.random.Generator, size: int, minutes: int) -> Service:
    """A service of a class, drawn anew, for so many minutes."""
    _, low, high = CLASSES[size]
    per_minute = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    intensity = per_minute * _season(rng, minutes) * _slow_changes(rng, minutes)
    noisy = intensity * gamma_noise(rng, minutes, spread=_log_uniform(rng, 0.01, 0.15), remembers_minutes=5)
    noisy *= gamma_noise(rng, minutes, spread=_log_uniform(rng, 0.01, 0.08), remembers_minutes=90)
    return Service(size, intensity, reports(rng, noisy * _rumours(rng, minutes)))


def reports(rng: np.random.Generator, intensity: Floats) -> Counts:
    """Counts per minute of an intensity: some people are followed at once by somebody of their household."""
    first = rng.poisson(intensity / (1.0 + HOUSEHOLD_SHARE))
    return (first + rng.binomial(first, HOUSEHOLD_SHARE)).astype(np.int32)


def gamma_noise(rng: np.random.Generator, minutes: int, *, spread: float, remembers_minutes: int) -> Floats:
    """A positive process with mean about 1 and variance `spread` whose memory fades in `remembers_minutes`."""
    step = max(remembers_minutes // 5, 1)
    points = minutes // step + 2
    kept = np.exp(-step / remembers_minutes)
    kernel = kept ** np.arange(int(5 * remembers_minutes / step) + 1)
    normal = np.convolve(rng.standard_normal(points + len(kernel)), kernel / np.sqrt(np.sum(kernel**2)), "valid")
    smooth = np.interp(np.arange(minutes) / step, np.arange(len(normal)), normal)
    shape = 1.0 / spread
    return np.asarray(np.maximum(1.0 - 1.0 / (9.0 * shape) + smooth / (3.0 * np.sqrt(shape)), 0.0) ** 3)


def _season(rng: np.random.Generator, minutes: int) -> Floats:
    """Day and week, with days that start early or late and clocks that change once in half of the services."""
    days = minutes // DAY + 2
    late = rng.normal(0, 15, days)
    if rng.random() < 0.5:
        late[int(days * rng.uniform(0.4, 0.8)) :] += 60
    local = np.arange(minutes) + _stretched(late, minutes)
    angle = 2 * np.pi * local / DAY
    first, second = rng.uniform(0, 2 * np.pi, 2)
    day = np.exp(rng.uniform(0.3, 1.1) * np.sin(angle + first) + rng.uniform(0.0, 0.35) * np.sin(2 * angle + second))
    of_weekday = np.exp(rng.normal(0, 0.1, 7))
    of_weekday[5:] *= rng.uniform(0.6, 1.2)
    level = np.exp(rng.normal(0, 0.07, days)) * np.resize(of_weekday, days)
    return np.asarray(day / day.mean() * _stretched(level, minutes))


def _stretched(daily: Floats, minutes: int) -> Floats:
    """One value a day as one a minute, from midday to midday in straight lines."""
    return np.asarray(np.interp(np.arange(minutes), np.arange(len(daily)) * DAY + DAY / 2, daily))


def _slow_changes(rng: np.random.Generator, minutes: int) -> Floats:
    """Growth of -10 to +60 % a year, one step of up to 30 % either way, and nine holidays a year."""
    at = np.arange(minutes)
    change = np.exp(np.log(rng.uniform(0.9, 1.6)) * at / (365 * DAY))
    change[int(rng.uniform(0.3, 1.0) * minutes) :] *= np.exp(rng.uniform(-0.26, 0.26))
    days = np.ones(minutes // DAY + 2)
    holidays = rng.random(len(days)) < 9 / 365
    days[holidays] = rng.uniform(0.5, 1.5, int(holidays.sum()))
    return np.asarray(change * _stretched(days, minutes))


def _rumours(rng: np.random.Generator, minutes: int) -> Floats:
    """Six times a year up to twice the reports for 15 to 45 minutes."""
    factor = np.ones(minutes)
    for _ in range(rng.poisson(6 * minutes / (365 * DAY))):
        start, length = int(rng.integers(0, minutes)), int(rng.integers(15, 45))
        stretch = factor[start : start + length]
        stretch *= 1.0 + rng.uniform(0.2, 1.0) * np.sin(np.pi * (np.arange(len(stretch)) + 0.5) / length)
    return factor


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
