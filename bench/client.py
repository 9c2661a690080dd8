"""The load: keep-alive connections over plain asyncio, in a process of its own on a core of its own.

Closed loop: each connection sends its next request when the answer to the last is complete. Every answer is checked:
status, full length, and by `check` for its content; a body equal to the last one that passed needs no second look.
A failed check ends the run with an error, because a server that answers nonsense quickly is not fast.
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Check = Callable[[bytes], None]
REQUEST_SECONDS_MAX = 30.0


class Load(NamedTuple):
    """What to send: whole requests, used in turn by all connections, for so many seconds after a warm-up."""

    host: str
    port: int
    requests: Sequence[bytes]
    connections: int
    seconds: float
    warm_up_seconds: float = 1.0
    status: int = 200
    check: Check | None = None
    pause_seconds: float = 0.0
    """How long each connection waits before its next request: for latencies beside something else that is measured."""


class Figures(NamedTuple):
    """What came back. Latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    answers: int
    body_bytes: int


def get(path: str, token: str | None = None) -> bytes:
    """One GET as bytes."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: whimbrel-bench\r\n{bearer}\r\n".encode()


def post(path: str, token: str, body: bytes, *, key: str | None = None) -> bytes:
    """One form POST as bytes; `key` is its Idempotency-Key."""
    once = f"Idempotency-Key: {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: whimbrel-bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\n{once}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(load: Load, *, core: int | None) -> Figures:
    """Send the load from a fresh process pinned to `core`, and return its figures. Raises what went wrong there."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, load, core))
    process.start()
    sender.close()
    try:
        outcome = receiver.recv() if receiver.poll(load.seconds + load.warm_up_seconds + 60) else RuntimeError("no end")
    finally:
        process.join(5)
        if process.is_alive():
            process.kill()
    if isinstance(outcome, BaseException):
        raise outcome
    figures: Figures = outcome
    return figures


def _child(sender: Any, load: Load, core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        sender.send(asyncio.run(_all(load)))
    except Exception as error:  # noqa: BLE001 (handed to the parent, which raises it)
        sender.send(error)


async def _all(load: Load) -> Figures:
    loop = asyncio.get_running_loop()
    now = time.perf_counter()
    shared = _Shared(load, now + load.warm_up_seconds, now + load.warm_up_seconds + load.seconds)
    connections = [
        (await loop.create_connection(lambda: _Connection(shared), load.host, load.port))[1]
        for _ in range(load.connections)
    ]
    async with asyncio.timeout(load.seconds + load.warm_up_seconds + REQUEST_SECONDS_MAX):
        await asyncio.gather(*(connection.done for connection in connections))
    taken = sorted(shared.taken)
    if not taken:
        raise RuntimeError("not one answer came within the time")
    return Figures(
        len(taken) / load.seconds,
        taken[len(taken) // 2] * 1_000,
        taken[int(len(taken) * 0.99)] * 1_000,
        len(taken),
        shared.body_bytes,
    )


class _Shared:
    def __init__(self, load: Load, starts: float, ends: float) -> None:
        self.load, self.starts, self.ends = load, starts, ends
        self.next = 0
        self.taken: list[float] = []
        self.passed = b""
        self.body_bytes = 0

    def request(self) -> bytes:
        self.next += 1
        return self.load.requests[self.next % len(self.load.requests)]

    def checked(self, status: int, body: bytes) -> None:
        if status != self.load.status:
            raise RuntimeError(f"answered {status}: {body[:300]!r}")
        if body != self.passed and self.load.check is not None:
            self.load.check(body)
            self.passed = body
        self.body_bytes = len(body)


class _Connection(asyncio.Protocol):
    def __init__(self, shared: _Shared) -> None:
        self.shared = shared
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = bytearray()
        self.needed = 0
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or RuntimeError("the server closed a connection"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.needed:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            at = self.buffer.lower().find(b"content-length:", 0, end)
            length = int(self.buffer[at + 15 : self.buffer.find(b"\r\n", at)])
            self.needed, self.head_bytes = end + 4 + length, end + 4
        if len(self.buffer) >= self.needed:
            self._complete()

    def _complete(self) -> None:
        shared, now = self.shared, time.perf_counter()
        try:
            shared.checked(int(self.buffer[9:12]), bytes(self.buffer[self.head_bytes : self.needed]))
        except Exception as error:  # noqa: BLE001 (ends the run with what was wrong)
            self._finish(error)
            return
        if now >= shared.starts:
            shared.taken.append(now - self.sent)
        del self.buffer[: self.needed]
        self.needed = 0
        if now >= shared.ends:
            self._finish(None)
        elif shared.load.pause_seconds:
            asyncio.get_running_loop().call_later(shared.load.pause_seconds, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.shared.request())  # type: ignore[attr-defined]

    def _finish(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)
        self.transport.close()
