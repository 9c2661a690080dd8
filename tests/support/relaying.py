"""The relay on the real HTTP server, in this process, with a far end of the test's own at the Unix socket."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from granian.constants import Interfaces
from websockets.asyncio.server import ServerConnection, unix_serve

from tests.support.asgi import Current
from whimbrel.api.http import Api
from whimbrel.api.router import Router
from whimbrel.api.streaming_relay import StreamingRelay
from whimbrel.embedded_server import InheritedSocketServer
from whimbrel.reliability.proxies import networks

DIRECT = "ws://127.0.0.1:4000"
POLL_SECONDS = 0.005
SETTLE_SECONDS = 10.0


class Relaying(NamedTuple):
    """Where the relay is reached, the relay itself, and the socket that it leads to."""

    port: int
    relay: StreamingRelay
    far: Path

    @property
    def url(self) -> str:
        """Its address for WebSockets."""
        return f"ws://127.0.0.1:{self.port}"


@asynccontextmanager
async def relaying(folder: Path, *, trusted: tuple[str, ...] = (), **limits: Any) -> AsyncIterator[Relaying]:
    """An HTTP door with a relay, listening on a free port."""
    far = folder / "far.sock"
    relay = StreamingRelay(far, direct=DIRECT, trusted_proxies=networks(trusted), **limits)
    door = Api(router=Router(()), microblog=None, freshness=Current(), limits=None, streams=relay)  # type: ignore[arg-type]
    listening = socket.create_server(("127.0.0.1", 0))
    options: dict[str, Any] = {"interface": Interfaces.ASGINL, "log_enabled": False}
    port = listening.getsockname()[1]
    server = InheritedSocketServer(listening.detach(), target=door, **options)
    serving = asyncio.create_task(server.serve())
    try:
        yield Relaying(port, relay, far)
    finally:
        await relay.close()
        server.stop()  # type: ignore[no-untyped-call]
        await serving


@asynccontextmanager
async def far_sockets(
    path: Path, talk: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncIterator[None]:
    """A far end that speaks WebSocket, and chooses the first subprotocol that is offered."""

    def first(_: ServerConnection, offered: Any) -> Any:
        return offered[0] if offered else None

    async with unix_serve(talk, str(path), select_subprotocol=first, compression=None, **options):
        yield


@asynccontextmanager
async def far_lines(path: Path, talk: Callable[..., Awaitable[None]]) -> AsyncIterator[None]:
    """A far end that gets the head of each request, and a reader and a writer, and says what the test wants."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the relay has left
        finally:
            writer.close()

    async with await asyncio.start_unix_server(handle, str(path)):
        yield


async def until(question: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true, and return it; AssertionError at the deadline."""
    ends = time.monotonic() + SETTLE_SECONDS
    while not (answer := question()):
        assert time.monotonic() < ends, f"not within {SETTLE_SECONDS} s: {what}"
        await asyncio.sleep(POLL_SECONDS)
    return answer
