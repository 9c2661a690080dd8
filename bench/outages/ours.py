"""Our detector over simulated services: quiet weeks for false alarms, and outages that branch off from a quiet minute.

Because the detector is pure, an outage needs no warm-up of its own: the state of a quiet minute is kept, the outage is
played from it, and the quiet weeks go on as if nothing had been. So no outage spoils the baseline of another one.
"""

from collections.abc import Iterator
from time import process_time
from typing import Final, NamedTuple

import numpy as np

from bench.outages.shapes import MINUTES, SHAPES, SHARES, outage
from bench.outages.world import FIRST_MINUTE, WEEK, Counts, Floats, Service, quiet_service, reports
from whimbrel.statuspage.detection.surge import Watch, observed, watching

WARM_MINUTES: Final = 4 * WEEK
OUTAGES_PER_SERVICE: Final = 10
SMALL_PER_SERVICE: Final = 2
POOL_MINUTES: Final = 240
"""Quiet minutes after the end, for the groups of services that surge together."""


class Branch(NamedTuple):
    """An outage that was played: where it began, what it was, its counts (quiet ones included), our scores, the minute
    of our alarm and the estimated first minute, both counted from the cause (None: missed).
    """

    start: int
    shape: str
    small: bool
    tripled: int
    counts: Counts
    scores: Floats
    noticed: int | None
    since: int | None


class Run(NamedTuple):
    """A service after its life: our scores after the warm-up, the first minutes of our alarms, the outages, what each
    minute cost, the state at the end, and which minute that was."""

    service: Service
    scores: Floats
    alarms: tuple[int, ...]
    branches: tuple[Branch, ...]
    microseconds: float
    watch: Watch
    end: int


def played(seed: int, place: int, *, weeks: int) -> Run:
    """The service number `place` of a world, watched for so many weeks after the warm-up."""
    rng = np.random.default_rng([seed, place])
    minutes = WARM_MINUTES + weeks * WEEK
    service = quiet_service(rng, place % 5, minutes + POOL_MINUTES)
    starts = rng.integers(WARM_MINUTES, minutes, OUTAGES_PER_SERVICE + SMALL_PER_SERVICE).tolist()
    kept, scores, alarms, watch, seconds = _quiet(service, minutes, frozenset(starts))
    branches = tuple(
        _branch(rng, service, start, kept[start], small=number >= OUTAGES_PER_SERVICE)
        for number, start in enumerate(starts)
        if kept[start].surge is None
    )
    return Run(service, scores, tuple(alarms), branches, seconds / minutes * 1e6, watch, minutes)


def _quiet(
    service: Service, minutes: int, starts: frozenset[int]
) -> tuple[dict[int, Watch], Floats, list[int], Watch, float]:
    """The quiet life, with the states at `starts`, the scores and alarms after the warm-up, and the seconds it took."""
    watch, kept, scores, alarms = watching(), dict[int, Watch](), list[float](), list[int]()
    counts = service.counts.tolist()
    began, ringing = process_time(), False
    for minute in range(minutes):
        if minute in starts:
            kept[minute] = watch
        watch, reading = observed(watch, FIRST_MINUTE + minute, counts[minute])
        scores.append(reading.score)
        if (reading.surge is not None) != ringing:
            ringing = not ringing
            if ringing and minute >= WARM_MINUTES:
                alarms.append(minute)
    return kept, np.asarray(scores[WARM_MINUTES:]), alarms, watch, process_time() - began


def _branch(rng: np.random.Generator, service: Service, start: int, watch: Watch, *, small: bool) -> Branch:
    shape = str(rng.choice(SHAPES, p=SHARES))
    made = outage(rng, service.intensity[start : start + MINUTES], shape=shape, small=small)
    counts = service.counts[start : start + MINUTES] + reports(rng, made.added)
    scores, noticed, since = np.zeros(MINUTES), None, None
    for minute, score, begun in _readings(watch, start, counts):
        scores[minute] = score
        if begun is not None and noticed is None:
            noticed, since = minute, begun
    return Branch(start, shape, small, made.tripled, counts, scores, noticed, since)


def _readings(watch: Watch, start: int, counts: Counts) -> Iterator[tuple[int, float, int | None]]:
    """For each minute of an outage: its number, its score, and when a surge began that is going on."""
    for minute, count in enumerate(counts.tolist()):
        watch, reading = observed(watch, FIRST_MINUTE + start + minute, count)
        surge = reading.surge
        yield minute, reading.score, None if surge is None else surge.since - FIRST_MINUTE - start
