"""Services that surge together: one breaks and people report others too, two break by chance, or a provider of many
does.

A bystander gets 2 to 8 % of the culprit's reports (one in ten of them 1 to 12 %), some minutes later, wobbling, in much
the same places and kinds. Two services that break by chance have sizes, times, kinds and places of their own. A common
cause breaks three to five within minutes, each in its own size. What is judged is every service whose surge the
detector itself noticed, a quarter of an hour after the largest one was noticed; the truth is who was broken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.outages.ours import POOL_MINUTES, Run
from bench.outages.shapes import MINUTES, SHAPES, outage
from bench.outages.world import FIRST_MINUTE, Floats, gamma_noise, reports
from whimbrel.statuspage.detection.attribution import Surging, attributed
from whimbrel.statuspage.detection.surge import observed

SCENES: Final = ("bystanders", "by chance", "common cause")
SCENE_SHARES: Final = (0.6, 0.25, 0.15)
KINDS: Final = ("timeline", "posting", "sign-in", "notifications", "media", "app", "website", "other")
PLACES: Final = 12
JUDGED_AFTER_MINUTES: Final = 15


class Judged(NamedTuple):
    """What was said of the services of a scene: how many surged, how many roles were right, how many undetermined; and
    how often a common cause was seen."""

    scene: str
    surging: int
    right: int
    undetermined: int
    common: bool


class _Part(NamedTuple):
    """A service in a scene: what is added to its quiet life, whether it is broken, and who reports."""

    run: Run
    added: Floats
    is_broken: bool
    kinds: Mapping[str, float]
    places: Mapping[str, float]


def judged(rng: np.random.Generator, runs: Sequence[Run]) -> Judged:
    """Play one scene with services of the pool, and count what was said of them."""
    scene = str(rng.choice(SCENES, p=SCENE_SHARES))
    chosen = [runs[at] for at in rng.choice(len(runs), int(rng.integers(3, 6)), replace=False)]
    parts = _SCENES[scene](rng, chosen)
    found = [(part, one) for part in parts if (one := _surging(rng, part)) is not None]
    first = max(found, key=lambda pair: max(pair[1].excess), default=None)
    if first is None:
        return Judged(scene, 0, 0, 0, common=False)
    until = first[1].since + JUDGED_AFTER_MINUTES + 3
    begun = [(part, _until(one, until)) for part, one in found if one.since <= until]
    said = attributed([one for _, one in begun])
    roles = {one.service: one.role for one in said}
    right = Counter(
        "undetermined" if roles[one.service] == "undetermined" else (roles[one.service] == "culprit") == part.is_broken
        for part, one in begun
    )
    return Judged(scene, len(begun), right[True], right["undetermined"], any(one.common_cause for one in said))


def _until(one: Surging, minute: int) -> Surging:
    return Surging(one.service, one.since, one.excess[: minute + 1], one.kinds, one.places)


def _surging(rng: np.random.Generator, part: _Part) -> Surging | None:
    """The service as the detector saw it, or None when it noticed no surge."""
    service = part.run.service
    start = part.run.end
    counts = service.counts[-POOL_MINUTES:][:MINUTES] + reports(rng, part.added)
    watch, since, excess = part.run.watch, None, []
    for minute, count in enumerate(counts.tolist()):
        watch, reading = observed(watch, FIRST_MINUTE + start + minute, count)
        excess.append(count - reading.expected)
        if reading.surge is not None and since is None:
            since = reading.surge.since - FIRST_MINUTE - start
    if since is None:
        return None
    return Surging(str(id(part)), since, tuple(excess), _seen(rng, part.kinds), _seen(rng, part.places))


def _seen(rng: np.random.Generator, shares: Mapping[str, float]) -> dict[str, float]:
    """Shares as a hundred reports show them."""
    counted = rng.multinomial(100, np.asarray(list(shares.values())) / sum(shares.values()))
    return {name: count / 100 for name, count in zip(shares, counted.tolist(), strict=True)}


def _bystanders(rng: np.random.Generator, chosen: Sequence[Run]) -> list[_Part]:
    culprit = _broken(rng, chosen[0])
    parts = [culprit]
    for run in chosen[1:]:
        share = rng.uniform(0.01, 0.12) if rng.random() < 0.1 else rng.uniform(0.02, 0.08)
        lag = int(rng.integers(1, 9))
        late = np.concatenate([np.zeros(lag), culprit.added[:-lag]])
        added = share * late * gamma_noise(rng, MINUTES, spread=0.05, remembers_minutes=10)
        parts.append(_Part(run, added, False, _near(rng, culprit.kinds), _near(rng, culprit.places)))
    return parts


def _by_chance(rng: np.random.Generator, chosen: Sequence[Run]) -> list[_Part]:
    first, second = (_broken(rng, run) for run in chosen[:2])
    lag = int(rng.integers(0, 16))
    return [first, second._replace(added=np.concatenate([np.zeros(lag), second.added])[:MINUTES])]


def _common_cause(rng: np.random.Generator, chosen: Sequence[Run]) -> list[_Part]:
    return [_broken(rng, run) for run in chosen]


_SCENES = {"bystanders": _bystanders, "by chance": _by_chance, "common cause": _common_cause}


def _broken(rng: np.random.Generator, run: Run) -> _Part:
    usual = run.service.intensity[-POOL_MINUTES:][:MINUTES]
    made = outage(rng, usual, shape=str(rng.choice(SHAPES[::2])))
    return _Part(run, made.added, True, _mixture(rng, KINDS), _mixture(rng, tuple(map(str, range(PLACES)))))


def _mixture(rng: np.random.Generator, names: Sequence[str]) -> dict[str, float]:
    return dict(zip(names, rng.dirichlet(np.full(len(names), 0.7)).tolist(), strict=True))


def _near(rng: np.random.Generator, shares: Mapping[str, float]) -> dict[str, float]:
    wobbled = rng.dirichlet(8.0 * np.asarray(list(shares.values())) + 0.3)
    return dict(zip(shares, wobbled.tolist(), strict=True))
