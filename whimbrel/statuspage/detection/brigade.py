"""A crowd or a campaign? Reports that come from one network, in one wording, from brand-new identities, or of one kind
only count for less, and it is said why.

**Considered.** Dropping suspicious reports: then whoever is under attack by a false flag, or has customers in one
network only, is silently unheard, and nobody can check the verdict. **Built.** Four signs are looked at by themselves.
For each there is a share that a crowd may have (the service's own usual share where it is known); what is beyond it is
excess, when chance is excluded, and an excess report counts `EXCESS_WEIGHT` instead of 1. The worst sign decides; signs
are not multiplied, because a campaign usually shows several of them for the same reports.

Promises: pure; weights are between `EXCESS_WEIGHT` and 1, never 0, so that a large enough crowd always rings; the raw
count is kept and shown beside the counted one; each reason names the sign in words and figures. What it cannot do: see
a campaign that looks like a crowd in all four; that costs its author networks, texts and old identities, which is the
point.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final, Literal

import msgspec

from whimbrel.statuspage.detection.tail import binomial_log10

Sign = Literal["network", "wording", "new identities", "kind"]

REPORTS_MIN: Final = 8
"""Below this nothing is said: three reports of one household are no campaign."""
CHANCE_DECADES: Final = 3.0
EXCESS_WEIGHT: Final = 0.1
KIND_WEIGHT: Final = 0.5
"""A real outage often has one kind only, so that sign alone takes at most half."""
MARGIN: Final = 1.5
"""How much beyond the usual share a crowd may be, because an outage changes who reports."""
NETWORK_SHARE: Final = 0.25
WORDING_SHARE: Final = 0.1
NEW_SHARE: Final = 0.5
KIND_SHARE: Final = 0.95
SHARE_MAX: Final = 0.95
NEW: Final = "new"


class Composition(msgspec.Struct, frozen=True):
    """Who reported in a stretch of time: counts by network, by wording (only of reports with words), by age of the
    identity (`new`, and any others; only of reports with an identity), by kind of trouble. Keys are salted hashes or
    names.
    """

    total: int
    networks: Mapping[str, int]
    wordings: Mapping[str, int]
    ages: Mapping[str, int]
    kinds: Mapping[str, int]


class Usual(msgspec.Struct, frozen=True):
    """The largest share that is usual for this service: what a crowd may have before anything is held against it."""

    network: float = NETWORK_SHARE
    wording: float = WORDING_SHARE
    new: float = NEW_SHARE
    kind: float = KIND_SHARE


class Reason(msgspec.Struct, frozen=True):
    """Why reports count for less: the sign, how many of how many show it, the share that a crowd may have, the weight
    that this alone gives to the whole, and the same in words for people.
    """

    sign: Sign
    reports: int
    of: int
    allowed: float
    weight: float
    words: str


class Weighing(msgspec.Struct, frozen=True):
    """What the reports count: `counted` of `total`, and the reasons, gravest first; no reasons means all count."""

    total: int
    counted: float
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> float:
        """The share of the reports that counts."""
        return self.counted / self.total if self.total else 1.0


def weighed(composition: Composition, usual: Usual | None = None) -> Weighing:
    """How much the reports of a stretch of time count, and why."""
    habits = usual or Usual()
    newcomers = {NEW: composition.ages.get(NEW, 0)}
    found = [
        _reason("network", composition.networks, _allowed(habits.network), EXCESS_WEIGHT, composition),
        _reason("wording", composition.wordings, _allowed(habits.wording), EXCESS_WEIGHT, composition),
        _reason("new identities", newcomers, _allowed(habits.new), EXCESS_WEIGHT, composition),
        _reason("kind", composition.kinds, _allowed(habits.kind), KIND_WEIGHT, composition),
    ]
    reasons = tuple(sorted((one for one in found if one is not None), key=lambda one: one.weight))
    weight = reasons[0].weight if reasons else 1.0
    return Weighing(composition.total, composition.total * weight, reasons)


def _allowed(usual: float) -> float:
    return min(usual * MARGIN, max(usual, SHARE_MAX))


def _reason(sign: Sign, counts: Mapping[str, int], allowed: float, weight: float, of: Composition) -> Reason | None:
    """What one sign says: nothing, or the weight that it leaves to the whole."""
    known = sum((of.ages if sign == "new identities" else counts).values())
    most = max(counts.values(), default=0)
    if known < REPORTS_MIN or most <= allowed * known or not _beyond_chance(most, known, allowed):
        return None
    rest = known - most
    fair = rest * allowed / (1.0 - allowed) if rest else 0.0
    excess = most - min(fair, most)
    left = max(1.0 - excess * (1.0 - weight) / max(of.total, known), weight)
    return Reason(sign, most, known, allowed, left, _words(sign, most, known, allowed))


def _beyond_chance(most: int, known: int, allowed: float) -> bool:
    """Whether so many of so many are beyond what a fair share gives by chance."""
    return -binomial_log10(most, known, allowed) >= CHANCE_DECADES


def _words(sign: Sign, most: int, known: int, allowed: float) -> str:
    share, fair = ceil(100 * most / known), round(100 * allowed)
    said = {
        "network": f"{most} of {known} reports ({share} %) come from one network",
        "wording": f"{most} of {known} reports with words ({share} %) say the same",
        "new identities": f"{most} of {known} reports ({share} %) come from identities seen for the first time",
        "kind": f"{most} of {known} reports ({share} %) are of one kind",
    }[sign]
    return f"{said}; up to {fair} % is usual"
