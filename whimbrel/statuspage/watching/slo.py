"""Service-level objectives of a component, and how much of a budget is left. Values and arithmetic only."""

from typing import Final, Literal, NamedTuple

import msgspec

from whimbrel.statuspage.detection.burn import Requests, budget_left, burn_rate

Sli = Literal["availability", "latency", "freshness"]

SLIS: Final[tuple[Sli, ...]] = ("availability", "latency", "freshness")
"""Answered without a fault of ours; within `latency_seconds`; from views no older than `freshness_seconds`."""


DELAYED: Final = ("posting", "delayed")
LOOKED: Final = ("home", "looked")
CHANGING: Final = ("web", "changing")
"""Counted by minute beside what is promised, for write-ups: posts that were written while home was further behind than
promised, of all; looks at which it was, of all; looks at which processes were replaced, of all that could tell."""


class Slo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of good requests (of good scrapes, for freshness) that are promised over 30 days."""

    availability: float = 0.999
    latency: float = 0.999
    freshness: float = 0.999
    latency_seconds: float = 1.0
    freshness_seconds: float = 10.0

    def objective(self, sli: str) -> float:
        """The share for one indicator."""
        return {"availability": self.availability, "latency": self.latency, "freshness": self.freshness}[sli]

    def limit_seconds(self, sli: str) -> float | None:
        """What is quick or new enough; None for an indicator that has no such limit."""
        return {"latency": self.latency_seconds, "freshness": self.freshness_seconds}.get(sli)


class Budget(NamedTuple):
    """What 30 days have used: `left` is 1.0 for all of the budget, below 0 when it is overdrawn.

    `burn`: how many times as fast as it may the last hour has used it; None while no whole hour was measured.
    `since_ms`: when counting began, which may be less than 30 days ago. `limit_seconds`: what is quick or new enough.
    """

    component: str
    sli: Sli
    objective: float
    bad: int
    total: int
    left: float
    burn: float | None = None
    since_ms: int = 0
    limit_seconds: float | None = None

    @property
    def allowed(self) -> float:
        """How many of those that were counted may go badly."""
        return self.total * (1.0 - self.objective)

    @property
    def spent(self) -> float:
        """The share of the budget that is used; above 1 when it is overdrawn."""
        return 1.0 - self.left


def budget(
    component: str, sli: Sli, slo: Slo, counted: Requests, *, since_ms: int = 0, hour: Requests | None = None
) -> Budget:
    """The budget of one indicator after what was counted since a moment; `hour`: what the last hour saw."""
    objective = slo.objective(sli)
    return Budget(
        component=component,
        sli=sli,
        objective=objective,
        bad=counted.bad,
        total=counted.total,
        left=budget_left(counted, objective),
        burn=None if hour is None else burn_rate(hour, objective),
        since_ms=since_ms,
        limit_seconds=slo.limit_seconds(sli),
    )
