"""The composition root of the status program: its book, its rooms, one turn a second, one application.

Promises: a turn that fails says so and the next one is tried; the page is served whatever the turns do, with the time
of the last look on it. Nothing here knows the watched service but by what its rooms are told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import TURN_LATE_SECONDS, TURN_SECONDS
from whimbrel.kernel.sql import schema
from whimbrel.reliability.headers import SecurityHeaders
from whimbrel.statuspage.board.board import Board, Change
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.export.copying import Room
from whimbrel.statuspage.export.folder import Folder
from whimbrel.statuspage.export.front import Export
from whimbrel.statuspage.export.rooms import BadgesCopied, ReportsCopied, WriteupsCopied
from whimbrel.statuspage.incidents.front import Changed, Incidents
from whimbrel.statuspage.incidents.windows import planned
from whimbrel.statuspage.pages.badge_routes import Badges
from whimbrel.statuspage.pages.charts import Charts
from whimbrel.statuspage.pages.layout import Layout, Site
from whimbrel.statuspage.pages.look import Looking
from whimbrel.statuspage.pages.problems import Problems
from whimbrel.statuspage.pages.routes import Pages
from whimbrel.statuspage.pages.sources import Counted, Reported
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.public import Public
from whimbrel.statuspage.reports.public_routes import public_routes
from whimbrel.statuspage.reports.routes import believing, report_routes
from whimbrel.statuspage.settings import Settings
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.speaking import TEMPLATES, Parts, Speaking
from whimbrel.statuspage.v2.metrics import Metrics
from whimbrel.statuspage.v2.routes import v2_routes
from whimbrel.statuspage.verdict import patient
from whimbrel.statuspage.watching.front import Plan, Watch
from whimbrel.statuspage.watching.observed import Observed
from whimbrel.statuspage.writeup.beside import postmortem_of, writeups_of
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.routes import PACKAGE, writeup_routes
from whimbrel.statuspage.writeup.sources import minutes_reported

_log = logging.getLogger("whimbrel.status")

ROOMS: Final = ("catalogue", "board", "incidents", "reports", "operators", "telling", "watching", "writeup")
"""The rooms that have tables, in the order in which they are made."""

CANARY_FILE: Final = "canary.json"
"""In the program's directory, where the settings name no other: names and passwords of the canaries, readable by
nobody else; may come later."""

VANTAGES_FILE: Final = "vantages.json"
"""In the program's directory: the secret of each other vantage point, readable by nobody else; may come later."""


class Rooms(NamedTuple):
    """Everything that the program consists of."""

    book: Book
    catalogue: Catalogue
    observed: Observed
    watch: Watch
    board: Board
    incidents: Incidents
    showing: Showing
    reports: Reports
    writeups: Writeups


