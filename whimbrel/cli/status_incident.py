"""`whimbrel status incident ...`: say what is wrong, how it goes on, and that it is over."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from whimbrel.cli.output import moment, say_json, say_table
from whimbrel.cli.product import JsonFlag
from whimbrel.cli.status import NEAR, ONE_OF_US, Place, Speaker, chosen, done, looked, tell, without_none
from whimbrel.statuspage.operators.asking import Open, Say, read
from whimbrel.statuspage.values import Breach, Impact, IncidentStatus

ComponentFlag = Annotated[tuple[str, ...], Parameter(name="--component", negative="")]
OVER = "It is over."


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Words:
    """What can be said of an incident at any time.

    Args:
        body: what is known, in words
        component: ID=STATE of a part that is affected; several times
        status: investigating, identified, monitoring, and at last resolved
        impact: none, minor, major or critical
        reason: why something is called better than it is measured
        cause: what it was
        breach: unknown, no_evidence or yes: has somebody got in
        workaround: what people can do meanwhile
        data_safety: what is known about posts being safe
        next_update: in how many minutes they will hear more
    """

    body: str
    component: ComponentFlag = ()
    status: IncidentStatus | None = None
    impact: Impact | None = None
    reason: str | None = None
    cause: str | None = None
    breach: Breach | None = None
    workaround: str | None = None
    data_safety: str | None = None
    next_update: int | None = None

    def document(self) -> dict[str, Any]:
        """The same as the desk and its address take it. Raises Usage."""
        fields = asdict(self)
        fields["components"] = chosen(fields.pop("component"))
        fields["next_update_minutes"] = fields.pop("next_update")
        return without_none(fields)


async def open_one(
    name: str,
    /,
    *,
    words: Words,
    since: str | None = None,
    json: JsonFlag = False,
    speaker: Speaker = ONE_OF_US,
) -> None:
    """Open an incident and print its id.

    Args:
        name: what it is called
        since: when it began, if before now: 2026-11-21T18:30Z
    """
    document = words.document() | without_none({"name": name, "since": since})
    asked = read(document, Open)
    found = await done(speaker, "/incidents", lambda desk, actor: desk.open(asked, actor=actor), document)
    tell(found, json=json)


async def update(id: str, /, *, words: Words, json: JsonFlag = False, speaker: Speaker = ONE_OF_US) -> None:
    """Say something about an incident.

    Args:
        id: the incident
    """
    await _say(speaker, id, words.document(), json=json)


async def resolve(
    id: str,
    /,
    *,
    body: str = OVER,
    reason: str | None = None,
    json: JsonFlag = False,
    speaker: Speaker = ONE_OF_US,
) -> None:
    """Say that an incident is over.

    Args:
        id: the incident
        body: the last words
        reason: why it is called over while something is still measured as broken
    """
    await _say(speaker, id, without_none({"body": body, "status": "resolved", "reason": reason}), json=json)


async def list_all(*, json: JsonFlag = False, place: Place = NEAR) -> None:
    """List the newest incidents, and every one that is open."""
    found = await looked(place, "/incidents", lambda desk: desk.incidents())
    if json:
        say_json(found)
        return
    rows = [(one["id"], one["status"], one["impact"], moment(one["created_ms"]) or "", one["name"]) for one in found]
    say_table(("id", "status", "impact", "opened", "name"), rows)


async def _say(speaker: Speaker, id_: str, document: dict[str, Any], *, json: bool) -> None:
    asked = read(document, Say)
    path = f"/incidents/{id_}/updates"
    tell(await done(speaker, path, lambda desk, actor: desk.say(id_, asked, actor=actor), document), json=json)
