"""Everything about services to read: pages, JSON, CSV, and the look-alike API."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from itertools import pairwise

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.kernel.limits import (
    CSV_DAYS_MAX,
    DOWNLOADS_AT_ONCE_MAX,
    PAGE_ANEW_SECONDS,
    PAGES_KEPT_BYTES_MAX,
    QUERY_BYTES_MAX,
    SERVICES_MAX,
)
from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.layout import Layout, reader
from whimbrel.statuspage.reports import csvs, look_alike, service_view, shapes
from whimbrel.statuspage.reports.answers import answering, json_answer
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.moments import moment
from whimbrel.statuspage.reports.public import INTERVALS, WIDTHS, Overview, Public, counted_rows
from whimbrel.statuspage.reports.words import texts_of
from whimbrel.statuspage.values import Service

_DAY_MINUTES = 1_440


def public_routes(reports: Reports, layout: Layout) -> list[BaseRoute]:
    """The paths. `layout` must know the templates of this package."""
    window = _Window(reports, layout)
    json = {
        "/api/services": window.services,
        "/api/services/{id}": window.service,
        "/api/services/{id}/bins": window.bins,
        "/api/services/{id}/bins.csv": window.bins_csv,
        "/api/services/{id}/minutes.csv": window.minutes_csv,
        "/api/crowd/companies": window.companies,
        "/api/crowd/companies/{id}": window.company,
        "/api/crowd/companies/{id}/status": window.company_status,
        "/api/crowd/companies/{id}/baseline/current": window.company_baseline,
        "/api/crowd/companies/{id}/last_15": window.company_last_15,
        "/api/crowd/companies/{id}/indicators": window.company_indicators,
        "/api/crowd/companies/{id}/incidents": window.company_incidents,
        "/api/crowd/companies/{id}/events": window.company_events,
        "/api/crowd/reports": window.crowd_reports,
    }
    return [
        *(Route(path, answering(answer), methods=["GET"]) for path, answer in json.items()),
        Route("/services", window.services_page, methods=["GET"]),
        Route("/services/{id}", window.service_page, methods=["GET"]),
    ]


class _Window:
    """Where people look in."""

    def __init__(self, reports: Reports, layout: Layout) -> None:
        self._reports, self._layout = reports, layout
        self._public, self._downloading = Public(reports), 0
        self._pages: OrderedDict[tuple[object, ...], tuple[tuple[object, ...], Response]] = OrderedDict()

    async def services(self, _: Request) -> Response:
        """Every service as it stands."""
        return json_answer({"services": [shapes.service(self._reports.said(one)) for one in self._all()]})

    async def service(self, request: Request) -> Response:
        """One service with its counts."""
        return json_answer(shapes.overview(self._reports, await self._found(request)))

    async def bins(self, request: Request) -> Response:
        """Counts only."""
        found = await self._found(request)
        return json_answer({"bins": [shapes.bin_(self._reports, one) for one in found.bins]})

    async def bins_csv(self, request: Request) -> Response:
        """Counts in quarters of an hour by kind and place. Raises Unavailable when many download already."""
        self._let_in()
        said = self._reports.said(self._named(request))
        days = _number(request, "days", 1, max(WIDTHS))
        start, until = said.minute - days * _DAY_MINUTES, said.minute + 1
        edges = [start, *range((start // _DAY_MINUTES + 1) * _DAY_MINUTES, until, _DAY_MINUTES), until]
        first = f"{csvs.BINS}\n{await self._bins_between(said.number, *edges[:2])}"
        return _csv(self._downloaded(said.number, first, edges[1:]), f"{said.service.id}-reports.csv")

    async def minutes_csv(self, request: Request) -> Response:
        """Readings of minutes, from which the verdict is recomputed. Raises Unavailable."""
        self._let_in()
        said = self._reports.said(self._named(request))
        days = _number(request, "days", 1, CSV_DAYS_MAX)
        start, until = said.minute - days * _DAY_MINUTES, said.minute

        def lines(look: Reading) -> str:
            return "\n".join(csvs.readings(look, said.number, start, until, moment))

        text = await self._alone(lines)
        return _csv(_at_once(f"{text}\n"), f"{said.service.id}-minutes.csv")

    async def _downloaded(self, number: int, first: str, edges: list[int]) -> AsyncIterator[str]:
        """A day at a time: 90 days of a large service are 20 MB, and half a million lines."""
        yield first
        for start, until in pairwise(edges):
            yield await self._bins_between(number, start, until)

    async def _bins_between(self, number: int, start: int, until: int) -> str:
        def lines(look: Reading) -> str:
            found = csvs.bins(counted_rows(look, number, start, until), self._reports.slug, moment)
            return "".join(f"{line}\n" for line in found)

        return await self._alone(lines)

    def _let_in(self) -> None:
        if self._downloading >= DOWNLOADS_AT_ONCE_MAX:
            raise Unavailable("Too many download at once. Please try again in a moment.")

    async def _alone(self, lines: Callable[[Reading], str]) -> str:
        """A piece of a file, one at a time. Who reads slowly waits for nothing here, and keeps nobody out."""
        self._downloading += 1
        try:
            async with self._public.alone:
                return await self._reports.book.read(lines)
        finally:
            self._downloading -= 1

    async def companies(self, request: Request) -> Response:
        """Companies whose names contain `name`."""
        wanted = request.query_params.get("name", "").casefold()
        found = [one for one in self._all() if wanted in one.name.casefold()]
        return json_answer(
            [
                look_alike.status(self._reports.said(one)) | {"name": one.name, "url": one.url}
                for one in found[:SERVICES_MAX]
            ]
        )

    async def company(self, request: Request) -> Response:
        """One company."""
        return json_answer(look_alike.company(await self._found(request)))

    async def company_status(self, request: Request) -> Response:
        """Its state; with `threshold`, danger above a count."""
        threshold = _number(request, "threshold", 0, 10**9) if "threshold" in request.query_params else None
        return json_answer(look_alike.status(await self._reports.looked_at(self._named(request)), threshold))

    async def company_baseline(self, request: Request) -> Response:
        """What is usual now, in 15 minutes."""
        return json_answer({"baseline": look_alike.baseline_now(await self._reports.looked_at(self._named(request)))})

    async def company_last_15(self, request: Request) -> Response:
        """What counted in the last 15 minutes."""
        return json_answer({"last15": look_alike.last_15(await self._reports.looked_at(self._named(request)))})

    async def company_indicators(self, request: Request) -> Response:
        """Kinds with their shares."""
        return json_answer(look_alike.indicators(await self._found(request)))

    async def company_incidents(self, request: Request) -> Response:
        """Surges as incidents."""
        only_active = request.query_params.get("onlyActive", "").casefold() in ("1", "true")
        return json_answer(look_alike.incidents(await self._found(request), only_active=only_active))

    async def company_events(self, request: Request) -> Response:
        """Windows with what was expected and what came."""
        return json_answer(look_alike.events(await self._found(request)))

    async def crowd_reports(self, request: Request) -> Response:
        """Counts of several companies over time: `slugs`, `interval`, `days`."""
        interval = request.query_params.get("interval", "15m")
        if interval not in INTERVALS:
            raise Invalid(f"interval: expected one of {', '.join(INTERVALS)}")
        slugs = [one for one in request.query_params.get("slugs", "")[:QUERY_BYTES_MAX].split(",") if one][:20]
        days = _number(request, "days", 1, max(WIDTHS))
        parts = []
        for slug in slugs:  # one at a time: twenty looks of 90 days in quarters of an hour would be 80 MB at once
            found = await self._public.overview(self._reports.catalogue.service(slug), days, INTERVALS[interval])
            parts.append(msgspec.json.encode(look_alike.report_points(found))[1:-1])
        return json_answer(msgspec.Raw(b"[" + b",".join(parts) + b"]"))

    async def services_page(self, request: Request) -> Response:
        """Every service, those in trouble first."""
        order = {"strong": 0, "moderate": 1, "weak": 2, "none": 3}
        said = sorted((self._reports.said(one) for one in self._all()), key=lambda one: order[one.state])
        texts, now_ms = _texts(request), self._reports.clock()
        values = {"texts": texts, "services": [service_view.standing(texts, one, now_ms) for one in said]}
        return self._layout.page(request, "services.html", values)

    async def service_page(self, request: Request) -> Response:
        """One service: chart, kinds, places, map, notes, and the evidence; made once for all who look."""
        found, (words, at) = await self._found(request), reader(request)
        said, now_ms = found.said, self._reports.clock()
        name = (said.service.id, found.days, words.language, at.page(""))
        true = (said.minute, self._reports.decisions, said.state, said.page, now_ms // (1_000 * PAGE_ANEW_SECONDS))
        kept = self._pages.get(name)
        if kept is None or kept[0] != true:
            kept = self._pages[name] = (true, self._service_page(request, found))
        self._pages.move_to_end(name)
        bytes_kept = sum(len(page.body) for _, page in self._pages.values())
        while bytes_kept > PAGES_KEPT_BYTES_MAX and len(self._pages) > 1:
            bytes_kept -= len(self._pages.popitem(last=False)[1][1].body)
        return kept[1]

    def _service_page(self, request: Request, found: Overview) -> Response:
        texts = _texts(request)
        names = {one.id: one.name for one in self._all()}
        values = {"texts": texts, "svg": svg} | service_view.shown(texts, found, names, self._reports.clock())
        return self._layout.page(request, "service.html", values)

    async def _found(self, request: Request) -> Overview:
        days = _number(request, "days", 1, max(WIDTHS))
        return await self._public.overview(self._named(request), days)

    def _named(self, request: Request) -> Service:
        return self._reports.catalogue.service(request.path_params["id"][:100])

    def _all(self) -> list[Service]:
        return sorted(self._reports.catalogue.services.values(), key=lambda one: (not one.own, one.name.casefold()))


def _texts(request: Request) -> Words:
    words, _ = reader(request)
    return texts_of(words.language)


def _number(request: Request, name: str, default: int, greatest: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= greatest):
        raise Invalid(f"{name}: expected a number up to {greatest}")
    return int(text)


async def _at_once(text: str) -> AsyncIterator[str]:
    yield text


def _csv(pieces: AsyncIterator[str], name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "no-cache",
    }
    return StreamingResponse(pieces, headers=headers, media_type="text/csv; charset=utf-8")
