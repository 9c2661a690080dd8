"""Reading an HTTP/1.1 answer from somebody who may be broken or hostile: every line, count and byte is bounded.

Promises: nothing is believed but what was checked, and nothing is guessed: an answer with two lengths, a length that
is no number, a head without end or a compression that was not asked for is a FetchFailed with words for people.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from whimbrel.kernel.limits import FETCH_HEAD_BYTES_MAX, FETCH_HEADERS_MAX, FETCH_INTERIM_MAX
from whimbrel.statuspage.watching.reaching import FetchFailed, Unanswered

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\x00]*?)[ \t]*\r?\n")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")
_PIECE_BYTES: Final = 64 * 1024
_BODILESS: Final = (204, 304)
_CUT: Final = "it hung up in the middle of its answer"


class Head(NamedTuple):
    """The status, and the header fields in order, names in lower case."""

    status: int
    fields: Sequence[tuple[str, str]]

    def every(self, name: str) -> list[str]:
        """The values of all fields of this name."""
        return [value for found, value in self.fields if found == name]

    def first(self, name: str) -> str | None:
        """The value of the first field of this name."""
        return next((value for found, value in self.fields if found == name), None)


async def read_head(reader: asyncio.StreamReader) -> Head:
    """The head of the final answer; interim ones (1xx) are passed over. Raises FetchFailed."""
    for _ in range(FETCH_INTERIM_MAX):
        found = _STATUS.fullmatch(await _line(reader, first=True))
        if found is None:
            raise FetchFailed("it does not speak HTTP")
        head = Head(int(found[1]), await _fields(reader))
        if head.status >= 200:
            return head
    raise FetchFailed("it sends one interim answer after the other")


async def pieces(reader: asyncio.StreamReader, head: Head, *, bodiless: bool = False) -> AsyncIterator[bytes]:
    """The body as it comes, chunks undone. Raises FetchFailed when it ends before it should."""
    coding = (head.first("content-encoding") or "identity").lower()
    if coding != "identity":
        raise FetchFailed("it sent a compressed answer, which nobody had asked for", log=f"content-encoding {coding}")
    if bodiless or head.status in _BODILESS:
        return
    transfer = [word.strip().lower() for value in head.every("transfer-encoding") for word in value.split(",")]
    if transfer and transfer != ["chunked"]:
        raise FetchFailed("it sent its answer in an unknown coding", log=f"transfer-encoding {transfer}"[:200])
    parts = _chunked(reader) if transfer else _counted(reader, _length(head))
    async for piece in parts:
        yield piece


def _length(head: Head) -> int | None:
    lengths = set(head.every("content-length"))
    if not lengths:
        return None
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise FetchFailed("it does not say plainly how long its answer is")
    return int(length)


async def _counted(reader: asyncio.StreamReader, length: int | None) -> AsyncIterator[bytes]:
    """So many bytes, or all until the other side hangs up."""
    left = length
    while left is None or left > 0:
        piece = await _read(reader, _PIECE_BYTES if left is None else min(left, _PIECE_BYTES))
        if not piece:
            if left is None:
                return
            raise FetchFailed(_CUT)
        left = None if left is None else left - len(piece)
        yield piece


async def _chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        found = _CHUNK.fullmatch(await _line(reader))
        if found is None:
            raise FetchFailed("it sent a chunk without a length")
        size = int(found[1], 16)
        if not size:
            await _fields(reader)
            return
        async for piece in _counted(reader, size):
            yield piece
        if (await _line(reader)).strip(b"\r\n"):
            raise FetchFailed("it sent a chunk that is longer than it says")


async def _fields(reader: asyncio.StreamReader) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    left = FETCH_HEAD_BYTES_MAX
    while (line := await _line(reader)) not in (b"\r\n", b"\n"):
        left -= len(line)
        if len(fields) >= FETCH_HEADERS_MAX or left < 0:
            raise FetchFailed("it sent more header fields than anybody needs")
        found = _HEADER.fullmatch(line)
        if found is None:
            raise FetchFailed("it sent a malformed header field")
        fields.append((found[1].decode("ascii").lower(), found[2].decode("latin-1")))
    return fields


async def _line(reader: asyncio.StreamReader, *, first: bool = False) -> bytes:
    try:
        line = await reader.readline()
    except ValueError:
        raise FetchFailed("it sent a line without end") from None
    except OSError as error:
        raise FetchFailed("the connection was broken off", log=str(error)) from error
    if not line.endswith(b"\n"):
        raise Unanswered("it hung up without an answer") if first and not line else FetchFailed(_CUT)
    return line


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    try:
        return await reader.read(size)
    except OSError as error:
        raise FetchFailed("the connection was broken off", log=str(error)) from error
