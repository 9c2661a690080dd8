"""A WebSocket on the main port that sends and sends and never ends its message: found, and its connection ended.

Design note. granian gathers a message whole before it hands it over, up to 64 MB of each connection (measured: 60 MB a
connection, kept until it ends), has no option for less, and ASGI shows nothing of a message before its end. What can be
seen is how much the kernel has received on the connection (TCP_INFO): more than UNFINISHED_BYTES_MAX since the last
message that came through is a message that will not be wanted. Pings count as well, so that somebody who pings for
hours and says nothing is cut off once in a while; apps connect again. Where the system does not tell (no Linux, no
TCP), nothing is done. What it costs: one look at this process's open files for each WebSocket, in a thread; one
system call for each every UNFINISHED_LOOK_SECONDS.
"""

import asyncio
import os
import socket
import struct
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Final

from whimbrel.api.request import Receive
from whimbrel.kernel.limits import UNFINISHED_BYTES_MAX, UNFINISHED_LOOK_SECONDS

_HANDLES: Final = "/proc/self/fd"
_RECEIVED: Final = struct.Struct("=128xQ")
"""Linux, struct tcp_info: tcpi_bytes_received, since 4.1."""


class Unfinished:
    """The watch over one connection, known by its peer's address. `receive` takes the place of the one given."""

    def __init__(self, peer: tuple[str, int], receive: Receive) -> None:
        self._peer, self._receive = peer, receive
        self._connection: socket.socket | None = None
        self._handed_over_at = 0

    async def begin(self) -> None:
        """Find the connection."""
        self._connection = await asyncio.to_thread(_connection_of, self._peer)
        self._handed_over_at = self._received()

    async def receive(self) -> MutableMapping[str, Any]:
        """ASGI's next event; a message that came through begins the count anew."""
        event = await self._receive()
        self._handed_over_at = self._received()
        return event

    async def watch(self) -> None:
        """Look again and again, and end the connection when it has sent too much; until cancelled."""
        while self._connection is not None:
            await asyncio.sleep(UNFINISHED_LOOK_SECONDS)
            if self._received() - self._handed_over_at > UNFINISHED_BYTES_MAX:
                with suppress(OSError):  # it has ended by itself
                    self._connection.shutdown(socket.SHUT_RDWR)
                return

    def end(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _received(self) -> int:
        if self._connection is None:
            return 0
        try:
            told = self._connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
        except OSError:
            return 0  # closed
        return int(_RECEIVED.unpack(told)[0]) if len(told) == _RECEIVED.size else 0


def _connection_of(peer: tuple[str, int]) -> socket.socket | None:
    """A second handle of this process's connection to a peer, if there is one and the system tells about it."""
    if not (os.path.isdir(_HANDLES) and hasattr(socket, "TCP_INFO")):
        return None
    for name in os.listdir(_HANDLES):
        with suppress(OSError):  # closed meanwhile, or not connected
            if os.readlink(f"{_HANDLES}/{name}").startswith("socket:"):
                found = socket.socket(fileno=os.dup(int(name)))
                if _peer_of(found) == peer:
                    return found
                found.close()
    return None


def _peer_of(connection: socket.socket) -> tuple[str, int] | None:
    try:
        host, port = connection.getpeername()[:2]
    except (OSError, ValueError):
        return None  # not connected, or not TCP
    return host, port
