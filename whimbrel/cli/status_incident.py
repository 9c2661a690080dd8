"""`whimbrel status incident ...`: say what is wrong, how it goes on, and that it is over."""

from typing import Annotated, Any

from cyclopts import Parameter

from whimbrel.cli.output import moment, say, say_json, say_table
from whimbrel.cli.product import DataFlag, JsonFlag
from whimbrel.cli.status import ByFlag, KeyFileFlag, Place, UrlFlag, chosen, done, without_none
from whimbrel.statuspage.operators.asking import Open, Say, read
from whimbrel.statuspage.values import Breach, Impact, IncidentStatus

ComponentFlag = Annotated[tuple[str, ...], Parameter(name="--component", negative="")]
OVER = "It is over."


async def open_one(
    name: str,
    /,
    *,
    body: str,
    component: ComponentFlag = (),
    status: IncidentStatus | None = None,
    impact: Impact | None = None,
    since: str | None = None,
    reason: str | None = None,
    breach: Breach | None = None,
    workaround: str | None = None,
    next_update: int | None = None,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Open an incident and print its id.

    Parameters
    ----------
    name: what it is called
    body: what is known
    component: ID=STATE of a part that is affected; several times
    status: investigating, identified or monitoring
    impact: none, minor, major or critical
    since: when it began, if before now: 2026-11-21T18:30Z
    reason: why something is called better than it is measured
    breach: unknown, no_evidence or yes: has somebody got in
    workaround: what people can do meanwhile
    next_update: in how many minutes they will hear more
    json: print the incident as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    document = without_none(
        {
            "name": name,
            "body": body,
            "components": chosen(component),
            "status": status,
            "impact": impact,
            "since": since,
            "reason": reason,
            "breach": breach,
            "workaround": workaround,
            "next_update_minutes": next_update,
        }
    )
    asked = read(document, Open)
    place = Place(data, url, key_file, by)
    told(
        await done(place, "POST", "/incidents", lambda desk, actor: desk.open(asked, actor=actor), document), json=json
    )


async def update(
    id: str,
    /,
    *,
    body: str,
    component: ComponentFlag = (),
    status: IncidentStatus | None = None,
    impact: Impact | None = None,
    reason: str | None = None,
    cause: str | None = None,
    breach: Breach | None = None,
    workaround: str | None = None,
    data_safety: str | None = None,
    next_update: int | None = None,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Say something about an incident.

    Parameters
    ----------
    id: the incident
    body: what is to be said
    component: ID=STATE of a part that is affected; several times
    status: investigating, identified, monitoring, resolved or postmortem
    impact: none, minor, major or critical
    reason: why something is called better than it is measured
    cause: what it was
    breach: unknown, no_evidence or yes: has somebody got in
    workaround: what people can do meanwhile
    data_safety: what is known about posts being safe
    next_update: in how many minutes they will hear more
    json: print the incident as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    document = without_none(
        {
            "body": body,
            "components": chosen(component),
            "status": status,
            "impact": impact,
            "reason": reason,
            "cause": cause,
            "breach": breach,
            "workaround": workaround,
            "data_safety": data_safety,
            "next_update_minutes": next_update,
        }
    )
    told(await _said(Place(data, url, key_file, by), id, document), json=json)


async def resolve(
    id: str,
    /,
    *,
    body: str = OVER,
    reason: str | None = None,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Say that an incident is over.

    Parameters
    ----------
    id: the incident
    body: the last words
    reason: why it is called over while something is still measured as broken
    json: print the incident as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    document = without_none({"body": body, "status": "resolved", "reason": reason})
    told(await _said(Place(data, url, key_file, by), id, document), json=json)


async def list_all(
    *, json: JsonFlag = False, data: DataFlag = None, url: UrlFlag = None, key_file: KeyFileFlag = None
) -> None:
    """List the newest incidents, and every one that is open.

    Parameters
    ----------
    json: print JSON
    data: the status page's directory; data/status
    url: ask at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    """
    found = await done(Place(data, url, key_file), "GET", "/incidents", lambda desk, _: desk.incidents())
    if json:
        say_json(found)
        return
    rows = [(one["id"], one["status"], one["impact"], moment(one["created_ms"]) or "", one["name"]) for one in found]
    say_table(("id", "status", "impact", "opened", "name"), rows)


async def _said(place: Place, id_: str, document: dict[str, Any]) -> Any:
    asked = read(document, Say)
    path = f"/incidents/{id_}/updates"
    return await done(place, "POST", path, lambda desk, actor: desk.say(id_, asked, actor=actor), document)


def told(found: Any, *, json: bool) -> None:
    """An incident or a window as the result of a command: its id, or all of it."""
    if json:
        say_json(found)
    else:
        say(found["id"])
