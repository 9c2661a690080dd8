"""Every HTTP answer of a stream's socket, as bytes: refusals, health, preflights, and the two ways in.

A stream of server-sent events ends with its connection (no chunks: an event is then the same bytes for everybody and
for every way of reading), so each answer says that the connection will close.
"""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from http import HTTPStatus
from typing import Final

import msgspec

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.streaming.heads import METHODS, Head

_HANDSHAKE: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_ALWAYS: Final = (
    "Access-Control-Allow-Origin: *",
    "Access-Control-Expose-Headers: Retry-After",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: same-origin",
)
_JSON: Final = "application/json; charset=utf-8"

HEALTHY: Final = b"OK"


def whole(status: int, body: bytes, kind: str, more: Iterable[str] = (), *, bodiless: bool = False) -> bytes:
    """A whole answer. `bodiless`: the answer to HEAD, which says the length and leaves the body out."""
    lines = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *_ALWAYS,
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Cache-Control: private, no-store",
        "Connection: close",
        *more,
    )
    return _head(lines) + (b"" if bodiless else body)


def healthy(*, bodiless: bool) -> bytes:
    """The streams work."""
    return whole(200, HEALTHY, "text/plain", bodiless=bodiless)


def refusal(error: WhimbrelError, *, bodiless: bool = False) -> bytes:
    """Why not."""
    more = [f"Retry-After: {error.retry_after_seconds}"] if error.retry_after_seconds is not None else []
    if error.status == 401:
        more.append('WWW-Authenticate: Bearer realm="streaming"')
    if error.status == 405:
        more.append(f"Allow: {', '.join(METHODS)}")
    return whole(error.status, msgspec.json.encode({"error": error.public}), _JSON, more, bodiless=bodiless)


def preflight(head: Head) -> bytes:
    """What a script of another site may do: all that is here."""
    wanted = head.headers.get("access-control-request-headers") or "Authorization, Last-Event-ID, Cache-Control"
    methods = ", ".join(METHODS)
    lines = (
        "HTTP/1.1 204 No Content",
        *_ALWAYS,
        f"Allow: {methods}",
        f"Access-Control-Allow-Methods: {methods}",
        f"Access-Control-Allow-Headers: {wanted}",
        "Access-Control-Max-Age: 86400",
        "Connection: close",
    )
    return _head(lines)


def event_source(*, bodiless: bool = False) -> bytes:
    """The head of a stream of server-sent events, and a first comment, so that everybody on the way lets it through.

    `bodiless`: the answer to HEAD, which has the head alone.
    """
    lines = (
        "HTTP/1.1 200 OK",
        *_ALWAYS,
        "Content-Type: text/event-stream",
        "Cache-Control: private, no-store",
        "X-Accel-Buffering: no",
        "Connection: close",
    )
    return _head(lines) + (b"" if bodiless else b":)\n")


def switching(key: str, protocol: str | None) -> bytes:
    """The answer that makes a connection a WebSocket. `protocol` is what the client offered, said back to it."""
    accept = b64encode(sha1(key.encode("latin-1") + _HANDSHAKE).digest()).decode()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        *_ALWAYS,
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *([f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []),
    )
    return _head(lines)


def _head(lines: Iterable[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
