"""A reports room on a book of its own, spoken to over HTTP; the clock is the test's."""

from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from starlette.applications import Starlette

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.pages.layout import Layout, Site
from whimbrel.statuspage.pages.problems import Problems
from whimbrel.statuspage.reports.front import Reports
from whimbrel.statuspage.reports.public_routes import public_routes
from whimbrel.statuspage.reports.routes import report_routes
from whimbrel.statuspage.values import Service

NOW = 1_602_794_040_000
OWN = own_service("Birds", "http://birds.example")
OTHER = Service(id="bank", name="A <bank>", url="http://bank.example", kinds=("website", "app"))
ROOMS = ("catalogue", "reports")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Desk(NamedTuple):
    """The room, its book and clock, and a client of its HTTP paths."""

    reports: Reports
    book: Book
    clock: Clock
    client: httpx.AsyncClient

    async def send(
        self,
        *,
        address: str = "192.0.2.1",
        agent: str = "Mozilla/5.0 Firefox/120.0",
        languages: str = "en",
        **fields: Any,
    ) -> httpx.Response:
        """Report as a program, from an address."""
        headers = {"x-peer": address, "user-agent": agent, "accept-language": languages}
        return await self.client.post("/api/reports", json=fields, headers=headers)

    async def pass_minutes(self, minutes: int) -> None:
        """Let minutes go by, each judged when it is over."""
        for _ in range(minutes):
            self.clock.now += 60_000
            await self.reports.turn()


@asynccontextmanager
async def reporting(folder, *, clock=None, services=(OTHER,), **options):
    """A room that has started, over `folder`; extra options are those of Reports."""
    clock = clock or Clock()
    book = Book(folder / "status.sqlite", [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    try:
        catalogue = Catalogue(book=book, clock=clock)
        await catalogue.load(OWN)
        for service in services:
            await catalogue.put_service(service, actor="ada")
        reports = Reports(book=book, catalogue=catalogue, clock=clock, folder=folder, **options)
        await reports.start()
        layout = Layout(Site("Birds", "http://status.example"), packages=["whimbrel.statuspage.reports"])
        desk = report_routes(reports, lambda request: request.headers.get("x-peer", "192.0.2.1"))
        app = Starlette(
            routes=[*desk, *public_routes(reports, layout)], exception_handlers={WhimbrelError: Problems(layout).ours}
        )
        try:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://status.example"
            ) as client:
                yield Desk(reports, book, clock, client)
        finally:
            await reports.stop()
    finally:
        book.close()
