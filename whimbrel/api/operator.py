"""What an operator asks at the server's own address: is it alive, is it ready, what has it counted?

The supervisor answers for all processes together; this only passes the question on. Figures are for the machine
itself: a request that came through a proxy or from elsewhere is refused, so that no operator publishes them unawares.

Not held to rate limits: two load balancers that look each second would be told to come later, and take the server out.
What a crowd could make of that is bounded by asking the supervisor one question of a kind at a time.
"""

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from whimbrel.api.answers import Answer
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Forbidden
from whimbrel.reliability.control import Reply
from whimbrel.reliability.health import ask_server

_TEXT: Final = b"text/plain; charset=utf-8"
_FORWARDED: Final = (b"x-forwarded-for", b"forwarded")


def operator_routes(run: Path) -> tuple[Route, ...]:
    """/livez, /readyz and /metrics; `run` is the directory of the server's sockets."""
    supervisor = _Supervisor(run)

    async def live(_: Request) -> Answer:
        return Answer(200, b"ok\n", content_type=_TEXT)

    async def ready(_: Request) -> Answer:
        reply = await supervisor.ask("/readyz")
        return Answer(reply.status, reply.text.encode(), content_type=reply.kind.encode())

    async def metrics(request: Request) -> Answer:
        if not _is_local(request):
            raise Forbidden("Metrics are answered to this machine only: ask at its loopback address")
        reply = await supervisor.ask("/metrics")
        return Answer(reply.status, reply.text.encode(), content_type=reply.kind.encode())

    return (
        Route("GET", "/livez", live, limited=False, cors=False),
        Route("GET", "/readyz", ready, limited=False, cors=False),
        Route("GET", "/metrics", metrics, limited=False, cors=False),
    )


class _Supervisor:
    """Asked once for all who want to know the same at the same time."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._under_way: dict[str, asyncio.Task[Reply]] = {}

    async def ask(self, page: str) -> Reply:
        """The answer to a question that is under way, or to a new one."""
        asking = self._under_way.get(page)
        if asking is None:
            asking = self._under_way[page] = asyncio.create_task(ask_server(self._run, page))
            asking.add_done_callback(lambda _: self._under_way.pop(page))
        return await asyncio.shield(asking)


def _is_local(request: Request) -> bool:
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client_address).is_loopback
    except ValueError:
        return False
