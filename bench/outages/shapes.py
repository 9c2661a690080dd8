"""Outages as users report them: of the published sizes and shapes, reported by people who need minutes to notice.

Nobody reports in the first second: people retry, ask others, and then look for where to report. An outage that begins
at minute 0 therefore reaches its full rate of reports only by and by (a gamma distribution of delays with a mean of 1.5
to 5 minutes, drawn for each outage). Delays of detection are counted from the cause, not from the first report.
"""

from math import e
from typing import Final, NamedTuple

import numpy as np

from bench.outages.world import Floats, gamma_noise

MINUTES: Final = 180
"""An outage is followed for so long; one that was not noticed by then was missed."""
SHAPES: Final = ("sudden", "creeping", "flapping", "regional")
SHARES: Final = (0.5, 0.15, 0.2, 0.15)


class Outage(NamedTuple):
    """Its shape, the added intensity for each of MINUTES minutes from the cause on, and the minute at which the
    whole is three times the usual (and at least ten a minute)."""

    shape: str
    added: Floats
    tripled: int


def outage(rng: np.random.Generator, usual: Floats, *, shape: str, small: bool = False) -> Outage:
    """An outage on top of the `usual` intensity of the next MINUTES minutes.

    Its peak is at least 10 reports a minute and three times the usual, up to thirty times that much (regional ones up
    to three times); a `small` one stays between 1.5 and 3 times the usual.
    """
    level = float(usual[:60].max())
    least = max(10.0, 3.0 * level)
    peak = least * 1.1 * float(np.exp(rng.uniform(0.0, np.log(3.0 if shape == "regional" else 30.0))))
    if small:
        peak = level * rng.uniform(1.5, 3.0)
    lasts = int(rng.integers(15, MINUTES))
    felt = _felt(rng, shape, lasts)
    added = (peak - level) * felt * gamma_noise(rng, MINUTES, spread=0.05, remembers_minutes=5)
    over = np.flatnonzero((usual + (peak - level) * felt >= least) | (felt >= 0.99 * felt.max()))
    return Outage(shape, added, int(over[0]))


def _felt(rng: np.random.Generator, shape: str, lasts: int) -> Floats:
    """How much of the peak is reported in each minute, 0 to 1."""
    at = np.arange(MINUTES)
    broken = np.where(at < lasts, 1.0, 0.0)
    if shape == "creeping":
        broken *= np.minimum((at + 1) / rng.uniform(20, 90), 1.0)
    if shape == "flapping":
        on, off = int(rng.integers(4, 11)), int(rng.integers(3, 9))
        broken *= at % (on + off) < on
    lag = rng.uniform(1.5, 5.0)
    delay = (at + 0.5) * np.exp(-2.0 * at / lag)
    delay /= delay.sum()
    felt = np.convolve(broken, delay)[:MINUTES]
    tail = np.exp(-np.maximum(at - lasts, 0) / 40.0) * 0.3
    return np.asarray(np.maximum(felt, np.where(at >= lasts, tail * felt[: max(lasts, 1)].max() / e, 0.0)))
