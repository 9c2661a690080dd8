"""The load of streams: thousands of WebSockets as bare asyncio protocols, in a process of its own on a core of its own.

Light, because what is measured is the other side: handshakes are made beforehand, a frame costs one callback and one
search, and nothing of a message is parsed but the number that its post was given. It counts what is refused and what is
lost, and never hides it.
"""

import asyncio
import multiprocessing
import os
import random
import resource
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import uvloop

from whimbrel.kernel.giving_way import give_way

MARK: Final = b"post number "
"""Each measured post has this and seven digits in its text."""

_DIGITS: Final = 7
_HEAD_END: Final = b"\r\n\r\n"
_PING: Final = 0x89
_CLOSE: Final = 0x88
_PONG_EMPTY: Final = b"\x8a\x80\x00\x00\x00\x00"
_AT_ONCE: Final = 100
OPEN_SECONDS_MAX: Final = 120.0


class Door(NamedTuple):
    """Where streams are served."""

    host: str
    port: int

    def request(self, token: str, stream: str = "user") -> bytes:
        """The handshake of a WebSocket that listens to one stream."""
        return (
            f"GET /api/v1/streaming?stream={stream} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: d2hpbWJyZWwgYmVuY2ggMQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()


class Watch:
    """What all listeners of a measurement share: counts, and when which post came."""

    def __init__(self) -> None:
        self.open = self.refused = self.lost = 0
        self.answers: dict[int, int] = {}
        self.posts, self.times = array("i"), array("d")
        self.come_back: Callable[[Listener], None] | None = None

    def clear(self) -> None:
        """Forget what has come so far."""
        self.posts, self.times = array("i"), array("d")


class Listener(asyncio.Protocol):
    """One WebSocket."""

    __slots__ = ("_buffer", "_is_open", "_transport", "_watch", "request")

    def __init__(self, watch: Watch, request: bytes) -> None:
        self._watch, self.request = watch, request
        self._is_open = False
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: ask for the stream."""
        self._transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """asyncio: count it, and perhaps come back."""
        watch = self._watch
        if self._is_open:
            self._is_open = False
            watch.open -= 1
            watch.lost += 1
        if watch.come_back is not None:
            watch.come_back(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: the answer to the handshake, then frames."""
        if self._buffer:
            data = self._buffer + data
        if not self._is_open:
            data = self._opened(data)
        now, at, end = time.perf_counter(), 0, len(data)
        while end - at >= 2:
            size, head = data[at + 1], 2
            if size == 126:
                size, head = int.from_bytes(data[at + 2 : at + 4]), 4
            elif size == 127:
                size, head = int.from_bytes(data[at + 2 : at + 10]), 10
            if end - at < head + size:
                break
            self._frame(data, at, at + head + size, now)
            at += head + size
        self._buffer = data[at:] if at < end else b""

    def close(self) -> None:
        """Leave."""
        self._transport.close()

    def _opened(self, data: bytes) -> bytes:
        end = data.find(_HEAD_END)
        if end < 0:
            self._buffer = data
            return b""
        status = int(data[9:12])
        self._watch.answers[status] = self._watch.answers.get(status, 0) + 1
        if status != 101:
            self._watch.refused += 1
            self._transport.close()
            return b""
        self._is_open = True
        self._watch.open += 1
        return data[end + len(_HEAD_END) :]

    def _frame(self, data: bytes, start: int, end: int, now: float) -> None:
        kind = data[start]
        if kind == _PING:
            self._transport.write(_PONG_EMPTY)  # type: ignore[attr-defined]
            return
        at = data.find(MARK, start, end)
        if at > 0 and kind != _CLOSE:
            number = at + len(MARK)
            self._watch.posts.append(int(data[number : number + _DIGITS]))
            self._watch.times.append(now)


async def open_all(watch: Watch, door: Door, requests: Sequence[bytes]) -> list[Listener]:
    """Open a WebSocket for each request, so many at a time; returns when all of them were answered. Raises if not."""
    loop = asyncio.get_running_loop()
    made: list[Listener] = []
    before = watch.open + watch.refused

    def answered() -> bool:
        return watch.open + watch.refused - before >= len(made)

    for first in range(0, len(requests), _AT_ONCE):
        some = requests[first : first + _AT_ONCE]
        made += [
            one
            for _, one in await asyncio.gather(
                *(loop.create_connection(lambda asked=asked: Listener(watch, asked), *door) for asked in some)  # type: ignore[misc]
            )
        ]
        await reached(answered, f"{len(made)} streams are open")
    if watch.refused:
        raise RuntimeError(f"{watch.refused} of {len(requests)} streams were refused: {watch.answers}")
    return made


async def reached(question: Callable[[], bool], what: str, *, seconds: float = OPEN_SECONDS_MAX) -> None:
    """Wait until the answer is yes. Raises when it is not in time."""
    ends = time.perf_counter() + seconds
    while not question():
        if time.perf_counter() > ends:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.005)


