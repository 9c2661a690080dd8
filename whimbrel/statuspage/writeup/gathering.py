"""Gathers the facts of an incident from the book, in one consistent look; what a room does not keep stays unknown."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import INCIDENTS_SHOWN_MAX
from whimbrel.statuspage.board import rows as board_rows
from whimbrel.statuspage.incidents import rows as incident_rows
from whimbrel.statuspage.values import Incident, Maintenance, Reason, State
from whimbrel.statuspage.writeup import rows
from whimbrel.statuspage.writeup.facts import Bin, Changes, Course, Delayed, Facts, Proof, Requests, Turn, around

ReportsOf = Callable[[Reading, int, int], Sequence[Bin] | None]
"""Reports about our own service, minute by minute, from one moment until another; None when they are not known."""

RequestsOf = Callable[[Reading, Sequence[str], int, int], Mapping[str, Requests] | None]
"""Requests of some components from one moment until another; None when they are not known."""

ServerOf = Callable[[Reading, int, int], tuple[Delayed | None, Changes | None]]
"""What the watched server said of itself from one moment until another: which posts came late, what was changed."""


class Place(NamedTuple):
    """What is the same for every write-up: whose page it is, what its components are called, who else is asked."""

    site: str
    url: str
    names: Mapping[str, str]
    reports: ReportsOf | None = None
    requests: RequestsOf | None = None
    server: ServerOf | None = None


class _Turned(msgspec.Struct):
    """What is read of a change of state in the history."""

    state: State
    before: State | None = None
    reasons: tuple[Reason, ...] = ()


_turned = msgspec.json.Decoder(_Turned).decode


def gather(look: Reading, id_: str, place: Place, *, at_ms: int, proof: Proof | None = None) -> Facts:
    """The facts of one incident as the book has them now. Raises NotFound."""
    incident = incident_rows.incident(look, id_)
    facts = Facts(site=place.site, url=place.url, at_ms=at_ms, incident=incident, proof=proof)
    components = affected(incident)
    from_ms, until_ms = around(facts.from_ms, facts.until_ms)
    spans = board_rows.between(look, components, from_ms, until_ms)
    requests = place.requests(look, components, facts.from_ms, facts.until_ms) if place.requests else None
    reports = place.reports(look, from_ms, until_ms) if place.reports else None
    delayed, changes = place.server(look, facts.from_ms, facts.until_ms) if place.server else (None, None)
    return msgspec.structs.replace(
        facts,
        courses=tuple(
            Course(component=one, name=place.names.get(one, one), spans=tuple(spans[one])) for one in components
        ),
        turns=_turns(look, components, facts.from_ms, facts.until_ms),
        windows=_windows(look, facts.from_ms, facts.until_ms),
        reports=None if reports is None else tuple(reports),
        requests=None if requests is None else dict(requests),
        posts_delayed=delayed,
        staged_changes=changes,
    )


def affected(incident: Incident) -> list[str]:
    """Every component that anybody has named as affected at any time, in the order in which they came in."""
    named = dict.fromkeys(one for update in reversed(incident.updates) for one in update.components)
    return list(named | dict.fromkeys(incident.components))


def proof_of(text: bytes, at_ms: int) -> Proof:
    """What `whimbrel verify --json` has printed. Raises Invalid for anything else."""
    try:
        return msgspec.structs.replace(msgspec.json.decode(text, type=Proof), at_ms=at_ms)
    except msgspec.DecodeError as error:
        raise Invalid(f"--verified: this is not what `whimbrel verify --json` prints: {error}") from error


def _turns(look: Reading, components: Sequence[str], from_ms: int, until_ms: int) -> tuple[Turn, ...]:
    found = []
    for component in components:
        for time_ms, payload in rows.turns(look, component, from_ms, until_ms):
            told = _turned(payload)
            turn = Turn(at_ms=time_ms, component=component, before=told.before, after=told.state, reasons=told.reasons)
            found.append(turn)
    return tuple(sorted(found, key=lambda turn: turn.at_ms))


def _windows(look: Reading, from_ms: int, until_ms: int) -> tuple[Maintenance, ...]:
    """Windows that were under way at some time during the incident, whatever they were for."""
    near = incident_rows.maintenances_before(look, until_ms, INCIDENTS_SHOWN_MAX)
    return tuple(one for one in reversed(near) if one.status != "scheduled" and one.until_ms > from_ms)