def open_rooms(settings: Settings, clock: Clock) -> Rooms:
    """Open the book and put the rooms around it. Raises BookUnavailable or Corrupt."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    book = Book(settings.data / "status.sqlite", [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    catalogue = Catalogue(book=book, clock=clock)
    board, observed = Board(book=book, thresholds=patient(settings.calm_seconds)), Observed()
    return Rooms(
        book=book,
        catalogue=catalogue,
        observed=observed,
        watch=Watch(_plan(settings), book=book, observed=observed, clock=clock),
        board=board,
        incidents=Incidents(book=book, clock=clock, names=catalogue.names),
        showing=Showing(
            book=book,
            catalogue=catalogue,
            board=board,
            clock=clock,
            name=settings.name,
            url=settings.public_url,
            written=postmortem_of,
        ),
        reports=Reports(
            book=book, catalogue=catalogue, clock=clock, folder=settings.data, watched_url=settings.watched_url
        ),
        writeups=writeups_of(book, catalogue, clock, site=settings.name, url=settings.public_url),
    )


def _plan(settings: Settings) -> Plan:
    url = settings.watched_url.rstrip("/")
    return Plan(
        url=url,
        nodes=settings.nodes or ((url,) if url else ()),
        secrets_file=settings.canary_file or settings.data / CANARY_FILE,
        keys_file=settings.data / VANTAGES_FILE,
        slos=settings.slos,
        probes=settings.probes,
        ca_file=settings.ca_file,
        every_seconds=settings.every_seconds,
    )


class Program:
    """Turns the rooms, between `start` and `stop`, on one event loop."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        """Raises BookUnavailable, Corrupt, Misconfigured."""
        self._settings, self._clock = settings, clock
        copy = None if settings.export is None else Folder(settings.export)
        self.rooms = open_rooms(settings, clock)
        self._turning: asyncio.Task[None] | None = None
        rooms = self.rooms
        self._layout = Layout(
            Site(settings.name, settings.public_url),
            packages=[*TEMPLATES, "whimbrel.statuspage.reports", PACKAGE],
            nav=[("services", "nav.reports"), ("subscribe", "nav.subscribe")],
        )
        self._looking = Looking(
            book=rooms.book, board=rooms.board, showing=rooms.showing, clock=clock, budgets=rooms.watch.budgets
        )
        self._export = (
            Export(
                copy,
                layout=self._layout,
                looking=self._looking,
                clock=clock,
                charts=self._charts(),
                rooms=self._copied(),
            )
            if copy is not None
            else None
        )
        self.speaking = Speaking(
            Parts(rooms.book, clock, rooms.catalogue, rooms.incidents, rooms.board, rooms.showing), settings
        )
        self._heard = 0
        self.failing = ""
        """Why the last turn failed; empty when it did not."""

    async def start(self) -> None:
        """Read the book and make the first turn; then one a second."""
        settings, rooms = self._settings, self.rooms
        own = own_service(settings.name, settings.watched_url or settings.public_url)
        await rooms.catalogue.load(own, settings.components)
        await rooms.board.load()
        await rooms.reports.start()
        await rooms.watch.start()
        await self.speaking.start()
        await self.turn()
        self._turning = asyncio.create_task(self._turn_for_ever())

    async def stop(self) -> None:
        """End the turns and close the book, whatever the rooms do: its thread would keep the process alive."""
        async with AsyncExitStack() as ending:
            ending.push_async_callback(asyncio.to_thread, self.rooms.book.close)
            ending.push_async_callback(self.rooms.watch.stop)
            ending.push_async_callback(self.rooms.reports.stop)
            if self._export is not None:
                ending.push_async_callback(self._export.stop)
            ending.push_async_callback(self.speaking.stop)
            if self._turning is not None:
                self._turning.cancel()
                with suppress(asyncio.CancelledError):
                    await self._turning

    async def turn(self) -> tuple[Sequence[Change], Changed]:
        """Judge what was observed, do what is due about incidents, show it. Raises BookUnavailable."""
        rooms, now_ms = self.rooms, self._clock()
        await rooms.reports.turn()
        windows = rooms.showing.shown.maintenances
        evidences = [
            rooms.watch.evidence(
                one.id, now_ms, crowd=rooms.reports.crowd(one.id, now_ms), planned=planned(windows, one.id)
            )
            for one in rooms.catalogue.components
        ]
        changes = await rooms.board.judge(evidences)
        told = await rooms.incidents.steer(rooms.board.verdicts)
        await rooms.showing.refresh(told=await self._hears_news() or bool(told))
        await self.speaking.telling.tell()
        return changes, told

    async def _hears_news(self) -> bool:
        """Whether anybody has said or changed anything since the last turn: a page, a program, another process."""
        newest, _, _ = await self.rooms.book.read(history.newest)
        if newest == self._heard:
            return False
        await self.rooms.catalogue.reread()
        await self.rooms.watch.probes.load()
        self._heard = newest
        return True

    @property
    def age_seconds(self) -> float:
        """Since when the board was last looked at."""
        return (self._clock() - self.rooms.showing.seen_ms) / 1_000

    @property
    def is_ready(self) -> bool:
        """Whether it looks, and can write down what it sees."""
        return self.age_seconds < TURN_LATE_SECONDS and not self.rooms.book.failing

    def application(self) -> Starlette:
        """What answers HTTP."""
        routes: list[BaseRoute] = [
            Route("/livez", _alive, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/api/history/head.json", self._head, methods=["GET"]),
            *v2_routes(self.rooms.showing),
            *self._metrics().routes(),
            *self.rooms.watch.routes(),
            *report_routes(self.rooms.reports, believing(self._settings.proxies)),
            *public_routes(self.rooms.reports, self._layout),
            *writeup_routes(self.rooms.writeups, self._layout),
            *self._pages().routes(),
            *Badges(self._looking).routes(),
            *self.speaking.routes(self._layout, self.rooms.reports, self.rooms.writeups),
        ]
        problems = Problems(self._layout)
        return Starlette(
            routes=routes,
            middleware=[Middleware(SecurityHeaders, secure=self._settings.public_url.startswith("https://"))],
            exception_handlers={
                HTTPException: problems.http,
                WhimbrelError: problems.ours,
                Exception: problems.unforeseen,
            },
        )

    def _pages(self) -> Pages:
        return Pages(layout=self._layout, looking=self._looking, book=self.rooms.book, charts=self._charts())

    def _metrics(self) -> Metrics:
        own = own_service(self._settings.name, self._settings.public_url)
        return Metrics(
            book=self.rooms.book, showing=self.rooms.showing, clock=self._clock, reports=minutes_reported(own.id)
        )

    def _copied(self) -> tuple[Room, ...]:
        return BadgesCopied(), WriteupsCopied(self.rooms.writeups), ReportsCopied(self.rooms.reports)

    def _charts(self) -> tuple[Charts, ...]:
        rooms = self.rooms
        return Counted(rooms.book), Reported(Public(rooms.reports), rooms.catalogue, rooms.reports.slug)

    async def _turn_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TURN_SECONDS)
            told = [
                await self._tried(part) for part in (self.turn, self._copy)
            ]  # the copy also of a page that is blind
            self.failing = "; ".join(one for one in told if one)

    async def _tried(self, part: Callable[[], Awaitable[object]]) -> str:
        """Do a part of the turn; returns why it failed, which is logged once for as long as it lasts."""
        try:
            await part()
        except WhimbrelError as error:
            if not self.failing:
                _log.error("a turn failed", extra={"error": str(error)})
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may be well, and somebody must look
            if not self.failing:
                _log.exception("a turn was surprised")
            return f"{type(error).__name__}: {error}"
        return ""

    async def _copy(self) -> None:
        if self._export is not None:
            self._export.turn()

    async def _head(self, _: Request) -> Response:
        """The end of the history: whoever keeps it can tell later whether what stands before was changed."""
        sequence, time_ms, chain = await self.rooms.book.read(history.newest)
        return JSONResponse({"sequence": sequence, "time_ms": time_ms, "chain": chain.hex()})

    async def _ready(self, _: Request) -> Response:
        ready = self.is_ready
        document = {"ready": ready, "last_look_seconds": round(self.age_seconds, 1), "failing": self._all_failing()}
        return JSONResponse(document, 200 if ready else 503)

    def _all_failing(self) -> str:
        """Why something failed the last time that it was done; empty while all goes well."""
        rooms = self.rooms
        parts = (rooms.watch, rooms.reports, rooms.reports.elsewhere, self.speaking.telling, self._export)
        told = [self.failing, *(part.failing for part in parts if part is not None)]
        return "; ".join(one for one in told if one)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")
