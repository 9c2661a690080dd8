"""Asking other servers over HTTP: `fetch(request) -> Answer`, which raises FetchFailed with words that fit a page.

Promises: one total deadline over everything, redirects included; a deadline for connecting; bounds for the head, the
body and the redirects; nothing is kept open. Used for probes, for other services' status pages and for webhooks, so
the default is the careful one: public addresses only (`reach`), no redirects. Standard library, because the program
has 60 MB and its few requests a second need no pool, no HTTP/2 and no cookies.
Not here: what an answer means. `Answer.expect` and `Answer.json` are the two questions that everybody asks.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

import msgspec

from whimbrel.kernel.limits import (
    FETCH_BODY_BYTES_MAX,
    FETCH_CONNECT_SECONDS,
    FETCH_TOTAL_SECONDS,
)
from whimbrel.statuspage.watching.reaching import (
    FetchFailed,
    Place,
    Reach,
    Unanswered,
    connect,
    place_of,
    trusting,
)
from whimbrel.statuspage.watching.wire import Head, pieces, read_head

__all__ = ["Answer", "FetchFailed", "Request", "Stream", "Unanswered", "fetch", "listen"]

AGENT: Final = "Whimbrel-Status"
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_KEEPS_ITS_METHOD: Final = (307, 308)
_SECRETS: Final = ("authorization", "cookie")
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_TEXT: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class Request(NamedTuple):
    """One question. Header names in lower case; `body` goes as it is, with the content type among the headers.

    `redirects_max` 0 gives a redirect back as the answer; above that they are followed, credentials to the same origin
    only, never from https to http. `ca_file`: certificate authorities of its own instead of the system's.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    total_seconds: float = FETCH_TOTAL_SECONDS
    connect_seconds: float = FETCH_CONNECT_SECONDS
    body_bytes_max: int = FETCH_BODY_BYTES_MAX
    redirects_max: int = 0
    reach: Reach = "public"
    ca_file: str = ""


