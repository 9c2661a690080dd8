"""What the rooms of the status program hand to each other: frozen values, no behaviour but what a value knows itself.

Times are milliseconds since 1970-01-01 UTC, their names end in `_ms`. Shares are between 0 and 1.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

State = Literal["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance", "unknown"]
"""Statuspage's states of a component, and `unknown`: nothing was measured, which is not the same as well."""

SEVERITY: Final[dict[State, int]] = {
    "operational": 0,
    "unknown": 1,
    "under_maintenance": 2,
    "degraded_performance": 3,
    "partial_outage": 4,
    "major_outage": 5,
}
"""Which of two states is worse, for "the state of all"."""

IncidentStatus = Literal["investigating", "identified", "monitoring", "resolved", "postmortem"]
MaintenanceStatus = Literal["scheduled", "in_progress", "verifying", "completed"]
Impact = Literal["none", "minor", "major", "critical", "maintenance"]

IMPACT_OF: Final[dict[State, Impact]] = {
    "operational": "none",
    "unknown": "minor",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}

Breach = Literal["unknown", "no_evidence", "yes"]
"""What is known about somebody having got in: said in every incident, because people ask that first."""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the watched service, as people see it. `id` is a slug; `group` is the name of its group or empty."""

    id: str
    name: str
    group: str = ""
    position: int = 0
    description: str = ""
    only_show_if_degraded: bool = False
    created_ms: int = 0
    updated_ms: int = 0


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service about which outage reports are taken: ours (`own`), or any other.

    `kinds` are slugs of what can be wrong with it; `page_url` is its own Statuspage-compatible page, if it has one.
    """

    id: str
    name: str
    url: str
    kinds: tuple[str, ...]
    page_url: str | None = None
    own: bool = False


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of one probe found from one vantage point. `error` is empty when it went well."""

    component: str
    probe: str
    vantage: str
    at_ms: int
    ok: bool
    latency_ms: float | None = None
    error: str = ""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for a state: a stable code, since when, and the figures that anybody can check.

    Texts for people are made from code and figures, in the reader's language (pages).
    """

    code: str
    state: State
    since_ms: int
    figures: dict[str, float | int | str] = {}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a component as the published rule gives it, with every reason, worst first."""

    component: str
    state: State
    since_ms: int
    at_ms: int
    reasons: tuple[Reason, ...] = ()
    better_since_ms: int | None = None
    """Since when it has looked better than `state`, which is being waited out; None while it does not."""
    patience_seconds: int = 600
    """How long it must look better before that is believed."""
    disagreement: str = ""
    """A reason's code when people and probes disagree; empty when they do not."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said about an incident. `edited_ms` is set when its words were changed later (history has both).

    What the program says by itself carries the `template` and its `figures`, so that a page can say it in its reader's
    language; `body` is the same in English.
    """

    id: str
    incident: str
    status: str
    body: str
    actor: str
    created_ms: int
    displayed_ms: int
    edited_ms: int | None = None
    components: dict[str, State] = {}
    template: str = ""
    figures: dict[str, float | int | str] = {}


class Lowering(msgspec.Struct, frozen=True, kw_only=True):
    """A person called a component better than the verdict did, which was `measured` then, and said why.

    It counts until `well_ms`, when the component had been well in between, or `raised_ms`, when the rule raised it.
    """

    reason: str
    measured: State
    well_ms: int | None = None
    raised_ms: int | None = None

    @property
    def counts(self) -> bool:
        """Whether nothing has ended it."""
        return self.well_ms is None and self.raised_ms is None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident. `pain_ms`: the earliest sign of trouble; `changed_ms`: when the page first said so.

    Their difference is the status lag, which is an SLO of its own.
    """

    id: str
    name: str
    status: IncidentStatus
    impact: Impact
    components: dict[str, State]
    automatic: bool
    pain_ms: int
    created_ms: int
    changed_ms: int
    updated_ms: int
    monitoring_ms: int | None = None
    resolved_ms: int | None = None
    next_update_ms: int | None = None
    breach: Breach = "unknown"
    data_safety: str = ""
    workaround: str = ""
    cause: str = ""
    called: dict[str, State] = {}
    """What people themselves have called components, newest word; `components` is what the incident says of them."""
    lowered: dict[str, Lowering] = {}
    """The components that a person has called better than the verdict did; shown with the reason while it counts."""
    missed_ms: tuple[int, ...] = ()
    """When updates had been promised that did not come."""
    updates: tuple[Update, ...] = ()

    @property
    def lag_ms(self) -> int:
        """How long people were in pain before the page said anything."""
        return max(0, self.changed_ms - self.pain_ms)


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window. `recurs` is an iCalendar RRULE, or empty; `expected` is the worst that was announced."""

    id: str
    name: str
    status: MaintenanceStatus
    components: tuple[str, ...]
    scheduled_ms: int
    until_ms: int
    created_ms: int
    updated_ms: int
    expected: State = "degraded_performance"
    recurs: str = ""
    updates: tuple[Update, ...] = ()


def worst(states: Iterable[State]) -> State:
    """The worst of the states; `unknown` when there is none."""
    return max(states, key=SEVERITY.__getitem__, default="unknown")
