"""What reports say about a service: none, weak, moderate or strong evidence of trouble. Pure, published with figures.

A surge (surge.py) is moderate evidence. It is strong when it has gone on for STRONG_MINUTES and was at its height
beyond chance by STRONG_DECADES. It is weak, and said to be, when another service's trouble explains it
(attribution.py), or when most of it looks made (brigade.py). The thresholds of weight and chance are those of the
published rule (verdict.py).
"""

from typing import Final, Literal

import msgspec

from whimbrel.statuspage.verdict import DEFAULT

State = Literal["none", "weak", "moderate", "strong"]

STRONG_MINUTES: Final = 5
STRONG_DECADES: Final = 12.0
DECADES_MAX: Final = 300.0


class SurgeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A surge of one service from its most likely start on; minutes count from 1970, `until` is None while it lasts.

    `score`: the strongest evidence so far, in decades; `weight`: the share of its reports that counts now, with the
    `doubts` in words; `role`, `of`, `confidence`: whose trouble it is; `page_changed_ms`: when the service's own page
    first said so.
    """

    since: int
    noticed: int
    until: int | None = None
    peak: float = 0.0
    excess: float = 0.0
    score: float = 0.0
    weight: float = 1.0
    doubts: tuple[str, ...] = ()
    role: str = "culprit"
    of: str = ""
    confidence: float = 1.0
    common_cause: bool = False
    page_changed_ms: int | None = None

    @property
    def tail(self) -> float:
        """How likely it was by chance."""
        return float(10.0 ** -min(self.score, DECADES_MAX))

    @property
    def lag_ms(self) -> int | None:
        """How long after people the service's own page said so; None while it has not. Negative: the page was first."""
        return None if self.page_changed_ms is None else self.page_changed_ms - 60_000 * self.since


def assessed(seen: SurgeSeen | None, minute: int) -> State:
    """The state as of a minute."""
    if seen is None or seen.until is not None:
        return "none"
    if seen.role == "bystander" or seen.weight < DEFAULT.crowd_weight_min or seen.tail > DEFAULT.crowd_tail:
        return "weak"
    if minute - seen.since >= STRONG_MINUTES and seen.score >= STRONG_DECADES:
        return "strong"
    return "moderate"