class Poster(asyncio.Protocol):
    """One keep-alive connection that posts; `free` when its last post was acknowledged."""

    def __init__(self, acknowledged: dict[int, float]) -> None:
        self._acknowledged = acknowledged
        self._number = -1
        self._buffer = b""

    @property
    def free(self) -> bool:
        """Whether it can take the next post."""
        return self._number < 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: ready."""
        self._transport = transport

    def post(self, number: int, token: str, *, visibility: str = "public") -> None:
        """Send one post with its number in it."""
        self._number = number
        body = f"status={MARK.decode()}{number:0{_DIGITS}}&visibility={visibility}".replace(" ", "+").encode()
        self._transport.write(  # type: ignore[attr-defined]
            b"POST /api/v1/statuses HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s"
            % (token.encode(), len(body), body)
        )

    def data_received(self, data: bytes) -> None:
        """asyncio: the acknowledgement."""
        now = time.perf_counter()
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        at = self._buffer.lower().find(b"content-length:", 0, end)
        length = int(self._buffer[at + 15 : self._buffer.find(b"\r\n", at)])
        if len(self._buffer) < end + len(_HEAD_END) + length:
            return
        if self._buffer[9:12] != b"200":
            raise RuntimeError(f"a post was answered {self._buffer[:400]!r}")
        self._acknowledged[self._number] = now
        self._number, self._buffer = -1, b""


async def post_steadily(
    posters: Sequence[Poster], token: str, numbers: Sequence[int], per_second: float
) -> dict[int, float]:
    """Send posts at a steady rate, whatever the answers; returns when each was sent. Raises when no poster is free."""
    sent: dict[int, float] = {}
    begins = time.perf_counter()
    for count, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, begins + count / per_second - time.perf_counter()))
        poster = next((one for one in posters if one.free), None)
        if poster is None:
            raise RuntimeError(f"after {count} posts all {len(posters)} connections wait for an acknowledgement")
        sent[number] = time.perf_counter()
        poster.post(number, token)
    return sent


async def open_posters(host: str, port: int, count: int, acknowledged: dict[int, float]) -> list[Poster]:
    """Connections for posts; what they post is noted in `acknowledged` by number."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(lambda: Poster(acknowledged), host, port))[1] for _ in range(count)]


def coming_back(watch: Watch, door: Door, per_second: float) -> Callable[[Listener], None]:
    """What a lost listener does: it waits a random time, so that all together come so many a second, and connects."""
    loop = asyncio.get_running_loop()
    owned: set[asyncio.Task[None]] = set()
    total = watch.open

    async def back(request: bytes) -> None:
        await asyncio.sleep(random.random() * total / per_second)
        try:
            await loop.create_connection(lambda: Listener(watch, request), *door)
        except OSError:
            watch.refused += 1

    def lost(listener: Listener) -> None:
        task = loop.create_task(back(listener.request))
        owned.add(task)
        task.add_done_callback(owned.discard)

    return lost


class Job:
    """An asynchronous function in a process of its own on one core; `result` is what it returned, or raises.

    `gives_way`: it runs there when nobody else wants to.
    """

    def __init__(
        self, work: Callable[..., Awaitable[Any]], *arguments: Any, core: int | None, gives_way: bool = False
    ) -> None:
        context = multiprocessing.get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=_child, args=(sender, core, gives_way, work, arguments))
        self._process.start()
        sender.close()

    def result(self, *, seconds: float) -> Any:
        """Wait for its end."""
        try:
            outcome = self._receiver.recv() if self._receiver.poll(seconds) else RuntimeError(f"no end in {seconds} s")
        except EOFError:
            outcome = RuntimeError("the load process died")
        finally:
            self.stop()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.join(1)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _child(
    sender: Any, core: int | None, gives_way: bool, work: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]
) -> None:
    if gives_way:
        give_way()
    if core is not None:
        os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        sender.send(uvloop.run(work(*arguments)))  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 (handed to the parent, which raises it)
        sender.send(error)
