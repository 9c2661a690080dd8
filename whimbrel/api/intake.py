"""A body, taken in piece by piece, and what all of them may hold of this process's memory at once.

Promises: no more than BODIES_BYTES_MAX of bodies in a process, whoever sends them and however slowly; whoever would be
above it is refused and sent away. Counted is what has arrived, not what was announced: else a few connections that
announce much and send nothing would shut everybody out. Not here: how large one body may be, and how late.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from whimbrel.api.errors import TooMuchAtOnce
from whimbrel.kernel.errors import BadRequest, TooLarge

Arriving = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""ASGI's next event of a request."""


class Intake:
    """Counts the bytes of the bodies under way, up to `bytes_max`."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes_held = 0

    def share(self) -> "Share":
        """The share of one request; it holds nothing yet."""
        return Share(self)


class Share:
    """What one request's body holds of an intake. It ends with the request that it belongs to, or by `end`."""

    __slots__ = ("_bytes", "_intake")

    def __init__(self, intake: Intake) -> None:
        self._intake, self._bytes = intake, 0

    def __del__(self) -> None:
        self.end()

    def take(self, size: int) -> None:
        """Hold so many bytes more. Raises TooMuchAtOnce."""
        intake = self._intake
        if intake.bytes_held + size > intake.bytes_max:
            raise TooMuchAtOnce("More is being sent to this server than it can take in at once; try again soon")
        intake.bytes_held += size
        self._bytes += size

    def end(self) -> None:
        """Hold nothing any more."""
        self._intake.bytes_held -= self._bytes
        self._bytes = 0


async def gathered(receive: Arriving, share: Share, *, bytes_max: int) -> bytes:
    """The body, whole; `share` holds it. Raises TooLarge, TooMuchAtOnce, and BadRequest when the client has left."""
    # One growing buffer, not a list of pieces: a tiny piece costs many times its size.
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection ended before the body did")
        piece = message.get("body", b"")
        if len(body) + len(piece) > bytes_max:
            raise TooLarge(f"The body is larger than {bytes_max} bytes")
        share.take(len(piece))
        if not message.get("more_body", False):
            return bytes(body + piece) if body else piece
        body += piece
