"""From where streams are opened, and how many from one place: so that one machine cannot take all the room.

An account has a limit of its own, but the public streams need none. The limit by address is wide, because a household,
an office or a phone company may stand behind one address; and where `rate_limits` are off there is none.
"""

import asyncio
import socket
from collections import Counter

from whimbrel.kernel.errors import TooMany
from whimbrel.kernel.limits import STREAM_CONNECTIONS_PER_ADDRESS_MAX
from whimbrel.reliability.proxies import Network, client_address
from whimbrel.streaming.heads import Head

_RETRY_SECONDS = 60


class Callers:
    """How many streams are open from each address. `trusted`: proxies that are believed who they speak for."""

    def __init__(self, trusted: tuple[Network, ...], *, limited: bool) -> None:
        self._trusted, self._limited = trusted, limited
        self._open: Counter[str] = Counter()

    def address(self, transport: asyncio.Transport, head: Head) -> str:
        """Who calls. The API's relay, on the socket that only this server can reach, has asked that itself."""
        forwarded = head.headers.get("x-forwarded-for")
        if transport.get_extra_info("socket").family == socket.AF_UNIX:
            return forwarded or ""
        peer = transport.get_extra_info("peername")
        return client_address(peer[0] if peer else "", forwarded.encode() if forwarded else None, self._trusted)

    def check(self, address: str) -> None:
        """Raise TooMany when no further stream may be opened from there."""
        if self._limited and self._open[address] >= STREAM_CONNECTIONS_PER_ADDRESS_MAX:
            raise TooMany(
                f"{STREAM_CONNECTIONS_PER_ADDRESS_MAX} streams are open from your address already",
                retry_after_seconds=_RETRY_SECONDS,
            )

    def came(self, address: str) -> None:
        """A stream was opened."""
        self._open[address] += 1

    def left(self, address: str) -> None:
        """It has ended."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]