class Answer(NamedTuple):
    """What came back, whole. `url` is the one that answered, `seconds` the time until the last byte."""

    status: int
    head: Head
    body: bytes
    url: str
    seconds: float

    def header(self, name: str) -> str | None:
        """The first header field of this name, in lower case."""
        return self.head.first(name)

    @property
    def text(self) -> str:
        """The body as UTF-8, with what is not replaced."""
        return self.body.decode("utf-8", "replace")

    def expect(self, *statuses: int) -> "Answer":
        """Itself when its status is one of these (any 2xx when none is given). Raises FetchFailed."""
        if self.status in statuses or (not statuses and 200 <= self.status < 300):
            return self
        raise FetchFailed(f"answered {self.status}", log=f"{self.url}: {self.status} {self.text[:200]}")

    def json(self) -> Any:
        """The body as JSON. Raises FetchFailed when it is not, or is nested beyond reason."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise FetchFailed("the answer is not JSON", log=f"{self.url}: {error}") from error


class Stream(NamedTuple):
    """An answer whose body is read while it comes."""

    head: Head
    pieces: AsyncIterator[bytes]


async def fetch(request: Request) -> Answer:
    """Ask, and read the answer whole. Raises FetchFailed; its deadline is `request.total_seconds`."""
    began = time.monotonic()
    doing = _Doing("connecting")
    try:
        async with asyncio.timeout(request.total_seconds):
            head, body, url = await _followed(request, doing)
    except TimeoutError:
        raise Unanswered(f"timed out after {request.total_seconds:g} s while {doing.what}") from None
    return Answer(head.status, head, body, url, time.monotonic() - began)


@asynccontextmanager
async def listen(request: Request) -> AsyncIterator[Stream]:
    """Ask, and hand out the body as it comes, for as long as the block runs. No redirects, no bound on the whole.

    `request.total_seconds` is the deadline of the answer's head; while reading, the deadline is the caller's. Raises
    FetchFailed, which is Unanswered where nothing came in time.
    """
    doing = _Doing("connecting")
    writer: asyncio.StreamWriter | None = None
    try:
        try:
            async with asyncio.timeout(request.total_seconds):
                reader, writer = await _sent(request, doing)
                head = await read_head(reader)
        except TimeoutError:
            raise Unanswered(f"timed out after {request.total_seconds:g} s while {doing.what}") from None
        yield Stream(head, pieces(reader, head))
    finally:
        if writer is not None:
            writer.transport.abort()


class _Doing:
    """How far a request has come, for the words of its failure."""

    def __init__(self, what: str) -> None:
        self.what = what


async def _followed(request: Request, doing: _Doing) -> tuple[Head, bytes, str]:
    for left in range(request.redirects_max, -1, -1):
        head, body = await _once(request, doing)
        to = head.first("location")
        if not request.redirects_max or head.status not in _REDIRECTS or to is None:
            return head, body, request.url
        if left:
            request = _redirected(request, head.status, to)
    raise FetchFailed(f"redirected more than {request.redirects_max} times")


async def _once(request: Request, doing: _Doing) -> tuple[Head, bytes]:
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await _sent(request, doing)
        head = await read_head(reader)
        doing.what = "reading"
        body = bytearray()
        async for piece in pieces(reader, head, bodiless=request.method == "HEAD"):
            body += piece
            if len(body) > request.body_bytes_max:
                raise FetchFailed(f"sent more than {_size(request.body_bytes_max)}")
        return head, bytes(body)
    finally:
        if writer is not None:
            writer.transport.abort()


async def _sent(request: Request, doing: _Doing) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = place_of(request.url)
    tls = trusting(request.ca_file) if place.scheme == "https" else None
    doing.what = "connecting"
    try:
        async with asyncio.timeout(request.connect_seconds):
            reader, writer = await connect(place.host, place.port, reach=request.reach, tls=tls)
    except TimeoutError:
        raise Unanswered(f"timed out after {request.connect_seconds:g} s while connecting") from None
    doing.what = "waiting for an answer"
    try:
        writer.write(_written(request, place))
        await writer.drain()
    except OSError as error:
        writer.transport.abort()
        raise FetchFailed("the connection was broken off", log=str(error)) from error
    except BaseException:
        writer.transport.abort()
        raise
    return reader, writer


def _written(request: Request, place: Place) -> bytes:
    fields = {"host": place.authority, "user-agent": AGENT, "accept": "*/*", "accept-encoding": "identity"}
    fields |= request.headers
    fields["connection"] = "close"
    if request.body or request.method not in ("GET", "HEAD"):
        fields["content-length"] = str(len(request.body))
    if not _TOKEN.fullmatch(request.method) or not _are_plain(fields.items()):
        raise FetchFailed("a header field of the request is malformed")
    lines = [f"{request.method} {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + request.body


def _are_plain(fields: Sequence[tuple[str, str]] | Any) -> bool:
    return all(_TOKEN.fullmatch(name) and _TEXT.fullmatch(value) for name, value in fields)


def _redirected(request: Request, status: int, to: str) -> Request:
    url = urljoin(request.url, to)
    before, after = place_of(request.url), place_of(url)
    if before.scheme == "https" and after.scheme == "http":
        raise FetchFailed("redirected from https to http")
    headers = dict(request.headers)
    if before.origin != after.origin:
        headers = {name: value for name, value in headers.items() if name not in _SECRETS}
    if status in _KEEPS_ITS_METHOD or request.method in ("GET", "HEAD"):
        return request._replace(url=url, headers=headers)
    headers.pop("content-type", None)
    return request._replace(url=url, headers=headers, method="GET", body=b"")


def _size(size: int) -> str:
    return f"{size / 1_000_000:g} MB" if size >= 1_000_000 else f"{size / 1_000:g} kB"
