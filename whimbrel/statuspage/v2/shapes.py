"""Our values as Statuspage's JSON. Pure; every shape is held by recorded examples and two real clients.

Clients are strict where the documentation is not: times always carry fractions of a second and an offset, arrays are
always there, the indicator is one of four, and a component is never in a state that they do not know. So `unknown`
becomes `degraded_performance` here and nowhere else, with the description saying that nothing is being measured: a
client that knows five words must not hear "operational" for it. Source: reference of the public v2 API, and the
parsers of its consumers.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from whimbrel.statuspage.values import (
    IMPACT_OF,
    Component,
    Impact,
    Incident,
    Maintenance,
    State,
    Update,
    worst,
)

_INDICATORS: Final[Mapping[Impact, str]] = {
    "none": "none",
    "maintenance": "none",
    "minor": "minor",
    "major": "major",
    "critical": "critical",
}
_DESCRIPTIONS: Final[Mapping[State, str]] = {
    "operational": "All Systems Operational",
    "degraded_performance": "Partially Degraded Service",
    "partial_outage": "Partial System Outage",
    "major_outage": "Major System Outage",
    "under_maintenance": "Service Under Maintenance",
    "unknown": "Not Being Measured",
}
_BY_IMPACT: Final[Mapping[Impact, str]] = {
    "none": "All Systems Operational",
    "maintenance": "Service Under Maintenance",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major System Outage",
}
"""When people say that it is worse than any component looks."""


class Page(NamedTuple):
    """The page itself, which stands in every answer."""

    id: str
    name: str
    url: str
    updated_ms: int


class Postmortem(NamedTuple):
    """A published write-up: its Markdown, when readers could see the first version, and when this one."""

    body: str
    published_ms: int
    updated_ms: int


class Shown(NamedTuple):
    """Everything that the page shows at one moment. `states` by component id; incidents and windows newest first.

    `writeups`: the published write-ups of these incidents, by incident.
    """

    page: Page
    components: Sequence[Component]
    states: Mapping[str, State]
    incidents: Sequence[Incident]
    maintenances: Sequence[Maintenance]
    measured: frozenset[str] | None = None
    """The components that were ever measured; None: all."""
    writeups: Mapping[str, Postmortem] = {}

    @property
    def counted(self) -> Sequence[State]:
        """The states that "all" is made of: a part that nobody has ever measured says nothing, unless all are so."""
        if not self.measured:
            return list(self.states.values())
        return [state for one, state in self.states.items() if one in self.measured or state != "unknown"]


def summary(shown: Shown) -> dict[str, Any]:
    """Everything at once: components, what is not resolved, what is planned or under way."""
    return {
        **_page(shown.page),
        "components": _components(shown),
        "incidents": [_incident(one, shown) for one in unresolved(shown.incidents)],
        "scheduled_maintenances": [_maintenance(one, shown) for one in shown.maintenances if one.status != "completed"],
        "status": _status(shown),
    }


def status(shown: Shown) -> dict[str, Any]:
    """One indicator for all."""
    return {**_page(shown.page), "status": _status(shown)}


def components(shown: Shown) -> dict[str, Any]:
    """Every component and group."""
    return {**_page(shown.page), "components": _components(shown)}


def incidents(shown: Shown, which: Iterable[Incident]) -> dict[str, Any]:
    """Some incidents, with everything that was said about them."""
    return {**_page(shown.page), "incidents": [_incident(one, shown) for one in which]}


def maintenances(shown: Shown, which: Iterable[Maintenance]) -> dict[str, Any]:
    """Some maintenance windows."""
    return {**_page(shown.page), "scheduled_maintenances": [_maintenance(one, shown) for one in which]}


def unresolved(which: Iterable[Incident]) -> list[Incident]:
    """Those that are being worked on."""
    return [one for one in which if one.status not in ("resolved", "postmortem")]


def time(time_ms: int) -> str:
    """A moment as every known client reads it."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1_000:03d}Z"


def _page(page: Page) -> dict[str, Any]:
    return {
        "page": {
            "id": page.id,
            "name": page.name,
            "url": page.url,
            "time_zone": "Etc/UTC",
            "updated_at": time(page.updated_ms),
        }
    }


def _status(shown: Shown) -> dict[str, str]:
    state = worst(shown.counted)
    impacts = [IMPACT_OF[state], *[one.impact for one in unresolved(shown.incidents)]]
    impact = max(impacts, key=list(_INDICATORS).index)
    description = _DESCRIPTIONS[state] if IMPACT_OF[state] == impact else _BY_IMPACT[impact]
    return {"indicator": _INDICATORS[impact], "description": description}


def _components(shown: Shown) -> list[dict[str, Any]]:
    # A client that knows five words has none for what was never measured: it is not told of it.
    told = [one for one in shown.components if _is_known(one.id, shown)]
    groups = dict.fromkeys(component.group for component in told if component.group)
    members = {name: [one for one in told if one.group == name] for name in groups}
    shapes = [_component(one, shown) for one in told]
    return shapes + [_group(name, inside, shown) for name, inside in members.items()]


