"""What is served as it stands: the style sheet, the drawings, the rules for robots. Read once at the start."""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.web.rendering import FILE_CACHE, cached

_TYPES: Final = {"css": "text/css", "svg": "image/svg+xml"}
_STATIC: Final = ("whimbrel.css", "avatar.svg", "header.svg")
_ROBOTS: Final = b"User-agent: *\nDisallow: /api/\nDisallow: /oauth/\nDisallow: /auth/\n"


def file_routes() -> list[Route]:
    """One route a file, so that no path of a request is ever joined to a folder."""
    return [
        *(_route(f"/static/{name}", _read(name), _TYPES[name.rpartition(".")[2]]) for name in _STATIC),
        _route("/favicon.svg", _read("favicon.svg"), _TYPES["svg"]),
        _route("/robots.txt", _ROBOTS, "text/plain"),
    ]


def _read(name: str) -> bytes:
    return files("whimbrel.web").joinpath("static", name).read_bytes()


def _route(path: str, body: bytes, media_type: str) -> Route:
    async def serve(request: Request) -> Response:
        return cached(request, body, media_type=media_type, cache=FILE_CACHE)

    return Route(path, serve)
