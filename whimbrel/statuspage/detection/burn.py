"""How fast the error budget of an objective is used up, and when that is worth waking somebody.

A service-level objective of 99.9 % leaves one bad request in a thousand: the budget. The burn rate is the share of bad
requests divided by that: 1 uses the budget up exactly in its period. An alert needs two windows that burn: the long one
says that it matters, the short one (a twelfth) that it still goes on, so that the alert ends soon after the trouble
(Google, Site Reliability Workbook, chapter 5, table 5-8, with the ticket of a day from the tool sloth). A factor is the
share of the budget times the period by the long window.

Promises: pure, exact, and silent where few requests would make an alert of a single failure (`COUNT_MIN`): burn alerts
are quick for large failures only, and blind at low traffic; surges and probes are there for the rest.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

PERIOD_MINUTES: Final = 30 * 24 * 60
COUNT_MIN: Final = 20
BAD_MIN: Final = 3

Action = Literal["page", "ticket"]


class Rule(NamedTuple):
    """An alert: both windows (minutes) burn at `factor` or faster; `budget` is the share used when the long one is
    full.
    """

    action: Action
    long_minutes: int
    short_minutes: int
    budget: float

    def factor(self, period_minutes: int = PERIOD_MINUTES) -> float:
        """The burn rate from which on it fires."""
        return self.budget * period_minutes / self.long_minutes


RULES: Final = (
    Rule("page", 60, 5, 0.02),
    Rule("page", 6 * 60, 30, 0.05),
    Rule("ticket", 24 * 60, 2 * 60, 0.1),
    Rule("ticket", 3 * 24 * 60, 6 * 60, 0.1),
)


class Requests(NamedTuple):
    """What a window saw: how many requests, and how many of them were bad."""

    total: int
    bad: int


class Burning(NamedTuple):
    """A rule that fires, with the burn rates of its two windows."""

    rule: Rule
    long_rate: float
    short_rate: float


def burn_rate(requests: Requests, objective: float) -> float:
    """How many times faster than allowed the budget is used; 0 without requests. `objective` is a share, 0.999."""
    if requests.total <= 0:
        return 0.0
    return requests.bad / requests.total / (1.0 - objective)


def budget_left(requests: Requests, objective: float) -> float:
    """The share of the budget that is left after a period's requests; below 0 when it is overdrawn."""
    return 1.0 - burn_rate(requests, objective)


def burning(
    windows: Mapping[int, Requests], objective: float, *, period_minutes: int = PERIOD_MINUTES
) -> tuple[Burning, ...]:
    """The rules that fire, gravest first. `windows` holds what the newest so many minutes saw, by their length; a rule
    whose windows are not there, or saw fewer than `COUNT_MIN` requests or `BAD_MIN` bad ones, says nothing.
    """
    return tuple(found for rule in RULES if (found := _burning(rule, windows, objective, period_minutes)) is not None)


def minutes_to_alert(
    rule: Rule, objective: float, bad_share: float, *, period_minutes: int = PERIOD_MINUTES
) -> float | None:
    """Minutes that a constant share of bad requests takes from a clean start until the rule fires; None for never."""
    factor = rule.factor(period_minutes)
    minutes = factor * (1.0 - objective) * rule.long_minutes / bad_share if bad_share > 0.0 else float("inf")
    return minutes if minutes <= rule.long_minutes else None


def _burning(rule: Rule, windows: Mapping[int, Requests], objective: float, period_minutes: int) -> Burning | None:
    long, short = windows.get(rule.long_minutes), windows.get(rule.short_minutes)
    if long is None or short is None or not (_tells(long) and _tells(short)):
        return None
    rates = burn_rate(long, objective), burn_rate(short, objective)
    return Burning(rule, *rates) if min(rates) >= rule.factor(period_minutes) else None


def _tells(requests: Requests) -> bool:
    return requests.total >= COUNT_MIN and requests.bad >= BAD_MIN
