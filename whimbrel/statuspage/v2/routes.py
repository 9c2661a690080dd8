"""The paths of Statuspage's dialect. Every answer is encoded once for each version of what is shown, with an ETag;
a feed once for each language besides.

A poller costs a comparison of two strings; a flood of them never touches the book.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.statuspage.pages.language import DEFAULT, chosen
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.v2 import feeds, shapes
from whimbrel.statuspage.v2.feeds import Told
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.v2.voice import Voice

_JSON: Final = "application/json; charset=utf-8"
_encode = msgspec.json.encode

Make = Callable[[Shown], bytes]
Speak = Callable[[Shown, Voice], bytes]

FEEDS: Final[Mapping[str, tuple[str, Speak]]] = {
    "history.atom": (
        "application/atom+xml; charset=utf-8",
        lambda shown, voice: feeds.atom(shown, told(shown), voice).encode(),
    ),
    "history.rss": (
        "application/rss+xml; charset=utf-8",
        lambda shown, voice: feeds.rss(shown, told(shown), voice).encode(),
    ),
    "history.json": (
        "application/feed+json; charset=utf-8",
        lambda shown, voice: _encode(feeds.json_feed(shown, told(shown), voice)),
    ),
}
"""What has a language: by `?lang=`, as the pages; without one English, whatever a reader's program says it accepts."""


def documents() -> dict[str, tuple[str, Make]]:
    """Every document of the dialect: its path without the first slash, its content type, how it is made; in English."""
    return {
        "api/v2/summary.json": (_JSON, _as_json(shapes.summary)),
        "api/v2/status.json": (_JSON, _as_json(shapes.status)),
        "api/v2/components.json": (_JSON, _as_json(shapes.components)),
        "api/v2/incidents.json": (_JSON, _as_json(lambda shown: shapes.incidents(shown, shown.incidents))),
        "api/v2/incidents/unresolved.json": (
            _JSON,
            _as_json(lambda shown: shapes.incidents(shown, shapes.unresolved(shown.incidents))),
        ),
        "api/v2/scheduled-maintenances.json": (_JSON, _windows("scheduled", "in_progress", "verifying", "completed")),
        "api/v2/scheduled-maintenances/upcoming.json": (_JSON, _windows("scheduled")),
        "api/v2/scheduled-maintenances/active.json": (_JSON, _windows("in_progress", "verifying")),
        **{path: (kind, spoken(speak, DEFAULT)) for path, (kind, speak) in FEEDS.items()},
    }


def spoken(speak: Speak, language: str) -> Make:
    """A feed in one language of LANGUAGES."""
    return lambda shown: speak(shown, Voice(language, shown))


def told(shown: Shown) -> Sequence[Told]:
    """Incidents and windows as one story, newest first."""
    return sorted((*shown.incidents, *shown.maintenances), key=lambda one: -one.created_ms)


def v2_routes(showing: Showing) -> list[Route]:
    """The paths, over what is shown."""
    shapes_only = {path: found for path, found in documents().items() if path not in FEEDS}
    return [
        *(Route(f"/{path}", _Document(showing, *found).answer, methods=["GET"]) for path, found in shapes_only.items()),
        *(Route(f"/{path}", _Feed(showing, *found).answer, methods=["GET"]) for path, found in FEEDS.items()),
    ]


class _Document:
    """One document, made again when what is shown has changed."""

    def __init__(self, showing: Showing, kind: str, make: Make) -> None:
        self._showing, self._kind, self._make = showing, kind, make
        self._version, self._body, self._tag = -1, b"", ""

    async def answer(self, request: Request) -> Response:
        """The document, or 304 for one that the client has."""
        if self._version != self._showing.version:
            self._version, self._body = self._showing.version, self._make(self._showing.shown)
            self._tag = f'"{blake2b(self._body, digest_size=8).hexdigest()}"'
        headers = {"ETag": self._tag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
        if self._tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(self._body, media_type=self._kind, headers=headers)


class _Feed:
    """One feed: a document for each language that was asked for."""

    def __init__(self, showing: Showing, kind: str, speak: Speak) -> None:
        self._showing, self._kind, self._speak = showing, kind, speak
        self._documents: dict[str, _Document] = {}

    async def answer(self, request: Request) -> Response:
        """The document of this language."""
        language = chosen(request.query_params.get("lang", ""), "")
        if language not in self._documents:
            make = spoken(self._speak, language)
            self._documents[language] = _Document(self._showing, self._kind, make)
        return await self._documents[language].answer(request)


def _as_json(shape: Callable[[Shown], dict[str, Any]]) -> Make:
    return lambda shown: _encode(shape(shown))


def _windows(*statuses: str) -> Make:
    def make(shown: Shown) -> bytes:
        return _encode(shapes.maintenances(shown, [one for one in shown.maintenances if one.status in statuses]))

    return make
