"""What the rule wants done about incidents: frozen values that say all of it; changes.py does it."""

import msgspec

from whimbrel.statuspage.values import Impact, IncidentStatus, State


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Open an incident. `pain_ms`: the earliest sign, from which the status lag is counted."""

    components: dict[str, State]
    impact: Impact
    pain_ms: int
    next_update_ms: int
    figures: dict[str, float | int | str]


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """Say something about an open incident, in the words of a template, and change it accordingly.

    `raised`: what a person had called better than measured, which counts no more.
    """

    incident: str
    template: str
    status: IncidentStatus
    components: dict[str, State]
    impact: Impact
    next_update_ms: int | None
    figures: dict[str, float | int | str]
    raised: tuple[str, ...] = ()


class Lapsing(msgspec.Struct, frozen=True, kw_only=True):
    """What a person called better counts no more, because it has been `well`, or (in an incident that is closed) fails
    worse and is `raised` elsewhere. Kept in the history; nobody is told."""

    incident: str
    well: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """People had promised an update for `due_ms` and have not given it: the page says so."""

    incident: str
    due_ms: int


Action = Opening | Telling | Lapsing | Missing
