"""The words of what the program says by itself, in English; the page has them in its reader's language as well.

Written for somebody who is worried: what does not work, for how many, since when, whether what they posted is safe,
whether somebody has got in, and when they will hear more. Nothing is said that is not known.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from whimbrel.statuspage.values import SEVERITY, State

STATE_WORDS: Final[Mapping[State, str]] = {
    "operational": "works",
    "degraded_performance": "is slower than usual or fails at times",
    "partial_outage": "fails for some",
    "major_outage": "does not work",
    "under_maintenance": "is being worked on",
    "unknown": "is not being measured",
}

SAFETY: Final = "Posts that you saw confirmed are safe."
BREACH: Final = "We do not know of anybody having got in; if that changes, it will be said here."

_OPENINGS: Final[Mapping[str, str]] = {
    "opened": "We see trouble and are looking into it. {states}",
    "joined": "More is affected than we said at first. {states}",
    "worse": "It has become worse. {states}",
    "raised": "What was called better than it is measured has failed anew, or become worse. {states}",
    "still": "It goes on, and we are still working on it. {states}",
    "monitoring": "It looks well again. We keep watching before we call it over.",
    "worse_again": "It is not over yet. {states}",
    "resolved": "It is over: everything has been well for long enough to say so.",
}

TEMPLATES: Final = frozenset(_OPENINGS)


def name_of(components: Mapping[str, State], names: Mapping[str, str]) -> str:
    """What an incident is called: the affected parts, worst first, three at the most."""
    ordered = sorted(components, key=lambda component: -SEVERITY[components[component]])
    called = [names.get(component, component) for component in ordered]
    shown = ", ".join(called[:3])
    more = f" and {len(called) - 3} more" if len(called) > 3 else ""
    return f"Trouble with {shown}{more}"


def body_of(
    template: str,
    components: Mapping[str, State],
    figures: Mapping[str, float | int | str],
    names: Mapping[str, str],
) -> str:
    """An update's text. `figures`: share, reports, since_ms, next_update_ms, as far as they are known."""
    affected = {component: state for component, state in components.items() if SEVERITY[state] >= _TROUBLE}
    states = " ".join(f"{names.get(one, one)}: {STATE_WORDS[state]}." for one, state in affected.items())
    parts = [_OPENINGS[template].format(states=states).strip()]
    if template not in ("monitoring", "resolved"):
        parts += [*_measured(figures), SAFETY, BREACH]
    elif template == "resolved":
        parts += [*_since(figures), SAFETY]
    return " ".join([*parts, *_next(figures)])


_TROUBLE: Final = SEVERITY["degraded_performance"]


def _measured(figures: Mapping[str, float | int | str]) -> list[str]:
    said = _since(figures)
    if "share" in figures:
        said.append(f"{float(figures['share']):.0%} of the requests fail.")
    if "reports" in figures:
        count = round(float(figures["reports"]))
        said.append("One person has reported it." if count == 1 else f"{count} people have reported it.")
    return said


def _since(figures: Mapping[str, float | int | str]) -> list[str]:
    return [f"It began at {at(int(figures['since_ms']))}."] if "since_ms" in figures else []


def _next(figures: Mapping[str, float | int | str]) -> list[str]:
    due = figures.get("next_update_ms")
    return [f"Next update by {at(int(due))}."] if due is not None else []


def at(time_ms: int) -> str:
    """A moment in words: hour and minute, UTC, with the day."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%H:%M UTC on %d %B %Y")
