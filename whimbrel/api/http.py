"""The HTTP door of every dialect: an ASGI application that finds the route, signs in, answers, and never raises.

Design note. A framework's router and middlewares cost 11 to 74 us a request (measured), as much as a whole
home timeline; this door costs about 4. So there is one pass over the headers, one function from route to
answer, and one message with the whole body. What it adds to each answer: request id, length, CORS when a script of
another site asks, rate limits, the age of what was served when it is not current, and a disk that is low or full.
"""

import re
import secrets
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from whimbrel.api.answers import Answer, Headers
from whimbrel.api.bearers import Freshness, sign_in
from whimbrel.api.errors import answer_to
from whimbrel.api.request import Receive, Request, Scope
from whimbrel.api.router import Route, Router
from whimbrel.api.streaming_relay import STREAMING, refuse
from whimbrel.api.times import moment
from whimbrel.kernel.errors import NotFound, WhimbrelError
from whimbrel.microblog.front import Microblog
from whimbrel.reliability.disk import Level
from whimbrel.reliability.metrics import ROUTE, STATUS
from whimbrel.reliability.proxies import Network, client_address
from whimbrel.reliability.ratelimit import Allowance, LimitReached, RateLimits

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
_SANE_HEADER_NAMES: Final = re.compile(rb"[A-Za-z0-9, _-]{1,512}")
_OLD_SECONDS: Final = 1.0
_EXPOSED: Final = (
    b"Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, Retry-After, X-Whimbrel-Age, "
    b"X-Whimbrel-Disk"
)
_CORS: Final = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _EXPOSED))
_PREFLIGHT_HEADERS: Final = b"Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_NUMBERS: Final = tuple(b"%d" % number for number in range(2_048))


