"""`whimbrel status maintenance ...`: announce work, say that it has begun, say that it is done."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from whimbrel.cli.output import moment, say_json, say_table
from whimbrel.cli.product import DataFlag, JsonFlag
from whimbrel.cli.status import ByFlag, KeyFileFlag, Place, UrlFlag, done, without_none
from whimbrel.cli.status_incident import told
from whimbrel.statuspage.operators.asking import Progress, Schedule, read

FromFlag = Annotated[str, Parameter(name="--from", negative="")]
ComponentsFlag = Annotated[tuple[str, ...], Parameter(name="--component", negative="")]
Expected = Literal["under_maintenance", "degraded_performance", "partial_outage", "major_outage"]

BEGUN = "It has begun."
FINISHED = "It is done."


async def schedule(
    name: str,
    /,
    *,
    body: str,
    from_: FromFlag,
    until: str,
    component: ComponentsFlag,
    expected: Expected | None = None,
    recurs: str | None = None,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Announce a maintenance window and print its id.

    Parameters
    ----------
    name: what it is called
    body: what will be done
    from_: when it begins: 2026-11-21T18:30Z
    until: when it ends
    component: a part that it concerns; several times
    expected: the worst that is to be expected
    recurs: how it comes again, such as FREQ=WEEKLY
    json: print the window as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    document = without_none(
        {
            "name": name,
            "body": body,
            "scheduled_for": from_,
            "scheduled_until": until,
            "components": list(component),
            "expected": expected,
            "recurs": recurs,
        }
    )
    asked = read(document, Schedule)
    place = Place(data, url, key_file, by)
    found = await done(place, "POST", "/maintenances", lambda desk, actor: desk.schedule(asked, actor=actor), document)
    told(found, json=json)


async def start(
    id: str,
    /,
    *,
    body: str = BEGUN,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Say that the work has begun, before its time or at it.

    Parameters
    ----------
    id: the window
    body: what is to be said
    json: print the window as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    told(await _went(Place(data, url, key_file, by), id, "in_progress", body), json=json)


async def complete(
    id: str,
    /,
    *,
    body: str = FINISHED,
    json: JsonFlag = False,
    data: DataFlag = None,
    url: UrlFlag = None,
    key_file: KeyFileFlag = None,
    by: ByFlag = None,
) -> None:
    """Say that the work is done; the next window of one that recurs is announced.

    Parameters
    ----------
    id: the window
    body: the last words
    json: print the window as JSON
    data: the status page's directory; data/status
    url: do it at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    by: in which operator's name
    """
    told(await _went(Place(data, url, key_file, by), id, "completed", body), json=json)


async def list_all(
    *, json: JsonFlag = False, data: DataFlag = None, url: UrlFlag = None, key_file: KeyFileFlag = None
) -> None:
    """List the newest windows, and every one that is not completed.

    Parameters
    ----------
    json: print JSON
    data: the status page's directory; data/status
    url: ask at this address instead, with a key
    key_file: the file that holds the key, mode 0600
    """
    found = await done(Place(data, url, key_file), "GET", "/maintenances", lambda desk, _: desk.windows())
    if json:
        say_json(found)
        return
    rows = [
        (one["id"], one["status"], moment(one["scheduled_ms"]) or "", moment(one["until_ms"]) or "", one["name"])
        for one in found
    ]
    say_table(("id", "status", "from", "until", "name"), rows)


async def _went(place: Place, id_: str, status: str, body: str) -> Any:
    document = {"status": status, "body": body}
    asked = read(document, Progress)
    path = f"/maintenances/{id_}/updates"
    return await done(place, "POST", path, lambda desk, actor: desk.progress(id_, asked, actor=actor), document)
