"""What the program does about incidents by itself: the board and the open incidents in, actions out. Pure.

An incident opens the moment a component is in trouble, without asking anybody, and its first words are a template:
in 2020 the page said "operational" for 26 minutes because somebody had to be sure. Components that fail while one is
open join it: a page with nine incidents for one broken disk tells nobody anything. It goes to `monitoring` when
everything has looked well for a while, to `resolved` when the verdicts have left trouble (verdict.py waits for that),
and back to `investigating` when it was too early. Updates come when they were promised (source of the rhythm:
PagerDuty's incident response guide: 5 minutes after the first, every 20 in the first two hours, then every hour).

People lead when they have spoken: from then on the program only says what it measures, and that a promise was missed.
It never lowers what a person has raised. What a person has lowered with a reason it leaves alone for as long as that
counts (lowering.py), in an incident that they have closed as well; then it raises it again and says so.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from whimbrel.statuspage.incidents.actions import Action, Lapsing, Missing, Opening, Telling
from whimbrel.statuspage.incidents.lowering import TROUBLE, been_well, ended, holds, outdone
from whimbrel.statuspage.values import IMPACT_OF, SEVERITY, Impact, Incident, IncidentStatus, State, Verdict, worst

_SCOPE_AFTER_MS: Final = 5 * 60_000
_EARLY_EVERY_MS: Final = 20 * 60_000
_EARLY_UNTIL_MS: Final = 2 * 60 * 60_000
_LATE_EVERY_MS: Final = 60 * 60_000
_MONITORING_AFTER_MS_MAX: Final = 2 * 60_000
_MONITORING_SHARE: Final = 0.2
"""Of the patience that ends an incident: a page that waits for a minute does not watch for two of them first."""
_IMPACTS: Final[tuple[Impact, ...]] = ("none", "maintenance", "minor", "major", "critical")


def steer(board: Mapping[str, Verdict], incidents: Sequence[Incident], now_ms: int) -> list[Action]:
    """What is to be done now. `board`: the newest verdict by component; `incidents`: those not resolved, and those in
    which something was called better than measured, as long as that counts.

    Doing what it returns, in its order, and calling again with what came of it returns nothing more for the moment.
    """
    lapsing = {one.id: ends for one in incidents if (ends := _lapsing(one, board)) is not None}
    lapsed = [_lapsed(one, lapsing.get(one.id), now_ms) for one in incidents]
    running = [one for one in lapsed if one.resolved_ms is None]
    actions: list[Action] = list(lapsing.values())
    for incident in running:
        action = _about(incident, board, now_ms)
        if action is not None:
            actions.append(action)
    covered = _covered(lapsed)
    loose = {one.component: one for one in board.values() if _fails_now(one) and one.component not in covered}
    if not loose:
        return actions
    home = _home(running)
    if home is None:
        return [*actions, _opening(loose, now_ms)]
    joined = [action for action in actions if not (isinstance(action, Telling) and action.incident == home.id)]
    return [*joined, _joining(home, loose, board, now_ms)]


def interval_ms(opened_ms: int, now_ms: int) -> int:
    """How long until the next update, for an incident that was opened at `opened_ms`."""
    age_ms = now_ms - opened_ms
    if age_ms < _SCOPE_AFTER_MS:
        return _SCOPE_AFTER_MS
    return _EARLY_EVERY_MS if age_ms < _EARLY_UNTIL_MS else _LATE_EVERY_MS


def _lapsing(incident: Incident, board: Mapping[str, Verdict]) -> Lapsing | None:
    well = been_well(incident, board)
    raised = () if incident.resolved_ms is None else outdone(incident, board)
    return Lapsing(incident=incident.id, well=well, raised=raised) if well or raised else None


def _lapsed(incident: Incident, lapsing: Lapsing | None, now_ms: int) -> Incident:
    if lapsing is None:
        return incident
    lowered = ended(incident.lowered, now_ms, well=lapsing.well, raised=lapsing.raised)
    return msgspec.structs.replace(incident, lowered=lowered)


def _covered(incidents: Sequence[Incident]) -> set[str]:
    """What is spoken of already: in an incident that goes on, or called better in one that a person has closed."""
    return {
        component
        for incident in incidents
        for component in incident.components
        if incident.resolved_ms is None or (component in incident.lowered and incident.lowered[component].counts)
    }


def _about(incident: Incident, board: Mapping[str, Verdict], now_ms: int) -> Action | None:
    verdicts = [board[component] for component in incident.components if component in board]
    if incident.automatic and verdicts and not any(_in_trouble(verdict) for verdict in verdicts):
        return _telling(incident, "resolved", "resolved", board, now_ms)
    if incident.automatic and incident.status == "monitoring" and _worse_again(verdicts):
        return _telling(incident, "worse_again", "investigating", board, now_ms)
    if incident.automatic and incident.status != "monitoring" and _looks_well(verdicts, now_ms):
        return _telling(incident, "monitoring", "monitoring", board, now_ms)
    if outdone(incident, board):
        return _telling(incident, "raised", incident.status, board, now_ms)
    if _has_worsened(incident, board):
        return _telling(incident, "worse", incident.status, board, now_ms)
    if incident.next_update_ms is None or incident.next_update_ms > now_ms:
        return None
    if incident.automatic:
        return _telling(incident, "still", incident.status, board, now_ms)
    return Missing(incident=incident.id, due_ms=incident.next_update_ms)


def _in_trouble(verdict: Verdict) -> bool:
    return verdict.state in TROUBLE


def _looks_well(verdicts: Sequence[Verdict], now_ms: int) -> bool:
    """Every component has been better than its state for a while; those that are out of trouble do not count."""
    waiting = [verdict for verdict in verdicts if _in_trouble(verdict)]
    return bool(waiting) and all(_has_looked_well(verdict, now_ms) for verdict in waiting)


def _has_looked_well(verdict: Verdict, now_ms: int) -> bool:
    if verdict.better_since_ms is None:
        return False
    wanted_ms = min(_MONITORING_AFTER_MS_MAX, _MONITORING_SHARE * 1_000 * verdict.patience_seconds)
    return now_ms - verdict.better_since_ms >= wanted_ms


def _worse_again(verdicts: Sequence[Verdict]) -> bool:
    return any(_fails_now(verdict) for verdict in verdicts)


def _fails_now(verdict: Verdict) -> bool:
    """In trouble, and not merely waiting out what was: somebody may have closed that incident already."""
    return _in_trouble(verdict) and verdict.better_since_ms is None


def _has_worsened(incident: Incident, board: Mapping[str, Verdict]) -> bool:
    return any(
        _in_trouble(board[component]) and SEVERITY[board[component].state] > SEVERITY[said]
        for component, said in incident.components.items()
        if component in board and not _is_lowered(incident, board[component])
    )


def _is_lowered(incident: Incident, verdict: Verdict) -> bool:
    lowering = incident.lowered.get(verdict.component)
    return lowering is not None and holds(lowering, verdict.state)


def _home(incidents: Sequence[Incident]) -> Incident | None:
    """The incident that a further component joins: the newest automatic one."""
    automatic = [incident for incident in incidents if incident.automatic]
    return max(automatic, key=lambda incident: incident.created_ms, default=None)


def _opening(loose: Mapping[str, Verdict], now_ms: int) -> Opening:
    components = {component: verdict.state for component, verdict in loose.items()}
    return Opening(
        components=components,
        impact=IMPACT_OF[worst(components.values())],
        pain_ms=min(_first_sign_ms(verdict) for verdict in loose.values()),
        next_update_ms=now_ms + _SCOPE_AFTER_MS,
        figures=_figures(loose),
    )


def _joining(incident: Incident, loose: Mapping[str, Verdict], board: Mapping[str, Verdict], now_ms: int) -> Telling:
    joined = {component: verdict.state for component, verdict in loose.items()}
    wider = msgspec.structs.replace(incident, components=incident.components | joined)
    return _telling(wider, "joined", "investigating", board, now_ms, joined=joined)


def _telling(
    incident: Incident,
    template: str,
    status: IncidentStatus,
    board: Mapping[str, Verdict],
    now_ms: int,
    *,
    joined: Collection[str] = (),
) -> Telling:
    components = {one: _said_now(incident, one, board.get(one)) for one in incident.components}
    over = status == "resolved"
    changed = [state for one, state in components.items() if state != incident.components[one] or one in joined]
    return Telling(
        incident=incident.id,
        template=template,
        status=status,
        components=components,
        impact=_at_least(incident.impact, IMPACT_OF[worst(changed)] if changed else "none"),
        next_update_ms=None if over else now_ms + interval_ms(incident.created_ms, now_ms),
        figures=_figures({component: board[component] for component in components if component in board}),
        raised=outdone(incident, board),
    )


def _said_now(incident: Incident, component: str, verdict: Verdict | None) -> State:
    """What is measured; in an incident that people lead nothing better than they have said."""
    said = incident.components[component]
    if verdict is None or _is_lowered(incident, verdict):
        return said
    if incident.automatic or (_in_trouble(verdict) and SEVERITY[verdict.state] > SEVERITY[said]):
        return verdict.state
    return said


def _at_least(said: Impact, measured: Impact) -> Impact:
    """The worse of the two: an incident's impact is the worst it ever had, and people's word is not lowered."""
    return max(said, measured, key=_IMPACTS.index)


def _first_sign_ms(verdict: Verdict) -> int:
    return min((reason.since_ms for reason in verdict.reasons), default=verdict.since_ms)


def _figures(verdicts: Mapping[str, Verdict]) -> dict[str, float | int | str]:
    """What can be said in numbers: the highest share of failing requests, and how many people have reported."""
    figures: dict[str, float | int | str] = {}
    reasons = [reason for verdict in verdicts.values() for reason in verdict.reasons]
    shares = [float(reason.figures["share"]) for reason in reasons if reason.code.startswith("errors")]
    if shares:
        figures["share"] = max(shares)
    reports = [float(reason.figures["reports"]) for reason in reasons if reason.code == "crowd"]
    if reports:
        figures["reports"] = max(reports)
    return figures
