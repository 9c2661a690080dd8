"""A server that answers with whatever bytes a test gives it, on a port of its own, one script for each connection."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

Script = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Raw(NamedTuple):
    """Where it listens, and the heads of the requests that came."""

    port: int
    heard: list[bytes]

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def answering(script: Script | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Raw]:
    """A raw server for as long as the block runs: sends the bytes and hangs up, or does what the script does."""
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            heard.append(head)
            if isinstance(script, bytes):
                writer.write(script)
                await writer.drain()
            else:
                await script(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls)
    try:
        yield Raw(server.sockets[0].getsockname()[1], heard)
    finally:
        server.close()


def http(status: int, body: bytes = b"", **fields: str) -> bytes:
    """A plain answer with its length."""
    lines = [f"HTTP/1.1 {status} Words", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def silence(_: bytes, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Take the question and say nothing, until the other side leaves."""
    await reader.read()
