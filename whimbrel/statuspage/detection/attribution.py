"""Culprit or bystander: when several services surge together, whose trouble is it?

When a network breaks, people who cannot call into it report their own: published bystander spikes are 2 to 8 % of the
culprit's peak (T-Mobile 2020: 3.4 and 7.6 %; Vodafone UK 2020: 3.3 to 5.4 %; AT&T 2024: 1.9 and 2.7 %), and a plain
baseline test rings for all of them. The service with the largest excess is a culprit; for each other one five
observations are weighed, each as a likelihood ratio of "bystander of that culprit" against "trouble of its own": its
share of the peak, how late it follows, how closely its curve follows the culprit's, how alike the kinds of trouble are,
and how alike the places. Trouble of its own at nearly the same minute in three services or more is a common cause, such
as a provider they share.

Promises: pure; symmetric in the order of services; every conclusion carries its confidence and its figures, and 0.4 to
0.6 is called undetermined. What it cannot do: tell a small outage of its own from a spike when size, time, curve, kinds
and places all fit; it then says bystander, with the confidence that this deserves. Accuracy: `bench/outages`.
"""

from collections.abc import Mapping, Sequence
from math import exp, log, sqrt
from typing import Final, Literal

import msgspec

Role = Literal["culprit", "bystander", "undetermined"]

UNSURE_FROM: Final = 0.4
UNSURE_TO: Final = 0.6
LAG_MINUTES_MAX: Final = 12
SMOOTHED_MINUTES: Final = 3
COMMON_MINUTES: Final = 5
COMMON_SERVICES_MIN: Final = 3

Expectation = tuple[float, float]
"""Mean and standard deviation of an observation."""

BYSTANDER: Final[Mapping[str, Expectation]] = {
    "log_share": (log(0.045), 0.6),
    "lag": (4.5, 3.5),
    "follows": (0.9, 0.12),
    "kinds": (0.7, 0.14),
    "places": (0.7, 0.14),
}
OWN_TROUBLE: Final[Mapping[str, Expectation]] = {
    "log_share": (log(0.2), 1.7),
    "lag": (2.0, 10.0),
    "follows": (0.7, 0.3),
    "kinds": (0.45, 0.16),
    "places": (0.45, 0.16),
}


class Surging(msgspec.Struct, frozen=True):
    """A service in a surge: reports beyond the expected ones for each minute of one span that all services share, the
    estimated first minute of the surge, and the shares of kinds and places among its reports (each adds up to 1)."""

    service: str
    since: int
    excess: tuple[float, ...]
    kinds: Mapping[str, float]
    places: Mapping[str, float]


class Attribution(msgspec.Struct, frozen=True):
    """Whose trouble a surge is. `confidence` (0.5 to 1) is that of the role; `of` names the culprit of a bystander;
    `share` is of that culprit's peak; `common_cause` says that others broke at the same time; `figures` are what was
    weighed.
    """

    service: str
    role: Role
    confidence: float
    of: str | None
    share: float
    common_cause: bool
    figures: Mapping[str, float]


def attributed(surging: Sequence[Surging]) -> tuple[Attribution, ...]:
    """The role of each service, largest peak first. Of services that surge alone, each is its own culprit."""
    ordered = sorted(surging, key=lambda one: (-_peak(one), one.service))
    if not ordered:
        return ()
    culprit = ordered[0]
    found = [_first(culprit)] + [_weighed(one, culprit) for one in ordered[1:]]
    since = {one.service: one.since for one in surging}
    troubled = [one for one in found if one.role == "culprit"]
    return tuple(msgspec.structs.replace(one, common_cause=_is_common(one, troubled, since)) for one in found)


def _first(culprit: Surging) -> Attribution:
    return Attribution(culprit.service, "culprit", 1.0, None, 1.0, common_cause=False, figures={})


def _weighed(one: Surging, culprit: Surging) -> Attribution:
    share = _peak(one) / max(_peak(culprit), 1e-9)
    lag, follows = _following(one.excess, culprit.excess)
    figures = {
        "log_share": log(max(share, 1e-6)),
        "lag": float(max(min(one.since - culprit.since, 60), -60) if follows < 0.5 else lag),
        "follows": follows,
        "kinds": overlap(one.kinds, culprit.kinds),
        "places": overlap(one.places, culprit.places),
    }
    odds = sum(
        _log_density(figures[name], BYSTANDER[name]) - _log_density(figures[name], OWN_TROUBLE[name])
        for name in figures
    )
    bystander = 1.0 / (1.0 + exp(-max(min(odds, 50.0), -50.0)))
    role: Role = "bystander" if bystander > UNSURE_TO else "culprit" if bystander < UNSURE_FROM else "undetermined"
    return Attribution(
        one.service,
        role,
        max(bystander, 1.0 - bystander),
        culprit.service if role == "bystander" else None,
        share,
        common_cause=False,
        figures=figures,
    )


def _is_common(one: Attribution, troubled: Sequence[Attribution], since: Mapping[str, int]) -> bool:
    near = [other for other in troubled if abs(since[other.service] - since[one.service]) <= COMMON_MINUTES]
    return one.role == "culprit" and len(near) >= COMMON_SERVICES_MIN


def overlap(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How much two mixtures have in common: 1 when they are the same, 0 when they share nothing."""
    return sum(min(share, other.get(name, 0.0)) for name, share in one.items())


def _peak(one: Surging) -> float:
    return max(_smooth(one.excess), default=0.0)


def _smooth(values: Sequence[float]) -> list[float]:
    """Means of three minutes: a single minute of a small service is mostly chance."""
    return [sum(values[max(at - SMOOTHED_MINUTES + 1, 0) : at + 1]) / SMOOTHED_MINUTES for at in range(len(values))]


def _following(one: Sequence[float], culprit: Sequence[float]) -> tuple[int, float]:
    """At how many minutes of delay the curve is most like the culprit's, and how much (correlation)."""
    own, other = _smooth(one), _smooth(culprit)
    alike = {
        lag: _correlation(own[lag:], other[: len(other) - lag]) for lag in range(min(LAG_MINUTES_MAX, len(own)) + 1)
    }
    lag = max(alike, key=lambda at: (alike[at], -at))
    return lag, alike[lag]


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    count = len(one)
    if count < SMOOTHED_MINUTES:
        return 0.0
    mean, mean_other = sum(one) / count, sum(other) / count
    both = sum((a - mean) * (b - mean_other) for a, b in zip(one, other, strict=True))
    own = sum((a - mean) ** 2 for a in one)
    others = sum((b - mean_other) ** 2 for b in other)
    return both / sqrt(own * others) if own > 0.0 < others else 0.0


def _log_density(value: float, expectation: Expectation) -> float:
    mean, deviation = expectation
    return -0.5 * ((value - mean) / deviation) ** 2 - log(deviation)
