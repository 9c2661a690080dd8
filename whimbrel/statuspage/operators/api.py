"""The desk for programs: `/api/admin/...`, JSON both ways, with a key. What the command line uses from elsewhere.

Promises: an error is `{"error": {"code", "message"}}` with its status; nothing is done halfway.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import WRITEUP_FORM_BYTES_MAX
from whimbrel.statuspage.operators.asking import (
    Decide,
    Edit,
    Open,
    Progress,
    Publish,
    Say,
    Schedule,
    SetComponent,
    SetService,
    Write,
    answer,
    read,
)
from whimbrel.statuspage.operators.desk import Desk
from whimbrel.statuspage.operators.front import Operators
from whimbrel.statuspage.operators.guard import document_of, key_owner
from whimbrel.statuspage.operators.moderation import Moderation
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.rows import Text

_AT: Final = "/api/admin"

R = TypeVar("R")

Deed = Callable[[R, Request, str], Awaitable[Any]]


def api_routes(operators: Operators, desk: Desk, moderation: Moderation | None = None) -> list[Route]:
    """The paths; those of comments only where somebody keeps them."""
    routes = [_route(operators, desk, *one) for one in _DEEDS.items()]
    if moderation is not None:
        routes += [_route(operators, moderation, *one) for one in _DECIDING.items()]
    return routes


def writing_routes(operators: Operators, writeups: Writeups) -> list[Route]:
    """The paths of write-ups."""
    return [_route(operators, writeups, *one) for one in _WRITING.items()]


def _route(operators: Operators, room: R, at: tuple[str, str], deed: Deed[R]) -> Route:
    method, path = at
    return Route(f"{_AT}{path}", _Doing(operators, room, deed).answer, methods=[method])


class _Doing(Generic[R]):
    def __init__(self, operators: Operators, room: R, deed: Deed[R]) -> None:
        self._operators, self._room, self._deed = operators, room, deed

    async def answer(self, request: Request) -> Response:
        try:
            actor = await key_owner(request, self._operators)
            done = await self._deed(self._room, request, actor)
        except WhimbrelError as error:
            return refusal(error)
        return Response(status_code=204) if done is None else JSONResponse(answer(done))


def refusal(error: WhimbrelError) -> Response:
    """An error as programs read it."""
    wait = error.retry_after_seconds
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return JSONResponse({"error": {"code": error.code, "message": error.public}}, error.status, headers)


async def _incidents(desk: Desk, _request: Request, _actor: str) -> Any:
    return await desk.incidents()


async def _incident(desk: Desk, request: Request, _actor: str) -> Any:
    return await desk.incident(request.path_params["id"])


async def _open(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.open(read(await document_of(request), Open), actor=actor)


async def _say(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.say(request.path_params["id"], read(await document_of(request), Say), actor=actor)


async def _edit(desk: Desk, request: Request, actor: str) -> Any:
    asked = read(await document_of(request), Edit)
    return await desk.edit(request.path_params["id"], request.path_params["update"], asked, actor=actor)


async def _windows(desk: Desk, _request: Request, _actor: str) -> Any:
    return await desk.windows()


async def _schedule(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.schedule(read(await document_of(request), Schedule), actor=actor)


async def _progress(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.progress(request.path_params["id"], read(await document_of(request), Progress), actor=actor)


async def _components(desk: Desk, _request: Request, _actor: str) -> Any:
    return list(desk.catalogue.components)


async def _set_component(desk: Desk, request: Request, actor: str) -> Any:
    asked = read(await document_of(request), SetComponent)
    return await desk.set_component(request.path_params["id"], asked, actor=actor)


async def _remove_component(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.remove_component(request.path_params["id"], actor=actor)


async def _services(desk: Desk, _request: Request, _actor: str) -> Any:
    return list(desk.catalogue.services.values())


async def _set_service(desk: Desk, request: Request, actor: str) -> Any:
    asked = read(await document_of(request), SetService)
    return await desk.set_service(request.path_params["id"], asked, actor=actor)


async def _remove_service(desk: Desk, request: Request, actor: str) -> Any:
    return await desk.remove_service(request.path_params["id"], actor=actor)


async def _comments(moderation: Moderation, _request: Request, _actor: str) -> Any:
    waiting, shown = await moderation.waiting(), await moderation.shown()
    return {"waiting": [one._asdict() for one in waiting], "shown": [one._asdict() for one in shown]}


async def _decide(moderation: Moderation, request: Request, actor: str) -> Any:
    asked = read(await document_of(request), Decide)
    await moderation.decide(request.path_params["id"], shown=asked.shown, actor=actor)


async def _versions(writeups: Writeups, request: Request, _actor: str) -> Any:
    return await writeups.versions(request.path_params["id"])


async def _draft(writeups: Writeups, request: Request, actor: str) -> Any:
    return await writeups.draft(request.path_params["id"], actor=actor)


async def _write(writeups: Writeups, request: Request, actor: str) -> Any:
    asked = read(await document_of(request, bytes_max=WRITEUP_FORM_BYTES_MAX), Write)
    text = Text(title=asked.title, description=asked.description, body=asked.body)
    return await writeups.edit(request.path_params["id"], text, over=asked.over, actor=actor)


async def _publish(writeups: Writeups, request: Request, actor: str) -> Any:
    asked = read(await document_of(request), Publish)
    return await writeups.publish(request.path_params["id"], version=asked.version, actor=actor)


_DEEDS: Final[dict[tuple[str, str], Deed[Desk]]] = {
    ("GET", "/incidents"): _incidents,
    ("POST", "/incidents"): _open,
    ("GET", "/incidents/{id}"): _incident,
    ("POST", "/incidents/{id}/updates"): _say,
    ("PUT", "/incidents/{id}/updates/{update}"): _edit,
    ("GET", "/maintenances"): _windows,
    ("POST", "/maintenances"): _schedule,
    ("POST", "/maintenances/{id}/updates"): _progress,
    ("GET", "/components"): _components,
    ("PUT", "/components/{id}"): _set_component,
    ("DELETE", "/components/{id}"): _remove_component,
    ("GET", "/services"): _services,
    ("PUT", "/services/{id}"): _set_service,
    ("DELETE", "/services/{id}"): _remove_service,
}

_WRITING: Final[dict[tuple[str, str], Deed[Writeups]]] = {
    ("GET", "/incidents/{id}/writeup"): _versions,
    ("POST", "/incidents/{id}/writeup"): _draft,
    ("PUT", "/incidents/{id}/writeup"): _write,
    ("POST", "/incidents/{id}/writeup/published"): _publish,
}

_DECIDING: Final[dict[tuple[str, str], Deed[Moderation]]] = {
    ("GET", "/comments"): _comments,
    ("POST", "/comments/{id}"): _decide,
}