class Api:
    """The ASGI application. `fallback` (an ASGI application too) takes what lies outside the route table and /api.

    `streams` (another one) takes `/api/v1/streaming` and below, WebSockets included; nothing else may become one.
    `always` are headers of every answer that does not bring its own of that name; `disk` tells how full the disk is;
    `spared` says of an account's name whether rate limits are not for it.
    """

    def __init__(
        self,
        *,
        router: Router,
        microblog: Microblog,
        freshness: Freshness,
        limits: RateLimits | None,
        trusted_proxies: tuple[Network, ...] = (),
        fallback: Any = None,
        streams: Any = None,
        always: Headers = (),
        disk: Callable[[], Level] = lambda: "ok",
        spared: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._router, self._microblog, self._freshness = router, microblog, freshness
        self._always, self._always_names = always, frozenset(name for name, _ in always)
        self._limits, self._trusted, self._fallback = limits, trusted_proxies, fallback
        self._streams, self._disk, self._spared = streams, disk, spared
        self._id_prefix = secrets.token_hex(6).encode() + b"-"
        self._ids = count(1)

    async def end_streams(self) -> None:
        """End what would never end by itself, for a process that is to end; its clients come back elsewhere."""
        if self._streams is not None:
            await self._streams.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Any) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        path = scope["path"]
        if self._streams is not None and path.startswith(STREAMING) and _streams_at(path):
            await self._streams(scope, receive, send)
            return
        if self._fallback is not None and not path.startswith("/api/") and not self._router.knows(path):
            scope[ROUTE] = "page"
            await self._fallback(scope, receive, _noting_status(scope, send))
            return
        request = Request(scope, receive, self._microblog)
        given_id = request.headers.get(b"x-request-id")
        known_id = given_id is not None and _SANE_ID.fullmatch(given_id)
        id_ = given_id if known_id and given_id else self._id_prefix + b"%d" % next(self._ids)
        request.id = id_.decode()
        extra: list[tuple[bytes, bytes]] = [(b"x-request-id", id_)]
        if (level := self._disk()) != "ok":
            extra.append((b"x-whimbrel-disk", level.encode()))
        try:
            answer = await self._answer(request, scope, extra)
        except Exception as error:  # noqa: BLE001 (the last door: answer_to logs what nobody foresaw)
            answer = answer_to(error, request_id=request.id, method=request.method, path=path)
        scope[STATUS] = answer.status
        await self._send(send, request, answer, extra)

    async def _answer(self, request: Request, scope: Scope, extra: list[tuple[bytes, bytes]]) -> Answer:
        if request.method == "OPTIONS":
            return _preflight(self._router.methods(request.path), request)
        try:
            route, request.captured = self._router.find(request.method, request.path)
        except WhimbrelError:
            # A script must be able to read that there is nothing here: clients probe for what a server has.
            if b"origin" in request.headers:
                extra += _CORS
            raise
        scope[ROUTE] = route.path
        if route.cors and b"origin" in request.headers:
            extra += _CORS
        peer = scope.get("client")
        request.client_address = client_address(
            peer[0] if peer else "", request.headers.get(b"x-forwarded-for"), self._trusted
        )
        try:
            await self._admit(request, route, extra)
        except WhimbrelError as error:
            if route.refusal is None:
                raise
            return route.refusal(error)
        answer = await route.handler(request)
        age_seconds = self._freshness.age_seconds()
        if age_seconds >= _OLD_SECONDS:
            extra.append((b"x-whimbrel-age", b"%d" % age_seconds))
        return answer

    async def _admit(self, request: Request, route: Route, extra: list[tuple[bytes, bytes]]) -> None:
        try:
            await sign_in(request, route, self._freshness)
        finally:
            # Also when it failed: guessing tokens must cost as much as using one.
            self._count(request, route, extra)
        await request.read_body()

    def _count(self, request: Request, route: Route, extra: list[tuple[bytes, bytes]]) -> None:
        if self._limits is None or not route.limited:
            return
        if request.account is not None and self._spared(request.account.name):
            return
        try:
            extra += _limit_headers(_allowance(self._limits, request, route))
        except LimitReached as refused:
            extra += _limit_headers(refused.allowance)
            raise

    async def _send(self, send: Any, request: Request, answer: Answer, extra: list[tuple[bytes, bytes]]) -> None:
        body = answer.body
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", answer.cache),
            *self._unless_given(answer.headers),
            *extra,
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})

    def _unless_given(self, own: Headers) -> Headers:
        # A page with a form says itself where the form may lead; nearly every other answer has nothing to say here.
        if not own or self._always_names.isdisjoint([name for name, _ in own]):
            return self._always
        given = {name for name, _ in own}
        return tuple(header for header in self._always if header[0] not in given)

    async def _other(self, scope: Scope, receive: Receive, send: Any) -> None:
        if scope["type"] == "lifespan":
            for done in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
                await receive()
                await send({"type": done})
        elif scope["type"] == "websocket":
            await receive()  # says only that it would like to
            if self._streams is not None and _streams_at(scope["path"]):
                await self._streams(scope, receive, send)
            else:
                await refuse(scope, send, NotFound("There is no WebSocket at this address"))


def _streams_at(path: str) -> bool:
    return path == STREAMING or path.startswith(STREAMING + "/")


def _noting_status(scope: Scope, send: Any) -> Any:
    def noting(message: Any) -> Any:
        if "status" in message:
            scope[STATUS] = message["status"]
        return send(message)

    return noting


def _preflight(methods: tuple[str, ...], request: Request) -> Answer:
    wanted = request.headers.get(b"access-control-request-headers", b"")
    headers: Headers = (
        *_CORS,
        (b"allow", ", ".join(methods).encode()),
        (b"access-control-allow-methods", ", ".join(methods).encode()),
        (b"access-control-allow-headers", wanted if _SANE_HEADER_NAMES.fullmatch(wanted) else _PREFLIGHT_HEADERS),
        (b"access-control-max-age", b"86400"),
    )
    return Answer(204, b"", headers)


def _allowance(limits: RateLimits, request: Request, route: Route) -> Allowance:
    session = request.session
    if session is not None:
        allowance = limits.take_signed(session.id, session.account_id)
    else:
        allowance = limits.take_anonymous(request.client_address)
    if route.budgets:
        key = request.account.id if request.account is not None else request.client_address
        tighter = limits.take(route.budgets, key)
        if tighter is not None and tighter.remaining < allowance.remaining:
            return tighter
    return allowance


def _limit_headers(allowance: Allowance) -> Headers:
    return (
        (b"x-ratelimit-limit", _NUMBERS[allowance.limit]),
        (b"x-ratelimit-remaining", _NUMBERS[max(0, allowance.remaining)]),
        (b"x-ratelimit-reset", moment(allowance.reset_ms).encode()),
    )
