"""How an API process leaves while its successor serves: it takes no new connections, and has the old ones move on.

Design note. The listening socket is one for all processes of the server: closing it here closes nothing for the
others, and shutting it down closes it for all. What stops accepting is that the event queue of the HTTP server no
longer watches it (`take_no_more`): then the kernel's queue is the others' alone, and nothing spins. Putting another
socket in its place (dup2) was considered: the queue keeps waking this process for the old one.

A client that keeps its connection open learns from `Connection: close` on its next answer that it should come back on
a new one, which a successor takes. So a connection ends right behind an answer, where no request can be under way.
Only one that has been silent for all of API_MOVE_SECONDS is closed in its silence.
"""

import asyncio
import os
import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from whimbrel.kernel.limits import API_MOVE_POLL_SECONDS, API_MOVE_SECONDS

_CLOSE: Final = (b"connection", b"close")
_WATCHED: Final = re.compile(r"^tfd:\s+(\d+) .* ino:([0-9a-f]+)", re.MULTILINE)
_HANDLES: Final = Path("/proc/self/fd")


class AsgiApp(Protocol):
    """The application: ASGI, and a way to end those answers that would not end by themselves."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""

    async def end_streams(self) -> None:
        """End all streams, within moments; called once, before the process stops to listen."""


class Draining:
    """The application behind it, until the process leaves; from then on its answers send the clients away."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._in_flight = 0
        self._begun = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        self._in_flight += 1
        try:
            await self._app(scope, receive, _last(scope, send) if self._begun else send)
        finally:
            self._in_flight -= 1

    async def end_streams(self) -> None:
        """End all streams, and have each further answer be the last of its connection."""
        if not self._begun:
            self._begun = True
            await self._app.end_streams()

    async def have_moved(self, listen_handle: int, hurry: asyncio.Event) -> None:
        """Take no more connections on this socket; return when the old ones have gone, at the limit, or at `hurry`."""
        take_no_more(listen_handle)
        await self.end_streams()
        ends = time.monotonic() + API_MOVE_SECONDS
        while time.monotonic() < ends and not hurry.is_set():
            await asyncio.sleep(API_MOVE_POLL_SECONDS)
            if not self._in_flight and not await asyncio.to_thread(connections, listen_handle):
                return


def take_no_more(listen_handle: int) -> bool:
    """Have every event queue of this process stop watching this socket; whether one did (Linux)."""
    wanted = os.fstat(listen_handle).st_ino
    found = False
    for handle in _event_queues():
        for watched, inode in _WATCHED.findall(Path(f"/proc/self/fdinfo/{handle}").read_text()):
            if int(inode, 16) == wanted:
                queue = select.epoll.fromfd(os.dup(handle))
                with suppress(FileNotFoundError):  # the same queue under a second number
                    queue.unregister(int(watched))
                queue.close()
                found = True
    return found


def connections(listen_handle: int) -> int:
    """How many connections of this process came in by this socket. Looks at each open file: not for the event loop."""
    port = _port_of(listen_handle)
    return sum(_came_in_by(port, int(entry.name)) for entry in os.scandir(_HANDLES))


def _event_queues() -> Iterator[int]:
    for entry in list(os.scandir(_HANDLES)):
        with suppress(OSError):  # closed meanwhile
            if "eventpoll" in os.readlink(entry.path):
                yield int(entry.name)


def _came_in_by(port: int, handle: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(handle)) as connection:
            if connection.family not in (socket.AF_INET, socket.AF_INET6):
                return False
            connection.getpeername()
            return bool(connection.getsockname()[1] == port)
    except OSError:
        return False  # not a socket, not connected, or closed meanwhile


def _port_of(listen_handle: int) -> int:
    with socket.socket(fileno=os.dup(listen_handle)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _last(scope: Any, send: Any) -> Any:
    """`send` with `Connection: close` on the answer. HTTP/2 has a word of its own, which the server says at its end."""
    if scope["type"] != "http" or not scope["http_version"].startswith("1"):
        return send

    async def closing(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
        await send(message)

    return closing