def _is_known(component: str, shown: Shown) -> bool:
    """Whether anything was ever measured, or said, about it."""
    return shown.measured is None or component in shown.measured or shown.states.get(component) != "unknown"


def _component(component: Component, shown: Shown) -> dict[str, Any]:
    state = shown.states.get(component.id, "unknown")
    return {
        "id": component.id,
        "name": component.name,
        "status": _known(state),
        "created_at": time(component.created_ms),
        "updated_at": time(component.updated_ms),
        "position": component.position,
        "description": _described(component.description, state),
        "showcase": True,
        "start_date": time(component.created_ms)[:10],
        "group_id": _group_id(component.group) if component.group else None,
        "page_id": shown.page.id,
        "group": False,
        "only_show_if_degraded": component.only_show_if_degraded,
    }


def _group(name: str, members: Sequence[Component], shown: Shown) -> dict[str, Any]:
    state = worst([shown.states.get(one.id, "unknown") for one in members])
    return {
        "id": _group_id(name),
        "name": name,
        "status": _known(state),
        "created_at": time(min(one.created_ms for one in members)),
        "updated_at": time(max(one.updated_ms for one in members)),
        "position": min(one.position for one in members),
        "description": _described("", state),
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": shown.page.id,
        "group": True,
        "only_show_if_degraded": False,
        "components": [one.id for one in members],
    }


def _group_id(name: str) -> str:
    return "group-" + "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _known(state: State) -> str:
    return "degraded_performance" if state == "unknown" else state


def _described(description: str, state: State) -> str | None:
    not_measured = "Not being measured right now." if state == "unknown" else ""
    return " ".join(part for part in (description, not_measured) if part) or None


def _incident(incident: Incident, shown: Shown) -> dict[str, Any]:
    return {
        "id": incident.id,
        "name": incident.name,
        "status": incident.status,
        "created_at": time(incident.created_ms),
        "updated_at": time(incident.updated_ms),
        "monitoring_at": _optional(incident.monitoring_ms),
        "resolved_at": _optional(incident.resolved_ms),
        "impact": incident.impact,
        "shortlink": f"{shown.page.url.rstrip('/')}/incidents/{incident.id}",
        "started_at": time(incident.pain_ms),
        "page_id": shown.page.id,
        "incident_updates": _updates(incident.updates, shown),
        "components": _affected(incident.components, shown),
        "reminder_intervals": None,
        **_postmortem(shown.writeups.get(incident.id)),
    }


def _postmortem(found: Postmortem | None) -> dict[str, Any]:
    """The write-up as Statuspage calls it. Publishing one tells every subscriber, and nobody else."""
    return {
        "postmortem_body": None if found is None else found.body,
        "postmortem_body_last_updated_at": None if found is None else time(found.updated_ms),
        "postmortem_published_at": None if found is None else time(found.published_ms),
        "postmortem_ignored": False,
        "postmortem_notified_subscribers": found is not None,
        "postmortem_notified_twitter": False,
    }


def _maintenance(window: Maintenance, shown: Shown) -> dict[str, Any]:
    return {
        "id": window.id,
        "name": window.name,
        "status": window.status,
        "created_at": time(window.created_ms),
        "updated_at": time(window.updated_ms),
        "monitoring_at": None,
        "resolved_at": time(window.updated_ms) if window.status == "completed" else None,
        "impact": "maintenance",
        "shortlink": f"{shown.page.url.rstrip('/')}/incidents/{window.id}",
        "started_at": time(window.scheduled_ms),
        "page_id": shown.page.id,
        "incident_updates": _updates(window.updates, shown),
        "components": _affected(window.components, shown),
        "scheduled_for": time(window.scheduled_ms),
        "scheduled_until": time(window.until_ms),
    }


def _updates(updates: Sequence[Update], shown: Shown) -> list[dict[str, Any]]:
    """Newest first; what changed is told against the update before."""
    return [_update(update, earlier, shown) for update, earlier in zip_longest(updates, updates[1:])]


def _update(update: Update, earlier: Update | None, shown: Shown) -> dict[str, Any]:
    return {
        "id": update.id,
        "status": update.status,
        "body": update.body,
        "incident_id": update.incident,
        "created_at": time(update.created_ms),
        "updated_at": time(update.edited_ms or update.created_ms),
        "display_at": time(update.displayed_ms),
        "affected_components": _changes(update, earlier, shown),
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _changes(update: Update, earlier: Update | None, shown: Shown) -> list[dict[str, str]] | None:
    names = {component.id: component.name for component in shown.components}
    before = earlier.components if earlier else {}
    changes = [
        {
            "code": component,
            "name": names.get(component, component),
            "old_status": _known(before.get(component, "operational")),
            "new_status": _known(state),
        }
        for component, state in update.components.items()
    ]
    return changes or None


def _affected(ids: Iterable[str], shown: Shown) -> list[dict[str, Any]]:
    by_id = {component.id: component for component in shown.components}
    return [_component(by_id[one], shown) for one in ids if one in by_id]


def _optional(time_ms: int | None) -> str | None:
    return None if time_ms is None else time(time_ms)
