"""The headers that keep a browser from being used against its owner, on every answer of the server.

One small ASGI middleware around everything. An answer that brings a header of its own (a page with a form names where
it may lead) keeps it: these are what holds where nobody said otherwise, and they are the strictest.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_HTTPS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")


def security_headers(*, secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers themselves, for who builds its answers whole. `secure`: see SecurityHeaders."""
    return (*_ALWAYS, _HTTPS_ONLY) if secure else _ALWAYS


class SecurityHeaders:
    """Wraps an ASGI application. `secure`: people reach it by https, so that browsers may insist on it."""

    def __init__(self, app: Application, *, secure: bool) -> None:
        self._app = app
        self._headers = security_headers(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [header for header in self._headers if header[0] not in names]
            await send(message)

        await self._app(scope, receive, guarded)
