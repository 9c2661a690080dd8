"""The paths for readers: the page of a write-up, its picture, its words as written. Each raises NotFound before there
is one; the program makes a page of that."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.statuspage.pages.layout import Layout
from whimbrel.statuspage.writeup.front import Writeups

PACKAGE: Final = "whimbrel.statuspage.writeup"
"""Where the layout finds this room's templates."""

_CACHED: Final = {"cache-control": "no-cache"}


def writeup_routes(writeups: Writeups, layout: Layout) -> list[Route]:
    """The paths. `layout` knows PACKAGE."""
    readers = _Readers(writeups, layout)
    return [
        Route("/incidents/{incident}/writeup", readers.page, methods=["GET"]),
        Route("/incidents/{incident}/writeup.png", readers.picture, methods=["GET"]),
        Route("/incidents/{incident}/writeup.md", readers.words, methods=["GET"]),
    ]


class _Readers:
    def __init__(self, writeups: Writeups, layout: Layout) -> None:
        self._writeups, self._layout = writeups, layout

    async def page(self, request: Request) -> Response:
        """The write-up as a page."""
        shown = await self._writeups.shown(request.path_params["incident"])
        return self._layout.page(request, "writeup.html", {"shown": shown})

    async def picture(self, request: Request) -> Response:
        """Its picture."""
        found = await self._writeups.picture(request.path_params["incident"])
        return Response(found, media_type="image/png", headers=_CACHED)

    async def words(self, request: Request) -> Response:
        """The Markdown as people wrote it."""
        shown = await self._writeups.shown(request.path_params["incident"])
        return Response(shown.version.body, media_type="text/markdown", headers=_CACHED)
