"""What people say about an incident: words, causes, components, a worse impact; a better one only with a reason. Pure.

The reason is shown with the update. In 2020 a page was green because somebody had decided that it should be: here that
takes a name, a sentence that everybody can read, and a record that nobody can take back.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import INCIDENT_NAME_CHARACTERS_MAX, INCIDENT_WORDS_CHARACTERS_MAX
from whimbrel.statuspage.incidents.changes import with_update
from whimbrel.statuspage.incidents.lowering import TROUBLE, holds
from whimbrel.statuspage.values import (
    IMPACT_OF,
    SEVERITY,
    Breach,
    Impact,
    Incident,
    IncidentStatus,
    Lowering,
    State,
    Update,
    Verdict,
    worst,
)

_UNSEEN: Final = ("Cc", "Cs")
_IMPACTS: Final[tuple[Impact, ...]] = ("none", "maintenance", "minor", "major", "critical")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a person can say of an incident. None leaves a thing as it is; `components` are added to the affected ones,
    `reason` is for calling something better."""

    body: str
    status: IncidentStatus | None = None
    impact: Impact | None = None
    components: dict[str, State] = {}
    reason: str = ""
    cause: str | None = None
    workaround: str | None = None
    breach: Breach | None = None
    data_safety: str | None = None


class Saying(Words, frozen=True, kw_only=True):
    """What a person wants said, and when they promise to say more."""

    next_update_ms: int | None = None


def begun(id_: str, name: str, saying: Saying, *, now_ms: int, pain_ms: int | None = None) -> Incident:
    """The incident that a person opens, before they have spoken. Raises Invalid."""
    check_name(name)
    return Incident(
        id=id_,
        name=one_line(name),
        status=saying.status or "investigating",
        impact=saying.impact or _impact_of(saying.components.values()),
        components=dict(saying.components),
        automatic=False,
        pain_ms=min(pain_ms or now_ms, now_ms),
        created_ms=now_ms,
        changed_ms=now_ms,
        updated_ms=now_ms,
    )


def said(incident: Incident, saying: Saying, *, actor: str, now_ms: int, board: Mapping[str, Verdict]) -> Incident:
    """The incident after a person has spoken; from then on people lead it. Raises Invalid."""
    _check(saying, incident, now_ms)
    lowered = _lowered(incident, saying, board)
    lowerings = {
        one: Lowering(reason=printable(saying.reason), measured=board[one].state) for one in lowered - {_IMPACT}
    }
    if lowered and not saying.reason.strip():
        raise Invalid(f"reason: calling {', '.join(sorted(lowered))} better than it is measured needs one; it is shown")
    status = saying.status or incident.status
    over = status in ("resolved", "postmortem")
    changed = replace(
        incident,
        status=status,
        automatic=False,
        impact=saying.impact or incident.impact,
        components=incident.components | saying.components,
        called=incident.called | saying.components,
        lowered={one: why for one, why in incident.lowered.items() if one not in saying.components} | lowerings,
        cause=incident.cause if saying.cause is None else printable(saying.cause),
        workaround=incident.workaround if saying.workaround is None else printable(saying.workaround),
        breach=saying.breach or incident.breach,
        data_safety=incident.data_safety if saying.data_safety is None else printable(saying.data_safety),
        next_update_ms=None if over else (saying.next_update_ms or incident.next_update_ms),
        monitoring_ms=now_ms if status == "monitoring" else incident.monitoring_ms,
        resolved_ms=(incident.resolved_ms or now_ms) if over else None,
    )
    return with_update(changed, _update(changed, saying, actor=actor, now_ms=now_ms))


def edited(incident: Incident, update_id: str, body: str, *, now_ms: int) -> Incident:
    """The incident with other words in one of its updates, which is marked as edited. Raises Invalid."""
    if not any(update.id == update_id for update in incident.updates):
        raise Invalid(f'update: "{update_id}" is not one of this incident')
    check_words(body)
    updates = [
        replace(update, body=printable(body), edited_ms=now_ms, template="", figures={})
        if update.id == update_id
        else update
        for update in incident.updates
    ]
    return replace(incident, updates=tuple(updates), updated_ms=now_ms)


