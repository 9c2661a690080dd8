"""What an operator asks at the server's own address: is it alive, is it ready, what has it counted?

The supervisor answers for all processes together; this only passes the question on. Figures are for the machine
itself: a request that came through a proxy or from elsewhere is refused, so that no operator publishes them unawares.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Final

from whimbrel.api.answers import Answer
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Forbidden
from whimbrel.reliability.health import ask_server

_TEXT: Final = b"text/plain; charset=utf-8"
_FORWARDED: Final = (b"x-forwarded-for", b"forwarded")


def operator_routes(run: Path) -> tuple[Route, ...]:
    """/livez, /readyz and /metrics; `run` is the directory of the server's sockets."""

    async def live(_: Request) -> Answer:
        return Answer(200, b"ok\n", content_type=_TEXT)

    async def ready(_: Request) -> Answer:
        reply = await ask_server(run, "/readyz")
        return Answer(reply.status, reply.text.encode(), content_type=reply.kind.encode())

    async def metrics(request: Request) -> Answer:
        if not _is_local(request):
            raise Forbidden("Metrics are answered to this machine only: ask at its loopback address")
        reply = await ask_server(run, "/metrics")
        return Answer(reply.status, reply.text.encode(), content_type=reply.kind.encode())

    return (
        Route("GET", "/livez", live, cors=False),
        Route("GET", "/readyz", ready, cors=False),
        Route("GET", "/metrics", metrics, cors=False),
    )


def _is_local(request: Request) -> bool:
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client_address).is_loopback
    except ValueError:
        return False
