"""System metrics as Statuspage's pages have them: `/metrics-display/ID/day.json`, `week.json`, `month.json`.

Undocumented there and read by many: 288 points of five minutes, 336 of half an hour, 336 of two hours; a point that was
not measured is not there. Ours are `COMPONENT-latency` (milliseconds: median, 95th and 99th percentile), `-errors`
(percent of requests), `-lag` (seconds) and `reports` (outage reports); `/metrics-display.json` lists them. A summary is
of the first metric. Each document is made at most once a minute, whoever asks.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.limits import METRICS_KEPT_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.v2.shapes import time
from whimbrel.statuspage.values import Component
from whimbrel.statuspage.watching.measured import DAY, MONTH, WEEK, Bin, Width, bins, percentile

PERIODS: Final[Mapping[str, Width]] = {"day": DAY, "week": WEEK, "month": MONTH}
REPORTS: Final = "reports"
_HEADERS: Final = {"cache-control": "no-cache", "access-control-allow-origin": "*"}

Value = Callable[[Bin], float | None]
Points = Sequence[tuple[int, float | None]]
"""Begins of bins in minutes from 1970, with what was measured."""
ReportsIn = Callable[[Reading, int, int], Sequence[tuple[int, int]] | None]
"""Reports minute by minute (milliseconds, count) from one moment until another; minutes that were not measured are
left out; None when nothing is known."""


def _within(share: float) -> Value:
    def value(one: Bin) -> float | None:
        seconds = percentile(one.within, share)
        return None if seconds is None else 1_000 * seconds

    return value


KINDS: Final[Mapping[str, Sequence[tuple[str, Value]]]] = {
    "latency": (
        ("Response time, median (ms)", _within(0.5)),
        ("Response time, 95th percentile (ms)", _within(0.95)),
        ("Response time, 99th percentile (ms)", _within(0.99)),
    ),
    "errors": (("Failed requests (%)", lambda one: 100 * one.bad / one.total if one.total else None),),
    "lag": (("Oldest view (s)", lambda one: one.lag_seconds),),
}
"""What there is of a component: names and how each is read of a bin."""


class _Line(NamedTuple):
    """One metric of a display."""

    id: str
    name: str
    points: Points


class Metrics:
    """The documents. For the program's one loop. `reports`: of the watched service, from who counts them."""

    def __init__(self, *, book: Book, showing: Showing, clock: Clock, reports: ReportsIn) -> None:
        self._book, self._showing, self._clock, self._reports = book, showing, clock, reports
        self._kept: OrderedDict[tuple[str, str], tuple[int, dict[str, Any]]] = OrderedDict()

    def routes(self) -> list[Route]:
        """The paths."""
        return [
            Route("/metrics-display.json", self._list, methods=["GET"]),
            Route("/metrics-display/{id}/{period}.json", self._display, methods=["GET"]),
        ]

    async def _list(self, _: Request) -> Response:
        url = self._showing.shown.page.url.rstrip("/")
        displays = [
            {"id": id_, "name": name} | {period: f"{url}/metrics-display/{id_}/{period}.json" for period in PERIODS}
            for id_, name in self._names()
        ]
        return JSONResponse({"metrics_displays": displays}, headers=_HEADERS)

    def _names(self) -> list[tuple[str, str]]:
        of_components = [
            (f"{one.id}-{kind}", f"{one.name}: {lines[0][0]}")
            for one in self._showing.shown.components
            for kind, lines in KINDS.items()
        ]
        return [*of_components, (REPORTS, "Outage reports")]

    async def _display(self, request: Request) -> Response:
        id_, period = request.path_params["id"], request.path_params["period"]
        if period not in PERIODS or id_ not in dict(self._names()):
            raise NotFound("there is no such metric here; /metrics-display.json lists them")
        minute = self._clock() // 60_000
        kept = self._kept.get((id_, period))
        if kept is None or kept[0] != minute:
            kept = self._kept[id_, period] = (minute, await self._made(id_, period, minute))
        self._kept.move_to_end((id_, period))
        while len(self._kept) > METRICS_KEPT_MAX:
            self._kept.popitem(last=False)
        return JSONResponse(kept[1], headers=_HEADERS)

    async def _made(self, id_: str, period: str, minute: int) -> dict[str, Any]:
        width = PERIODS[period]
        if id_ == REPORTS:
            points = await self._book.read(lambda look: self._reported(look, width, minute))
            lines = [_Line(REPORTS, "Outage reports", points)]
        else:
            slug, _, kind = id_.rpartition("-")
            found = await self._book.read(lambda look: bins(look, slug, width, minute))
            component = next(one for one in self._showing.shown.components if one.id == slug)
            lines = [_line(id_, number, component, one, found) for number, one in enumerate(KINDS[kind])]
        return _document(lines, display=id_, period=period, created_ms=self._created_ms())

    def _created_ms(self) -> int:
        return min((one.created_ms for one in self._showing.shown.components), default=0)

    def _reported(self, look: Reading, width: Width, minute: int) -> Points:
        last = minute - minute % width.minutes
        starts = range(last - width.minutes * (width.kept - 1), last + 1, width.minutes)
        counted: dict[int, float] = {}
        for at_ms, reports in self._reports(look, 60_000 * starts[0], 60_000 * (minute + 1)) or ():
            start = at_ms // 60_000 - at_ms // 60_000 % width.minutes
            counted[start] = counted.get(start, 0.0) + reports
        return [(start, counted.get(start)) for start in starts]


def _line(
    display: str, number: int, component: Component, what: tuple[str, Value], found: Sequence[tuple[int, Bin | None]]
) -> _Line:
    name, value = what
    points = [(start, None if one is None else value(one)) for start, one in found]
    return _Line(f"{display}-{number + 1}", f"{component.name}: {name}", points)


def _document(lines: Sequence[_Line], *, display: str, period: str, created_ms: int) -> dict[str, Any]:
    width = PERIODS[period]
    metrics = [_metric(line, display, created_ms) for line in lines]
    first = metrics[0]
    last = first["data"][-1]["value"] if first["data"] else None
    return {
        "period": {"count": width.kept, "interval": 60 * width.minutes, "identifier": period},
        "metrics": metrics,
        "summary": {**first["summary"], "last": last},
    }


def _metric(line: _Line, display: str, created_ms: int) -> dict[str, Any]:
    measured = [(start, _number(value)) for start, value in line.points if value is not None]
    total = sum(value for _, value in measured)
    newest = time(60_000 * measured[-1][0]) if measured else None
    return {
        "metric": {
            "name": line.name,
            "metric_identifier": line.id,
            "created_at": time(created_ms),
            "updated_at": newest or time(created_ms),
            "id": line.id,
            "metrics_provider_id": "whimbrel",
            "metrics_display_id": display,
            "most_recent_data_at": newest,
            "backfilled": True,
            "last_fetched_at": newest,
            "backfill_percentage": 1,
        },
        "summary": {"sum": _number(total), "mean": _number(total / len(measured)) if measured else None},
        "data": [{"timestamp": 60 * start, "value": value} for start, value in measured],
    }


def _number(value: float) -> float | int:
    """To three digits; whole ones as whole numbers, which is all that some clients read."""
    shown = round(value, 3)
    return int(shown) if shown == int(shown) else shown
