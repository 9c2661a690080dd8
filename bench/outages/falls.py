"""Falls of a posting rate: how soon they are flagged, how soon the return is seen, how often nothing is flagged.

Rates of 10 to 1,000 a minute, steadier than reports are but with the same seasons, growth and holidays; a fall takes up
to five minutes to reach 0 to 40 % of the usual, lasts 15 to 90 minutes, and comes back within ten.
"""

from typing import Final, NamedTuple

import numpy as np

from bench.outages.ours import WARM_MINUTES
from bench.outages.world import FIRST_MINUTE, WEEK, Floats, gamma_noise, quiet_service, reports
from whimbrel.statuspage.detection.fall import FallWatch, fall_observed, watching_for_falls

FALLS_PER_RATE: Final = 10
FOLLOWED_MINUTES: Final = 120
SIZES: Final = (2, 3, 4)


class Flagged(NamedTuple):
    """Delays in minutes of each fall and of each return (None: never), false alarms, and the weeks they took."""

    falls: list[int | None]
    returns: list[int | None]
    false_alarms: int
    weeks: int


def flagged(seed: int, rates: int, weeks: int) -> Flagged:
    """Watch so many rates for so many weeks after their warm-up, with ten falls each that branch off."""
    falls: list[int | None] = []
    returns: list[int | None] = []
    false_alarms = 0
    for place in range(rates):
        rng = np.random.default_rng([seed, 2_000_003, place])
        minutes = WARM_MINUTES + weeks * WEEK
        service = quiet_service(rng, SIZES[place % len(SIZES)], minutes + FOLLOWED_MINUTES)
        intensity = service.intensity + 10.0
        counts = reports(rng, intensity * _unrest(rng, len(intensity))).tolist()
        starts = set(rng.integers(WARM_MINUTES, minutes, FALLS_PER_RATE).tolist())
        watch, ringing = watching_for_falls(), False
        for minute in range(minutes):
            if minute in starts and watch.fall is None:
                fallen, back = _branch(rng, watch, minute, intensity[minute : minute + FOLLOWED_MINUTES])
                falls.append(fallen)
                returns.append(back)
            watch, reading = fall_observed(watch, FIRST_MINUTE + minute, counts[minute])
            false_alarms += reading.fall is not None and not ringing and minute >= WARM_MINUTES
            ringing = reading.fall is not None
    return Flagged(falls, returns, int(false_alarms), rates * weeks)


def _unrest(rng: np.random.Generator, minutes: int) -> Floats:
    quick = gamma_noise(rng, minutes, spread=0.01, remembers_minutes=5)
    return quick * gamma_noise(rng, minutes, spread=0.01, remembers_minutes=90)


def _branch(rng: np.random.Generator, watch: FallWatch, start: int, usual: Floats) -> tuple[int | None, int | None]:
    """Minutes from the start of the fall to its flag, and from the start of the return to the flag of the return."""
    lasts, left = int(rng.integers(15, 91)), rng.uniform(0.0, 0.4)
    down, up = rng.uniform(1.0, 5.0), rng.uniform(1.0, 10.0)
    at = np.arange(FOLLOWED_MINUTES)
    share = np.interp(at, [0.0, down, lasts, lasts + up], [1.0, left, left, 1.0])
    fallen, back = None, None
    for minute, count in enumerate(reports(rng, usual * share * _unrest(rng, FOLLOWED_MINUTES)).tolist()):
        watch, reading = fall_observed(watch, FIRST_MINUTE + start + minute, count)
        if reading.fall is not None and fallen is None:
            fallen = minute + 1
        if reading.returned and fallen is not None and minute >= lasts and back is None:
            back = minute + 1 - lasts
    return fallen, back
