"""Templates to answers: one place that knows how a page is filled, guarded and cached.

Pages are for anonymous viewers and say the same to everybody, so any cache may keep them, for ten seconds: long
enough to survive a link that spreads, short enough that what is deleted is soon gone from caches too.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from whimbrel import __version__
from whimbrel.microblog.options import Options

PAGE_CACHE: Final = "public, max-age=10"
FILE_CACHE: Final = "public, max-age=3600"
NO_CACHE: Final = "no-store"
SUMMARY_CHARACTERS_MAX: Final = 200

MONTHS: Final = ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
"""Ours and not the locale's: a page says the same on every machine."""

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(msgspec.Struct, frozen=True):
    """What every page says about the server itself."""

    title: str
    description: str
    host: str
    public_url: str
    contact_email: str
    registrations: str
    characters_max: int
    status_url: str | None = None
    version: str = __version__


def server_of(options: Options) -> Server:
    """What pages say of a server with these options."""
    return Server(
        options.title,
        options.description,
        urlsplit(options.public_url).netloc,
        options.public_url,
        options.contact_email,
        options.registrations,
        options.post_characters_max,
        options.status_url,
    )


class Pages:
    """Fills templates. Values are escaped unless a room composed them as HTML (`html` in the templates)."""

    def __init__(self, server: Server) -> None:
        self._environment = Environment(
            loader=PackageLoader("whimbrel.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["server"] = server
        self._environment.filters |= {
            "html": self._environment.filters["safe"],
            "number": "{:,}".format,
            "day": _day,
            "clock": _clock,
            "moment": _moment,
            "machine_time": _machine_time,
            "summary": summary,
        }

    def page(self, request: Request, template: str, **values: Any) -> Response:
        """The page, or 304 when the browser already has these very bytes."""
        return cached(request, self._render(template, values), media_type="text/html", cache=PAGE_CACHE)

    def problem(self, template: str, *, status: int, headers: dict[str, str] | None = None, **values: Any) -> Response:
        """A page that says what went wrong; no cache keeps it."""
        given = {"cache-control": NO_CACHE, "content-security-policy": _POLICY} | (headers or {})
        return Response(self._render(template, values), status_code=status, headers=given, media_type="text/html")

    def _render(self, template: str, values: dict[str, Any]) -> bytes:
        return self._environment.get_template(template).render(values).encode()


def cached(request: Request, body: bytes, *, media_type: str, cache: str) -> Response:
    """`body` with its validator, or 304 when the request names it."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": cache, "content-security-policy": _POLICY}
    known = {given.strip().removeprefix("W/") for given in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def summary(text: str) -> str:
    """The beginning of a text in one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= SUMMARY_CHARACTERS_MAX:
        return line
    return line[:SUMMARY_CHARACTERS_MAX].rsplit(" ", 1)[0] + "…"


def _time(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def _day(time_ms: int) -> str:
    time = _time(time_ms)
    return f"{time.day} {MONTHS[time.month - 1]} {time.year}"


def _clock(time_ms: int) -> str:
    return f"{_time(time_ms):%H:%M} UTC"


def _moment(time_ms: int) -> str:
    return f"{_day(time_ms)}, {_clock(time_ms)}"


def _machine_time(time_ms: int) -> str:
    return _time(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
