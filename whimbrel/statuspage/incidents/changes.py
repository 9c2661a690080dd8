"""What an action makes of an incident: values in, values out, so that rule, file and page cannot differ about it."""

from collections.abc import Mapping

from msgspec.structs import replace

from whimbrel.statuspage.book.history import BY_ITSELF
from whimbrel.statuspage.incidents.actions import Lapsing, Opening, Telling
from whimbrel.statuspage.incidents.lowering import ended
from whimbrel.statuspage.incidents.words import body_of, name_of
from whimbrel.statuspage.values import Incident, Update


def opened(opening: Opening, id_: str, names: Mapping[str, str], now_ms: int) -> Incident:
    """The incident that an opening makes, with its first update. `names`: what the components are called."""
    incident = Incident(
        id=id_,
        name=name_of(opening.components, names),
        status="investigating",
        impact=opening.impact,
        components=opening.components,
        automatic=True,
        pain_ms=min(opening.pain_ms, now_ms),
        created_ms=now_ms,
        changed_ms=now_ms,
        updated_ms=now_ms,
        next_update_ms=opening.next_update_ms,
    )
    return with_update(incident, _update(incident, "opened", opening.figures, names, now_ms))


def told(incident: Incident, telling: Telling, names: Mapping[str, str], now_ms: int) -> Incident:
    """The incident after the program has said something about it."""
    changed = replace(
        incident,
        status=telling.status,
        impact=telling.impact,
        components=telling.components,
        lowered=ended(incident.lowered, now_ms, raised=telling.raised),
        next_update_ms=telling.next_update_ms,
        updated_ms=now_ms,
        monitoring_ms=now_ms if telling.status == "monitoring" else incident.monitoring_ms,
        resolved_ms=now_ms if telling.status == "resolved" else None,
    )
    return with_update(changed, _update(changed, telling.template, telling.figures, names, now_ms))


def lapsed(incident: Incident, lapsing: Lapsing, now_ms: int) -> Incident:
    """The incident after something that a person had called better has ceased to count as that."""
    lowered = ended(incident.lowered, now_ms, well=lapsing.well, raised=lapsing.raised)
    return replace(incident, lowered=lowered, updated_ms=now_ms)


def with_update(incident: Incident, update: Update) -> Incident:
    """With one more update; the newest stands first, as on the page."""
    return replace(incident, updates=(update, *incident.updates), updated_ms=update.created_ms)


def _update(
    incident: Incident,
    template: str,
    figures: Mapping[str, float | int | str],
    names: Mapping[str, str],
    now_ms: int,
) -> Update:
    said = dict(figures) | {"since_ms": incident.pain_ms}
    if incident.next_update_ms is not None:
        said["next_update_ms"] = incident.next_update_ms
    return Update(
        id=f"{incident.id}-{len(incident.updates) + 1}",
        incident=incident.id,
        status=incident.status,
        body=body_of(template, incident.components, said, names),
        actor=BY_ITSELF,
        created_ms=now_ms,
        displayed_ms=now_ms,
        components=dict(incident.components),
        template=template,
        figures=said,
    )
