"""Where the badges are: `/badge.svg`, and `/components/ID/badge.svg`. Other sites have them on every page of theirs.

Promises: a badge is drawn once for each change and language, so a flood of readers costs a look into a dictionary each;
what keeps a copy of it on the way may do so for BADGE_KEPT_SECONDS.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.limits import BADGE_KEPT_SECONDS, PAGES_KEPT_MAX
from whimbrel.statuspage.pages import badge
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.layout import reader, tag_of
from whimbrel.statuspage.pages.look import Looking

_HEADERS: Final = {
    "cache-control": f"public, max-age={BADGE_KEPT_SECONDS}",
    "vary": "accept-language",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}


class _Drawn(NamedTuple):
    """A badge: what it was drawn from, its validator, its bytes."""

    key: tuple[object, ...]
    tag: str
    body: bytes


class Badges:
    """Serves them. For the program's one loop."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._kept: OrderedDict[tuple[str, str], _Drawn] = OrderedDict()

    def routes(self) -> list[Route]:
        """Both paths."""
        return [
            Route(f"/{badge.PATH}", self._answer, methods=["GET"]),
            Route(f"/{badge.path_of('{id}')}", self._answer, methods=["GET"]),
        ]

    async def _answer(self, request: Request) -> Response:
        words, _ = reader(request)
        drawn = await self._drawn(words, request.path_params.get("id", ""))
        headers = {**_HEADERS, "etag": drawn.tag, "content-language": words.language}
        if drawn.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(drawn.body, media_type="image/svg+xml", headers=headers)

    async def _drawn(self, words: Words, component: str) -> _Drawn:
        key, name = self._looking.change(), (component, words.language)
        kept = self._kept.get(name)
        if kept is not None and kept.key == key:
            return kept
        body = (await self._made(words, component)).encode()
        found = self._kept[name] = _Drawn(key, tag_of(body), body)
        while len(self._kept) > PAGES_KEPT_MAX:
            self._kept.popitem(last=False)
        return found

    async def _made(self, words: Words, component: str) -> str:
        look = await self._looking.look()
        if not component:
            return badge.drawn(words, badge.of_all(words, look))
        part = next((one for one in look.shown.components if one.id == component), None)
        if part is None:
            raise NotFound(f'there is no part "{component[:60]}"')
        return badge.drawn(words, badge.of_part(words, look, part))
