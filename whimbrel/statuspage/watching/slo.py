"""Service-level objectives of a component, and how much of a budget is left. Values and arithmetic only."""

from typing import Final, Literal, NamedTuple

import msgspec

from whimbrel.statuspage.detection.burn import Requests, budget_left

Sli = Literal["availability", "latency", "freshness"]

SLIS: Final[tuple[Sli, ...]] = ("availability", "latency", "freshness")
"""Answered without a fault of ours; within `latency_seconds`; from views no older than `freshness_seconds`."""


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


class Budget(NamedTuple):
    """What 30 days have used: `left` is 1.0 for all of the budget, below 0 when it is overdrawn."""

    component: str
    sli: str
    objective: float
    bad: int
    total: int
    left: float


def budget(component: str, sli: str, objective: float, counted: Requests) -> Budget:
    """The budget of one indicator after what was counted."""
    return Budget(component, sli, objective, counted.bad, counted.total, budget_left(counted, objective))
