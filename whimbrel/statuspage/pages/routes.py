"""The pages' paths. Each page is made once for each version of what is shown and each language, whoever asks.

A flood of readers costs a look into a dictionary each. When we last looked differs with every answer, so that line is
put in as the answer leaves, and the validator leaves it out: a browser that asks again is told 304, and learns the age
from a header.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import NotFound, Unavailable
from whimbrel.kernel.limits import HISTORY_TOLD_PER_PAGE, PAGE_READS_MAX, PAGES_KEPT_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.incidents import rows
from whimbrel.statuspage.pages import budgets, making
from whimbrel.statuspage.pages.charts import Charts, Figures
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.layout import ICON, POLICY, SCRIPT, STYLE, Layout, Static, reader, tag_of
from whimbrel.statuspage.pages.look import Look, Looking
from whimbrel.statuspage.pages.making import SEEN, Making, Told

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_AN_HOUR: Final = "public, max-age=3600"
_TIME_MAX: Final = 10**15
_QUERY_MAX: Final = 20

_Found = TypeVar("_Found")
Make = Callable[[Request, Words, Look], Awaitable[Making]]


class _Made(NamedTuple):
    """A page: what it was made from, its validator, and its bytes, cut where the line of the last look stands."""

    key: tuple[object, ...]
    tag: str
    pieces: list[bytes]


class Pages:
    """Serves the pages. For the program's one loop. `charts`: rooms that have figures of components."""

    def __init__(self, *, layout: Layout, looking: Looking, book: Book, charts: tuple[Charts, ...] = ()) -> None:
        self._layout, self._looking, self._book, self._charts = layout, looking, book, charts
        self._kept: OrderedDict[tuple[str, str, str], _Made] = OrderedDict()
        self._reads = 0

    def routes(self) -> list[Route]:
        """Every path."""
        return [
            self._page("/", self._front),
            self._page("/history", self._history),
            self._page("/incidents/{id}", self._story),
            self._page("/components/{id}", self._component),
            self._page("/rule", self._rule),
            self._page("/budgets", self._budgets),
            Route("/api/budgets.json", self._budgets_document, methods=["GET"]),
            self._page("/api", self._api),
            *(_file(one, _FOR_EVER) for one in (STYLE, SCRIPT)),
            _file(ICON, _AN_HOUR),
        ]

    def _page(self, path: str, make: Make) -> Route:
        async def serve(request: Request) -> Response:
            return self._answer(request, await self._made(request, make))

        return Route(path, serve, methods=["GET"])

    async def _made(self, request: Request, make: Make) -> _Made:
        words, at = reader(request)
        asked = request.query_params.get("lang", "") == words.language
        name = (request.url.path, f"{words.language} {asked}", request.query_params.get("before", "")[:_QUERY_MAX])
        key = self._looking.key()
        kept = self._kept.get(name)
        if kept is not None and kept.key == key:
            self._kept.move_to_end(name)
            return kept
        found = await make(request, words, await self._looking.look())
        text = self._layout.render(found.template, words, at, **found.values).encode()
        made = self._kept[name] = _Made(key, tag_of(text), text.split(SEEN.encode()))
        while len(self._kept) > PAGES_KEPT_MAX:
            self._kept.popitem(last=False)
        return made

    def _answer(self, request: Request, made: _Made) -> Response:
        words, _ = reader(request)
        headers = {
            "etag": made.tag,
            "cache-control": "no-cache",
            "content-language": words.language,
            "content-security-policy": POLICY,
            "vary": "accept-language",
            "status-age": str(self._looking.age_ms // 1_000),
        }
        if made.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(self._seen(words).join(made.pieces), headers=headers, media_type="text/html")

    def _seen(self, words: Words) -> bytes:
        if not self._looking.seen_ms:
            return words("seen.never").encode()
        return words("seen.ago", age=words.duration(self._looking.age_ms)).encode()

    async def _front(self, _request: Request, words: Words, look: Look) -> Making:
        return making.front(words, look)

    async def _history(self, request: Request, words: Words, look: Look) -> Making:
        before = request.query_params.get("before", "")
        if not before:
            page, older_ms = making.first_page(look)
            return making.history(words, look, page, older_ms=older_ms, first=True)
        if not (before.isdecimal() and before.isascii() and len(before) <= _QUERY_MAX and int(before) < _TIME_MAX):
            raise NotFound("there is no such page of the history")
        found = await self._read(lambda pen: _told_before(pen, int(before)))
        page, older_ms = making.paged(found)
        return making.history(words, look, page, older_ms=older_ms, first=False)

    async def _story(self, request: Request, words: Words, look: Look) -> Making:
        id_ = request.path_params["id"]
        shown: list[Told] = [*look.shown.incidents, *look.shown.maintenances]
        found = next((one for one in shown if one.id == id_), None)
        if found is None:
            found = await self._read(lambda pen: _told(pen, id_))
        return making.story(words, look, found)

    async def _component(self, request: Request, words: Words, look: Look) -> Making:
        id_ = request.path_params["id"]
        component = next((one for one in look.shown.components if one.id == id_), None)
        if component is None:
            raise NotFound(f'there is no part "{id_[:60]}"')
        figures: list[Figures] = []
        for source in self._charts:
            figures += await source.figures(id_, look.now_ms)
        return making.component(words, look, component, figures)

    async def _budgets(self, _request: Request, words: Words, look: Look) -> Making:
        return making.error_budgets(words, look)

    async def _budgets_document(self, _: Request) -> Response:
        document = budgets.document(await self._looking.look())
        return JSONResponse(document, headers={"cache-control": "no-cache", "access-control-allow-origin": "*"})

    async def _rule(self, _request: Request, words: Words, look: Look) -> Making:
        return making.published_rule(words, look)

    async def _api(self, _request: Request, words: Words, look: Look) -> Making:
        return making.api(words, look)

    async def _read(self, query: Callable[[Reading], _Found]) -> _Found:
        """Ask the book for what is not in memory, a few at a time: the rest is told to come again."""
        if self._reads >= PAGE_READS_MAX:
            raise Unavailable("too many ask for old pages at once; the first page always answers")
        self._reads += 1
        try:
            return await self._book.read(query)
        finally:
            self._reads -= 1


def _told(look: Reading, id_: str) -> Told:
    try:
        return rows.incident(look, id_)
    except NotFound:
        return rows.maintenance(look, id_)


def _told_before(look: Reading, before_ms: int) -> list[Told]:
    """What began before, newest first, and one more than a page shows."""
    limit = HISTORY_TOLD_PER_PAGE + 1
    incidents = rows.incidents_before(look, before_ms, limit)
    windows = [one for one in rows.maintenances_before(look, before_ms, limit) if one.status != "scheduled"]
    found: list[Told] = [*incidents, *windows]
    return sorted(found, key=lambda one: -making.began_ms(one))[:limit]


def _file(one: Static, cache: str) -> Route:
    async def serve(_: Request) -> Response:
        return Response(one.body, media_type=one.kind, headers={"cache-control": cache})

    return Route(f"/{one.path}", serve, methods=["GET"])
