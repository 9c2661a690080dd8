"""`whimbrel status maintenance ...`: announce work, say that it has begun, say that it is done."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from whimbrel.cli.output import moment, say_json, say_table
from whimbrel.cli.product import JsonFlag
from whimbrel.cli.status import NEAR, ONE_OF_US, Place, Speaker, done, looked, tell, without_none
from whimbrel.statuspage.operators.asking import Progress, Schedule, read
from whimbrel.statuspage.values import MaintenanceStatus

FromFlag = Annotated[str, Parameter(name="--from", negative="")]
ComponentsFlag = Annotated[tuple[str, ...], Parameter(name="--component", negative="")]
Expected = Literal["under_maintenance", "degraded_performance", "partial_outage", "major_outage"]

BEGUN = "It has begun."
FINISHED = "It is done."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Plan:
    """A window as it is announced.

    Args:
        body: what will be done
        from_: when it begins: 2026-11-21T18:30Z
        until: when it ends
        component: a part that it concerns; several times
        expected: the worst that is to be expected
        recurs: how it comes again, such as FREQ=WEEKLY
    """

    body: str
    from_: FromFlag
    until: str
    component: ComponentsFlag
    expected: Expected | None = None
    recurs: str | None = None

    def document(self, name: str) -> dict[str, Any]:
        """The same as the desk and its address take it."""
        return without_none(
            {
                "name": name,
                "body": self.body,
                "scheduled_for": self.from_,
                "scheduled_until": self.until,
                "components": list(self.component),
                "expected": self.expected,
                "recurs": self.recurs,
            }
        )


async def schedule(name: str, /, *, plan: Plan, json: JsonFlag = False, speaker: Speaker = ONE_OF_US) -> None:
    """Announce a maintenance window and print its id.

    Args:
        name: what it is called
    """
    document = plan.document(name)
    asked = read(document, Schedule)
    found = await done(speaker, "/maintenances", lambda desk, actor: desk.schedule(asked, actor=actor), document)
    tell(found, json=json)


async def start(id: str, /, *, body: str = BEGUN, json: JsonFlag = False, speaker: Speaker = ONE_OF_US) -> None:
    """Say that the work has begun, before its time or at it.

    Args:
        id: the window
        body: what is to be said
    """
    await _go(speaker, id, "in_progress", body, json=json)


async def complete(id: str, /, *, body: str = FINISHED, json: JsonFlag = False, speaker: Speaker = ONE_OF_US) -> None:
    """Say that the work is done; the next window of one that recurs is announced.

    Args:
        id: the window
        body: the last words
    """
    await _go(speaker, id, "completed", body, json=json)


async def list_all(*, json: JsonFlag = False, place: Place = NEAR) -> None:
    """List the newest windows, and every one that is not completed."""
    found = await looked(place, "/maintenances", lambda desk: desk.windows())
    if json:
        say_json(found)
        return
    rows = [
        (one["id"], one["status"], moment(one["scheduled_ms"]) or "", moment(one["until_ms"]) or "", one["name"])
        for one in found
    ]
    say_table(("id", "status", "from", "until", "name"), rows)


async def _go(speaker: Speaker, id_: str, status: MaintenanceStatus, body: str, *, json: bool) -> None:
    document = {"status": status, "body": body}
    asked = read(document, Progress)
    path = f"/maintenances/{id_}/updates"
    tell(await done(speaker, path, lambda desk, actor: desk.progress(id_, asked, actor=actor), document), json=json)
