"""Streams through the main port: `/api/v1/streaming` and below, relayed to the streaming process.

Promises: a person with one port and one reverse proxy needs nothing more; a client that leaves ends the far side at
once and the other way round; refusals, close codes and subprotocols are passed on as they are; a client that takes
nothing in is left after RELAY_SEND_SECONDS. At most `relayed_max` streams at a time, and of each a bounded number of
bytes. Not here: what streams hold, who may read them, how they are resumed: that is the streaming process's.
Why a relay, and what it costs: docs/decisions/0009-streams-through-the-main-port.md.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from whimbrel.api.answers import Headers
from whimbrel.api.errors import MethodNotAllowed, answer_to
from whimbrel.api.far_side import FarSide, StreamsAway, ended, open_far_side, request_head
from whimbrel.api.relayed_frames import RelayedFrames
from whimbrel.api.request import Receive, Scope
from whimbrel.api.unfinished import Unfinished
from whimbrel.kernel.errors import Unavailable, WhimbrelError
from whimbrel.kernel.limits import RELAY_LEAVE_SECONDS, RELAY_OPEN_SECONDS, RELAY_SEND_SECONDS, STREAMS_RELAYED_MAX
from whimbrel.reliability.metrics import ROUTE, SECONDS, STATUS
from whimbrel.reliability.proxies import Network, client_address

STREAMING: Final = "/api/v1/streaming"
_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_REWRITTEN: Final = frozenset(
    (b"content-length", b"expect", b"forwarded", b"sec-websocket-extensions", b"x-forwarded-for", b"x-real-ip")
)
"""Not passed on as they came: extensions are agreed with each side by itself, and addresses believed by our rules."""

_UPGRADED: Final = 101
_BODILESS: Final = (204, 304)
_EVENTS: Final = b"text/event-stream"
_READABLE: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Retry-After"),
)

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class RelayFull(Unavailable):
    """This process relays as many streams as it may; the words name the port that has no such limit."""

    code = "relay_full"
    retry_after_seconds: int | None = 30


class StreamingRelay:
    """The ASGI application for streams. `socket` is the streaming process's, `direct` where it serves them itself."""

    def __init__(
        self,
        socket: Path,
        *,
        direct: str,
        trusted_proxies: tuple[Network, ...] = (),
        relayed_max: int = STREAMS_RELAYED_MAX,
        open_seconds: float = RELAY_OPEN_SECONDS,
        send_seconds: float = RELAY_SEND_SECONDS,
    ) -> None:
        self._socket, self._direct, self._trusted = socket, direct, trusted_proxies
        self._relayed_max, self._open_seconds, self._send_seconds = relayed_max, open_seconds, send_seconds
        self._fars: set[FarSide] = set()
        self._calls: set[asyncio.Task[Any] | None] = set()
        self._closing = False

    @property
    def relayed(self) -> int:
        """How many streams are open through here now, those that are being opened included."""
        return len(self._calls)

    async def close(self) -> None:
        """End every stream with words that bring its client back, and take no more; for a process that is to end.

        Returns when the clients have been told, and after RELAY_LEAVE_SECONDS at the latest.
        """
        self._closing = True
        for far in self._fars:
            far.hang_up()
        if calls := [call for call in self._calls if call is not None]:
            await asyncio.wait(calls, timeout=RELAY_LEAVE_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Relay one stream, until one of its two sides ends it."""
        scope[ROUTE] = STREAMING
        began = time.perf_counter()
        try:
            with self._place(scope):
                far = await open_far_side(self._socket, self._request(scope), seconds=self._open_seconds)
                scope[SECONDS], scope[STATUS] = time.perf_counter() - began, far.head.status
                self._fars.add(far)
                if self._closing:
                    far.hang_up()
                try:
                    await self._pass_on(scope, far, receive, send)
                finally:
                    self._fars.discard(far)
                    await far.leave()
        except WhimbrelError as error:
            await refuse(scope, send, error)

    @contextmanager
    def _place(self, scope: Scope) -> Iterator[None]:
        if scope.get("method", "GET") not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        if self._closing:
            raise StreamsAway("Streams are away for a moment", log="this process is ending")
        if self.relayed >= self._relayed_max:
            raise RelayFull(
                f"{self._relayed_max} streams pass here already. Directly they are served at {self._direct}"
            )
        call = asyncio.current_task()
        self._calls.add(call)
        try:
            yield
        finally:
            self._calls.discard(call)

    def _request(self, scope: Scope) -> bytes:
        headers = scope["headers"]
        peer = scope.get("client")
        forwarded = dict(headers).get(b"x-forwarded-for")
        address = client_address(peer[0] if peer else "", forwarded, self._trusted)
        kept = [header for header in headers if header[0] not in _REWRITTEN]
        path, query = scope["raw_path"].rstrip(b"/"), scope["query_string"]
        return request_head(
            scope.get("method", "GET").encode(),
            path + b"?" + query if query else path,
            (*kept, (b"x-forwarded-for", address.encode())),
            upgrade=scope["type"] == "websocket",
        )

    async def _pass_on(self, scope: Scope, far: FarSide, receive: Receive, send: Send) -> None:
        head = far.head
        if head.status == _UPGRADED:
            await self._frames(scope, far, receive, send)
        elif scope.get("method") == "HEAD" or head.status in _BODILESS:
            await _say(scope, send, head.status, head.headers, b"")
        elif head.header(b"content-type").startswith(_EVENTS):
            await self._events(far, receive, send)
        else:
            await _say(scope, send, head.status, head.headers, await far.whole())

    async def _frames(self, scope: Scope, far: FarSide, receive: Receive, send: Send) -> None:
        host, port = scope.get("client") or ("", 0)
        unfinished = Unfinished((host, int(port)), receive)  # granian has the port as a text
        await unfinished.begin()
        watching = asyncio.create_task(unfinished.watch())
        try:
            await RelayedFrames(far, send, self._send_seconds).run(unfinished.receive)
        finally:
            await ended(watching)
            unfinished.end()

    async def _events(self, far: FarSide, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": far.head.status, "headers": far.head.headers})
        leaving = asyncio.create_task(_hang_up_when_left(far, receive))
        try:
            async for piece in far.pieces():
                async with asyncio.timeout(self._send_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            pass  # it takes nothing in: its stream ends like any other
        finally:
            await ended(leaving)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(scope: Scope, send: Send, error: WhimbrelError) -> None:
    """Answer a stream that is not to be, a WebSocket's opening included, in the words that a request would get."""
    answer = answer_to(error, request_id="", method=scope.get("method", "WebSocket"), path=scope["path"])
    scope[STATUS] = answer.status
    headers = ((b"content-type", answer.content_type), (b"cache-control", answer.cache), *answer.headers, *_READABLE)
    await _say(scope, send, answer.status, headers, answer.body)


async def _say(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": b"" if scope.get("method") == "HEAD" else body})


async def _hang_up_when_left(far: FarSide, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    far.hang_up()
