"""`whimbrel status ...`: how a command of the status page finds its book, or the program that is asked from elsewhere.

What stands here is shared by the commands of the group, which are modules of their own; and `verify`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from whimbrel.cli.codes import DONE, FAILED, Usage
from whimbrel.cli.output import note, say, say_json
from whimbrel.cli.product import JsonFlag, configuration
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import NotFound, Unavailable, WhimbrelError
from whimbrel.statuspage.operators.asking import answer
from whimbrel.statuspage.operators.beside import FILE, Beside, checked, opened
from whimbrel.statuspage.operators.desk import Desk
from whimbrel.statuspage.telling.secret_file import secret_in
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch

FolderFlag = Annotated[
    str | None, Parameter(name="--data", negative="", help="the status page's directory; data/status")
]

HERE = "command line"
"""Who acts when operators are made and removed on the machine itself."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a command looks: in the book of a folder, or at the address of a running program with a key."""

    data: FolderFlag = None
    url: Annotated[str | None, Parameter(help="do it at this address instead, with a key")] = None
    key_file: Annotated[str | None, Parameter(help="the file that holds the key, mode 0600")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Speaker(Place):
    """Where a command says something, and in whose name."""

    by: Annotated[str | None, Parameter(help="in which operator's name")] = None


NEAR: Final = Place()
ONE_OF_US: Final = Speaker()


class Refused(WhimbrelError):
    """The program at the address did not do it; its own words."""

    code = "refused"
    status = 422


def verify(*, json: JsonFlag = False, data: FolderFlag = None) -> int:
    """Check that nobody has changed the history of the status page; code 1: somebody has, and where."""
    records, faults = checked(folder_of(data))
    if json:
        say_json({"records": records, "faults": [fault._asdict() for fault in faults]})
    else:
        for fault in faults:
            note(f"history: record {fault.sequence}: {fault.what}")
        said = "does not fit: see above" if faults else "whole"
        say(f"{said}: {records:,} records in the history")
    return FAILED if faults else DONE


def folder_of(data: str | None) -> Path:
    """The status page's directory. A server's directory is as good: its status page lies in `status` of it."""
    if data is None:
        return configuration(None).config.data / "status"
    folder = Path(data).absolute()
    inside = folder / "status"
    return inside if not (folder / FILE).exists() and (inside / FILE).exists() else folder


async def looked(place: Place, path: str, local: Callable[[Desk], Awaitable[Any]]) -> Any:
    """Look at something, at the address if there is one, else in the book; returns the answer as JSON has it."""
    if place.url is not None:
        return await _asked(place, "GET", path)
    async with opened(folder_of(place.data), wall_clock_ms) as beside:
        return answer(await local(beside.desk))


async def done(
    speaker: Speaker, path: str, local: Callable[[Desk, str], Awaitable[Any]], document: dict[str, Any]
) -> Any:
    """Do one thing, at the address if there is one, else on the book; returns the answer as JSON has it."""
    if speaker.url is not None:
        return await _asked(speaker, "POST", path, msgspec.json.encode(document))
    async with opened(folder_of(speaker.data), wall_clock_ms) as beside:
        return answer(await local(beside.desk, await _actor(beside, speaker.by)))


def tell(found: Any, *, json: bool) -> None:
    """An incident or a window as the result of a command: its id, or all of it."""
    if json:
        say_json(found)
    else:
        say(found["id"])


def chosen(components: tuple[str, ...]) -> dict[str, str]:
    """`ID=STATE`, several times, as what it says. Raises Usage."""
    found = dict(one.partition("=")[::2] for one in components)
    if not all(found.values()):
        raise Usage('component: expected ID=STATE, such as "home=partial_outage"')
    return found


def without_none(document: dict[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in document.items() if value is not None}


async def _actor(beside: Beside, by: str | None) -> str:
    """In whose name: who was named, or the only operator that there is."""
    names = [one.name for one in await beside.operators.everybody()]
    if by in names:
        return str(by)
    if by is not None:
        raise NotFound(f'there is no operator "{by}"')
    if len(names) != 1:
        found = "there is no operator yet: whimbrel status operator create" if not names else ", ".join(names)
        raise Usage(f"by: say in whose name with --by NAME ({found})")
    return names[0]


async def _asked(place: Place, method: str, path: str, body: bytes = b"") -> Any:
    if place.key_file is None:
        raise Usage("key-file: an address needs a key: --key-file FILE")
    headers = {"authorization": f"Bearer {secret_in(Path(place.key_file))}", "content-type": "application/json"}
    url = f"{str(place.url).rstrip('/')}/api/admin{path}"
    try:
        reply = await fetch(Request(url, method=method, headers=headers, body=body, reach="anywhere"))
        found = reply.json()
    except FetchFailed as error:
        raise Unavailable(f"{place.url}: {error.public}") from error
    if not 200 <= reply.status < 300:
        problem = found.get("error") if isinstance(found, dict) else None
        said = problem.get("message", "") if isinstance(problem, dict) else ""
        raise Refused(f"{place.url} answered {reply.status}: {said}")
    return found
