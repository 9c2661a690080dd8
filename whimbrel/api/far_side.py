"""The far side of a relayed stream: one HTTP/1.1 exchange with the streaming process, over its Unix socket.

Promises: opening and ending have deadlines, and what was read and not yet passed on is bounded. It understands what our
own streaming process answers (a body by length, in chunks, or up to the end) and nothing finer: a general HTTP client
would cost each relayed stream several times the memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel.api.answers import Headers
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import (
    RELAY_ANSWER_BYTES_MAX,
    RELAY_BUFFER_BYTES,
    RELAY_HEAD_BYTES_MAX,
    RELAY_LEAVE_SECONDS,
    RELAY_OPEN_SECONDS,
)

_HEAD_END: Final = b"\r\n\r\n"
_BETWEEN_TWO_ONLY: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
"""Headers that speak of one connection, and so are never passed on to the next (RFC 9110, 7.6.1)."""


class StreamsAway(Unavailable):
    """The streaming process does not answer; it is started again by itself within seconds."""

    code = "streams_away"
    retry_after_seconds: int | None = 1


class FarHead(NamedTuple):
    """How the streaming process answers. Header names are in lower case; those of its connection are left out."""

    status: int
    headers: Headers
    chunked: bool
    length: int | None

    def header(self, name: bytes) -> bytes:
        """A header's value; empty when it is not there."""
        return next((value for known, value in self.headers if known == name), b"")


class FarSide:
    """One connection to the streaming process, after its answer has begun."""

    def __init__(self, head: FarHead, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        """The next bytes as they came; empty when there will be no more."""
        try:
            return await self._reader.read(RELAY_BUFFER_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send bytes; returns when little enough of them is waiting. What cannot be sent any more is dropped."""
        self._writer.write(data)
        with suppress(OSError):  # the reading side hears of it too, and ends the stream
            await self._writer.drain()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece, to its end or to the end of the connection."""
        try:
            if self.head.chunked:
                while left := int((await self._reader.readline()).partition(b";")[0].strip() or b"0", 16):
                    async for piece in self._up_to(left):
                        yield piece
                    await self._reader.readline()
            else:
                async for piece in self._up_to(self.head.length):
                    yield piece
        except (OSError, ValueError):
            return

    async def whole(self) -> bytes:
        """The body of an answer that is no stream. Raises StreamsAway when it does not end."""
        body = bytearray()
        try:
            async with asyncio.timeout(RELAY_OPEN_SECONDS):
                async for piece in self.pieces():
                    body += piece
                    if len(body) > RELAY_ANSWER_BYTES_MAX:
                        raise ValueError("the answer is too long")
        except (TimeoutError, ValueError) as error:
            raise _away(error) from error
        return bytes(body)

    def hang_up(self) -> None:
        """Begin to end the connection, when what was written is sent; whoever reads from it reads its end."""
        self._writer.close()

    async def leave(self) -> None:
        """End the connection: when what was written is sent, but after RELAY_LEAVE_SECONDS without that."""
        self.hang_up()
        try:
            async with asyncio.timeout(RELAY_LEAVE_SECONDS):
                await self._writer.wait_closed()
        except OSError:
            self._writer.transport.abort()

    async def _up_to(self, length: int | None) -> AsyncIterator[bytes]:
        left = length
        while left is None or left > 0:
            piece = await self._reader.read(RELAY_BUFFER_BYTES if left is None else min(left, RELAY_BUFFER_BYTES))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece


async def open_far_side(socket: Path, request: bytes, *, seconds: float = RELAY_OPEN_SECONDS) -> FarSide:
    """Send a request (its head; it has no body) and wait for the answer's head, `seconds` long. Raises StreamsAway."""
    writer = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=RELAY_BUFFER_BYTES)
            writer.write(request)
            return FarSide(_head(await reader.readuntil(_HEAD_END)), reader, writer)
    except BaseException as error:
        if writer is not None:
            writer.transport.abort()
        if isinstance(error, OSError | EOFError | ValueError | LookupError | asyncio.LimitOverrunError):
            raise _away(error) from error
        raise


def request_head(method: bytes, target: bytes, headers: Headers, *, upgrade: bool) -> bytes:
    """The bytes that ask for `target`, with the headers that are not of the client's own connection."""
    lines = [b"%s %s HTTP/1.1" % (method, target)]
    lines += [b"%s: %s" % header for header in headers if header[0] not in _BETWEEN_TWO_ONLY]
    lines += [b"connection: upgrade", b"upgrade: websocket"] if upgrade else [b"connection: close"]
    return b"\r\n".join(lines) + _HEAD_END


def _head(data: bytes) -> FarHead:
    if len(data) > RELAY_HEAD_BYTES_MAX:
        raise ValueError("the head is too long")
    first, *lines = data[: -len(_HEAD_END)].split(b"\r\n")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    known = dict(headers)
    length = known.get(b"content-length")
    return FarHead(
        int(first.split(b" ", 2)[1]),
        tuple(header for header in headers if header[0] not in _BETWEEN_TWO_ONLY),
        b"chunked" in known.get(b"transfer-encoding", b"").lower(),
        None if length is None else int(length),
    )


def _away(error: Exception) -> StreamsAway:
    return StreamsAway("Streams are away for a moment", log=f"the streaming process: {error!r}")


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancel a task of one's own and wait until it has ended; what it raised is raised here."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
