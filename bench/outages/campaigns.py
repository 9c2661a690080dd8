"""Crowds and campaigns: who reports, in what words, with what identity; to see whether the one is told from the other.

A crowd comes from networks whose sizes fall off steeply, writes mostly its own words (some copy what others say), is
partly new, and has a favourite kind of trouble. A campaign sends most of its reports from one network, or in one
wording, or from identities made for it, or several of these, mixed into whatever the service has anyway.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from whimbrel.statuspage.detection.brigade import Composition, Weighing, weighed

KINDS: Final = 8
SIGNS: Final = ("network", "wording", "new identities")


class Recognition(NamedTuple):
    """Of campaigns: how many were recognised (half or less of them counts). Of crowds: how many were held for one."""

    campaigns: int
    recognised: int
    crowds: int
    wronged: int


def recognition(rng: np.random.Generator, times: int) -> Recognition:
    """Judge so many campaigns and so many crowds."""
    campaigns = [weighed(_campaign(rng, _size(rng))) for _ in range(times)]
    crowds = [weighed(_composition(*_crowd(rng, _size(rng)))) for _ in range(times)]
    return Recognition(times, sum(map(_is_halved, campaigns)), times, sum(map(_is_halved, crowds)))


def _is_halved(weighing: Weighing) -> bool:
    return weighing.weight <= 0.5


def _size(rng: np.random.Generator) -> int:
    return int(np.exp(rng.uniform(np.log(20), np.log(2_000))))


Columns = tuple[list[str], list[str], list[str], list[str]]


def _crowd(rng: np.random.Generator, size: int) -> Columns:
    """Networks, wordings, ages and kinds of a crowd's reports."""
    ranks = np.arange(1, 200)
    networks = rng.choice(ranks, size, p=(ranks**-0.9) / np.sum(ranks**-0.9))
    own_words = rng.random(size) < rng.uniform(0.75, 0.98)
    wordings = [f"own {at}" if own else f"said {rng.integers(0, 30)}" for at, own in enumerate(own_words.tolist())]
    ages = rng.choice(["new", "days", "months"], size, p=rng.dirichlet([4.0, 3.0, 5.0]))
    kinds = rng.choice(KINDS, size, p=rng.dirichlet(np.full(KINDS, 0.5)))
    return [f"n{one}" for one in networks], wordings, ages.tolist(), [f"k{one}" for one in kinds]


def _campaign(rng: np.random.Generator, size: int) -> Composition:
    """A campaign with one sign or more among 5 to 25 % of honest reports."""
    networks, wordings, ages, kinds = _crowd(rng, size)
    signs = {str(one) for one in rng.choice(SIGNS, int(rng.integers(1, 4)), replace=False)}
    forged = np.flatnonzero(rng.random(size) > rng.uniform(0.05, 0.25)).tolist()
    for at in forged:
        networks[at] = "hosting" if "network" in signs else networks[at]
        wordings[at] = "the same text" if "wording" in signs else wordings[at]
        ages[at] = "new" if "new identities" in signs else ages[at]
        kinds[at] = "k0"
    return _composition(networks, wordings, ages, kinds)


def _composition(
    networks: Sequence[str], wordings: Sequence[str], ages: Sequence[str], kinds: Sequence[str]
) -> Composition:
    return Composition(len(networks), *map(_counted, (networks, wordings, ages, kinds)))


def _counted(values: Sequence[str]) -> dict[str, int]:
    names, counts = np.unique(np.asarray(values), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
