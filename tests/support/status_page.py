"""The status program's rooms behind its pages, turned by hand on the test's own clock; and the same as a server."""

import asyncio
import itertools
import socket
import threading
from contextlib import contextmanager

from granian.constants import Interfaces
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from tests.support.asgi import asked
from whimbrel.embedded_server import InheritedSocketServer
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.sql import schema
from whimbrel.reliability.headers import SecurityHeaders
from whimbrel.statuspage.board import rows
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.board.uptime import DAY_MS
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.evidence import CrowdSeen, Evidence, ProbeSeen, Share
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.incidents.windows import planned
from whimbrel.statuspage.pages.badge_routes import Badges
from whimbrel.statuspage.pages.layout import Layout, Site
from whimbrel.statuspage.pages.look import Looking
from whimbrel.statuspage.pages.problems import Problems
from whimbrel.statuspage.pages.routes import Pages
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.v2.routes import v2_routes
from whimbrel.statuspage.values import Maintenance, Verdict

NOW = 1_602_794_000_000  # 15 October 2020, 20:33:20 UTC
ROOMS = ("catalogue", "board", "incidents")
URL = "http://127.0.0.1:8001"


class StatusPage:
    """The rooms, and the application over them. Asynchronous methods belong to one loop."""

    def __init__(self, path, *, now_ms=NOW, url=URL, charts=()):
        numbers = itertools.count(1)
        self.now_ms = now_ms
        self.book = Book(path, [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
        self.catalogue = Catalogue(book=self.book, clock=self.clock)
        self.board = Board(book=self.book)
        self.incidents = Incidents(
            book=self.book, clock=self.clock, names=self.catalogue.names, new_id=lambda: f"i{next(numbers)}"
        )
        self.showing = Showing(
            book=self.book, catalogue=self.catalogue, board=self.board, clock=self.clock, name="Birds & Co", url=url
        )
        self.layout = Layout(Site("Birds & Co", url))
        self.looking = Looking(book=self.book, board=self.board, showing=self.showing, clock=self.clock)
        self.pages = Pages(layout=self.layout, looking=self.looking, book=self.book, charts=charts)
        problems = Problems(self.layout)
        self.app = Starlette(
            routes=[*v2_routes(self.showing), *self.pages.routes(), *Badges(self.looking).routes()],
            middleware=[Middleware(SecurityHeaders, secure=False)],
            exception_handlers={HTTPException: problems.http, WhimbrelError: problems.ours},
        )

    def clock(self):
        """The test's own."""
        return self.now_ms

    async def begin(self):
        """An empty book with the usual parts."""
        await self.catalogue.load(own_service("Birds & Co", "http://127.0.0.1:8000"))
        await self.board.load()

    async def turn(self, *, failing=(), crowd=(), silent=()):
        """Look once: parts whose probes fail, about which people report, of which nothing is measured."""
        windows = self.showing.shown.maintenances
        evidences = [
            self.evidence(one.id, failing=failing, crowd=crowd, silent=silent, window=planned(windows, one.id))
            for one in self.catalogue.components
        ]
        await self.board.judge(evidences)
        await self.incidents.steer(self.board.verdicts)
        return await self.showing.refresh(told=True)

    def evidence(self, component, *, failing, crowd, silent, window):
        """What was seen of one part."""
        fails = component in failing
        probe = ProbeSeen(
            probe="step",
            vantage="here",
            at_ms=self.now_ms,
            failures=3 if fails else 0,
            failing_since_ms=self.now_ms - 20_000 if fails else None,
            error="HTTP 503 & more <b>" if fails else "",
        )
        share = Share(window_seconds=60, bad=801, total=1_204, since_ms=self.now_ms - 60_000)
        surge = CrowdSeen(since_ms=self.now_ms - 300_000, reports=86, expected=3.2, tail=3e-9)
        return Evidence(
            component=component,
            at_ms=self.now_ms,
            seen_ms=None if component in silent else self.now_ms,
            probes=() if component in silent else (probe,),
            shares=(share,) if fails else (),
            crowd=surge if component in crowd else None,
            planned=window,
        )

    async def live_through(self, states):
        """Write down a past: pairs of days ago and of a state that lasted an hour, on days that were well."""
        spans = []
        for ago in range(89, 0, -1):
            begins = self.now_ms - self.now_ms % DAY_MS - ago * DAY_MS
            state = states.get(ago, "operational")
            if state is None:
                continue
            spans += [
                (begins, begins + DAY_MS - 3_600_000, "operational"),
                (begins + DAY_MS - 3_600_000, begins + DAY_MS, state),
            ]

        def write(pen):
            for component in self.catalogue.components:
                for begins, ends, state in spans:
                    verdict = Verdict(component=component.id, state=state, since_ms=begins, at_ms=ends)
                    rows.begin(pen, verdict, begins)

        await self.book.write(write)

    def close(self):
        """Let go of the book."""
        self.book.close()

    async def get(self, path, *, query="", **headers):
        """One answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asked(self.app, "GET", path, query=query.encode(), headers=named)


def windows_at(now_ms):
    """Two windows to announce: one that begins tomorrow, and one that is about to."""
    for name, part, begins_ms in (("New disks", "media", DAY_MS), ("New cables", "web", 2_000)):
        yield Maintenance(
            id="",
            name=name,
            status="scheduled",
            components=(part,),
            scheduled_ms=now_ms + begins_ms,
            until_ms=now_ms + begins_ms + 7_200_000,
            created_ms=0,
            updated_ms=0,
            recurs="FREQ=WEEKLY;COUNT=3",
        )


async def in_trouble(status):
    """A day on which everything is to be seen: `i1` open, led by people, a promise missed; windows `i2` and `i3`."""
    await status.begin()
    past = {3: "major_outage", 5: "degraded_performance", 8: "under_maintenance", 20: "partial_outage", 40: None}
    await status.live_through(past)
    await status.turn()
    status.now_ms += 60_000
    await status.turn(failing={"home"}, crowd={"search"}, silent={"media"})
    words = Saying(
        body="A disk is full.\n\nWe are moving what is on it.",
        status="identified",
        cause="A full disk.",
        workaround="Wait a minute.",
        components={"streaming": "partial_outage"},
        next_update_ms=status.now_ms + 5_000,
    )
    board = status.board.verdicts
    incident = await status.incidents.say("i1", words, actor="ada", board=board)
    await status.incidents.edit("i1", incident.updates[0].id, "A disk is full <really>.", actor="ada")
    lowered = Saying(
        body="Sign-in is fine.", components={"home": "degraded_performance"}, reason="Only one room is hit."
    )
    await status.incidents.say("i1", lowered, actor="ada", board=board)
    for window in windows_at(status.now_ms):
        await status.incidents.schedule(window, "Pictures wait meanwhile.", actor="ada")
    status.now_ms += 10_000
    for _ in range(2):
        await status.turn(failing={"home"}, crowd={"search"}, silent={"media"})


class Served:
    """An application behind a real server, on a loop of its own. `run` does something on that loop."""

    def __init__(self, loop, url):
        self._loop, self.url = loop, url

    def run(self, work):
        """Wait for something asynchronous."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@contextmanager
def served(make):
    """Serve the application that `make(url)` gives, while the block runs; it is made on the server's loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    loop, servers = asyncio.new_event_loop(), []
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    site = Served(loop, url)

    async def begin():
        target = await make(url)
        server = InheritedSocketServer(listener.detach(), target=target, interface=Interfaces.ASGINL, websockets=False)
        servers.append((server, loop.create_task(server.serve())))

    async def end():
        for server, serving in servers:
            server.stop()
            await serving

    try:
        site.run(begin())
        yield site
    finally:
        site.run(end())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