def missed(incident: Incident, due_ms: int, now_ms: int) -> Incident:
    """The incident after a promised update did not come: shown, and not asked for again."""
    return replace(incident, missed_ms=(*incident.missed_ms, due_ms), next_update_ms=None, updated_ms=now_ms)


def effective(board: Mapping[str, Verdict], incidents: Iterable[Incident]) -> dict[str, State]:
    """The state that the page shows for each component: the verdict's, or what people have called it in an open
    incident, where that is worse, or better with a reason that counts."""
    states = {component: verdict.state for component, verdict in board.items()}
    for incident in incidents:
        for component, state in incident.called.items():
            measured, lowering = states.get(component, "unknown"), incident.lowered.get(component)
            if holds(lowering, measured) if lowering else SEVERITY[state] > SEVERITY[measured]:
                states[component] = state
    return states


def _impact_of(states: Iterable[State]) -> Impact:
    """What the worst of the affected components is for people; minor where nothing is said of any."""
    state = worst(states)
    return IMPACT_OF[state] if state in TROUBLE else "minor"


_IMPACT: Final = "the impact"


def _lowered(incident: Incident, saying: Saying, board: Mapping[str, Verdict]) -> set[str]:
    """What the saying calls better than it is measured, or than it was called before."""
    lowered = {
        component
        for component, state in saying.components.items()
        if component in board and SEVERITY[state] < SEVERITY[board[component].state]
    }
    if saying.impact is not None and _IMPACTS.index(saying.impact) < _IMPACTS.index(incident.impact):
        lowered.add(_IMPACT)
    if saying.status == "resolved":
        states = incident.components | saying.components
        lowered |= {one for one in states if one in board and board[one].state in TROUBLE}
    return lowered


def _update(incident: Incident, saying: Saying, *, actor: str, now_ms: int) -> Update:
    reason = f"\n\nCalled better than it is measured because: {saying.reason.strip()}" if saying.reason.strip() else ""
    return Update(
        id=f"{incident.id}-{len(incident.updates) + 1}",
        incident=incident.id,
        status=incident.status,
        body=printable(saying.body.strip() + reason),
        actor=actor,
        created_ms=now_ms,
        displayed_ms=now_ms,
        components=dict(incident.components),
    )


def check_name(name: str) -> None:
    """Raise Invalid for a name that is empty or too long."""
    if not 0 < len(one_line(name)) <= INCIDENT_NAME_CHARACTERS_MAX:
        raise Invalid(f"name: expected 1 to {INCIDENT_NAME_CHARACTERS_MAX} characters, got {len(one_line(name))}")


def printable(text: str) -> str:
    """Without control characters but the end of a line: words go to feeds, mail and terminals, and are often pasted
    from one of these."""
    return "".join(one for one in text.replace("\t", " ") if one == "\n" or unicodedata.category(one) not in _UNSEEN)


def one_line(text: str) -> str:
    """The same in one line."""
    return printable(" ".join(text.split()))


def _check(saying: Saying, incident: Incident, now_ms: int) -> None:
    check_words(saying.body)
    for text in (saying.reason, saying.cause, saying.workaround, saying.data_safety):
        if text and len(text) > INCIDENT_WORDS_CHARACTERS_MAX:
            raise Invalid(f"expected at most {INCIDENT_WORDS_CHARACTERS_MAX} characters, got {len(text)}")
    if saying.next_update_ms is not None and saying.next_update_ms <= now_ms:
        raise Invalid("next_update: the next update is promised for a time that is over")
    if incident.status in ("resolved", "postmortem") and saying.status not in (incident.status, None):
        raise Invalid("status: this incident is over; open another one, or publish a write-up")
    if saying.status == "postmortem" and (incident.status != "postmortem" or not incident.updates):
        raise Invalid("status: an incident becomes postmortem when its write-up is published")


def check_words(body: str) -> None:
    """Raise Invalid for an update without words, or with too many."""
    if not 0 < len(printable(body).strip()) <= INCIDENT_WORDS_CHARACTERS_MAX:
        raise Invalid(f"body: expected 1 to {INCIDENT_WORDS_CHARACTERS_MAX} characters, got {len(body.strip())}")
