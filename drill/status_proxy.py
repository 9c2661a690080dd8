"""A small reverse proxy on loopback that can be told to fail: what stands between people and the server in a drill.

Promises: passes requests on as they are, one for each connection, streams too; of the POSTs that write a post, every
`every`-th (0: none) is answered 503 and never passed on; counts what it answers and tells it at /metrics
in our own exposition, as a node does, because what fails here the server behind it cannot know.
"""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from whimbrel.reliability.metrics import RequestMetrics, exposition

POSTS: Final = "/api/v1/statuses"
_ID: Final = re.compile(r"/[0-9]+(?=/|\Z)")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_KEPT: Final = re.compile(rb"\r\nconnection:[^\r\n]*", re.IGNORECASE)
_PIECE_BYTES: Final = 64 * 1024
_REFUSED: Final = b'{"error": "The drill refuses some posts."}'
_BEGAN_SECONDS_MAX: Final = 10.0


class _Asked(NamedTuple):
    method: str
    path: str
    raw: bytes


class Proxy:
    """Passes on to the port `upstream` of this machine; listens on `port`, which is free."""

    def __init__(self, port: int, upstream: int) -> None:
        self.url, self._port, self._upstream = f"http://127.0.0.1:{port}", port, upstream
        self.every = 0
        """Of the posts from now on, every so many-th fails; 0: none."""
        self.refused: list[float] = []
        """When a post was refused (Unix time)."""
        self._posts = 0
        self._counted = RequestMetrics()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._over = asyncio.Event()

    def serve(self) -> None:
        """Serve until `stop`, on this thread."""
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def stop(self) -> None:
        """End, from another thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    def wait(self) -> None:
        """Wait until it listens."""
        assert self._listening.wait(_BEGAN_SECONDS_MAX), "the proxy does not listen"

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
        self._listening.set()
        await self._over.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(await _asked(reader), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # one of the two has gone; the other is told by the end of its connection
        finally:
            writer.close()

    async def _answer(self, asked: _Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path == "/metrics":
            writer.write(_plain(200, exposition(self._counted.families()).encode(), "text/plain; version=0.0.4"))
            await writer.drain()
            return
        began = time.monotonic()
        if self._is_refused(asked):
            code = 503
            self.refused.append(time.time())
            writer.write(_plain(code, _REFUSED, "application/json"))
            await writer.drain()
        else:
            code = await self._pass_on(asked, writer)
        route = _ID.sub("/{id}", asked.path) if asked.path.startswith(("/api", "/oauth")) else "page"
        self._counted.observe(asked.method, route, code, time.monotonic() - began)

    def _is_refused(self, asked: _Asked) -> bool:
        if asked.method != "POST" or asked.path != POSTS:
            return False
        self._posts += 1
        return bool(self.every) and self._posts % self.every == 0

    async def _pass_on(self, asked: _Asked, writer: asyncio.StreamWriter) -> int:
        try:
            answers, behind = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.write(_plain(502, b"", "text/plain"))
            await writer.drain()
            return 502
        try:
            behind.write(asked.raw)
            line = await answers.readuntil(b"\r\n")
            writer.write(line)
            while piece := await answers.read(_PIECE_BYTES):
                writer.write(piece)
                await writer.drain()
            return int(line.split(b" ", 2)[1])
        finally:
            behind.close()


@contextmanager
def proxying(port: int, upstream: int) -> Iterator[Proxy]:
    """A proxy for as long as the block runs."""
    proxy = Proxy(port, upstream)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        proxy.wait()
        yield proxy
    finally:
        proxy.stop()
        thread.join()


async def _asked(reader: asyncio.StreamReader) -> _Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    method, target, _ = head.split(b" ", 2)
    alone = _KEPT.sub(b"", head)[:-2] + b"connection: close\r\n\r\n"
    return _Asked(method.decode(), target.decode().partition("?")[0], alone + body)


def _plain(code: int, body: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 {code} Answer\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
