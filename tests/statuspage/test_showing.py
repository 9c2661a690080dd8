"""What is shown: one moment for everybody, made again when something changed, and told from the cache otherwise."""

import asyncio
import itertools

import pytest
from starlette.applications import Starlette

from tests.support.asgi import asked
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.evidence import Evidence, ProbeSeen
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.v2.routes import documents, v2_routes

NOW = 1_602_794_000_000
ROOMS = ("catalogue", "board", "incidents")


class Status:
    """The rooms behind the page, turned by hand."""

    def __init__(self, path):
        numbers = itertools.count(1)
        self.now_ms = NOW
        self.unwatched = set()
        self.book = Book(path, [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
        self.catalogue = Catalogue(book=self.book, clock=self.clock)
        self.board = Board(book=self.book)
        self.incidents = Incidents(
            book=self.book, clock=self.clock, names=self.catalogue.names, new_id=lambda: f"i{next(numbers)}"
        )
        self.showing = Showing(
            book=self.book,
            catalogue=self.catalogue,
            board=self.board,
            clock=self.clock,
            name="Birds",
            url="http://127.0.0.1:8001",
        )
        self.app = Starlette(routes=v2_routes(self.showing))

    def clock(self):
        return self.now_ms

    async def begin(self):
        await self.catalogue.load(own_service("Birds", "http://127.0.0.1:8000"))
        await self.board.load()

    async def turn(self, *, failing=()):
        changes = await self.board.judge(
            [self.evidence(one.id, one.id in failing) for one in self.catalogue.components]
        )
        told = await self.incidents.steer(self.board.verdicts)
        return await self.showing.refresh(told=bool(changes or told))

    def evidence(self, component, failing):
        if component in self.unwatched:
            return Evidence(component=component, at_ms=self.now_ms)
        probe = ProbeSeen(
            probe="step",
            vantage="here",
            at_ms=self.now_ms,
            failures=2 if failing else 0,
            failing_since_ms=self.now_ms if failing else None,
        )
        return Evidence(component=component, at_ms=self.now_ms, seen_ms=self.now_ms, probes=(probe,))

    async def get(self, path, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asked(self.app, "GET", f"/{path}", headers=named)


@pytest.fixture
def status(tmp_path):
    status = Status(tmp_path / "status.sqlite")
    yield status
    status.book.close()


def test_before_anything_was_judged_nothing_is_called_operational(status):
    async def before():
        await status.begin()
        await status.showing.refresh(told=True)
        return (await status.get("api/v2/status.json")).json

    assert asyncio.run(before())["status"] == {"indicator": "minor", "description": "Not Being Measured"}


def test_a_part_that_nobody_has_ever_measured_says_nothing_about_all(status):
    async def without_media():
        await status.begin()
        status.unwatched = {"media"}
        await status.turn()
        return (await status.get("api/v2/summary.json")).json

    found = asyncio.run(without_media())
    assert found["status"]["indicator"] == "none"
    assert "media" not in {one["id"] for one in found["components"]}


def test_a_part_that_is_measured_no_more_does(status):
    async def lost():
        await status.begin()
        await status.turn()
        status.now_ms += 1_000
        status.unwatched = {"media"}
        await status.turn()
        return (await status.get("api/v2/status.json")).json

    assert asyncio.run(lost())["status"] == {"indicator": "minor", "description": "Not Being Measured"}


def test_an_outage_is_on_every_document_a_turn_after_it_was_seen_and_gone_when_it_is_over(status):
    async def outage():
        await status.begin()
        await status.turn()
        well = (await status.get("api/v2/summary.json")).json
        status.now_ms += 1_000
        await status.turn(failing={"home"})
        broken = (await status.get("api/v2/summary.json")).json
        feed = (await status.get("history.atom")).body.decode()
        status.now_ms += 1_000_000
        for _ in range(2):
            await status.turn()
            status.now_ms += 1_000_000
        return well, broken, feed, (await status.get("api/v2/summary.json")).json

    well, broken, feed, after = asyncio.run(outage())
    assert (well["status"]["indicator"], well["incidents"]) == ("none", [])
    assert (broken["status"]["indicator"], broken["incidents"][0]["status"]) == ("critical", "investigating")
    assert "Trouble with Home timeline" in feed
    assert (after["status"]["indicator"], after["incidents"]) == ("none", [])


def test_a_poller_is_told_when_nothing_has_changed(status):
    async def polled():
        await status.begin()
        await status.turn()
        first = await status.get("api/v2/summary.json")
        version = status.showing.version
        status.now_ms += 1_000
        assert not await status.turn()
        again = await status.get("api/v2/summary.json", if_none_match=first.headers["etag"])
        status.now_ms += 1_000
        await status.turn(failing={"home"})
        changed = await status.get("api/v2/summary.json", if_none_match=first.headers["etag"])
        return version, again, changed

    version, again, changed = asyncio.run(polled())
    assert (again.status, again.body) == (304, b"")
    assert changed.status == 200
    assert status.showing.version == version + 1


def test_what_people_say_is_shown_at_the_next_turn_also_about_parts_that_look_well(status):
    async def spoken():
        await status.begin()
        await status.turn()
        saying = Saying(body="Pictures are missing for some.", components={"media": "partial_outage"}, impact="major")
        await status.incidents.open("Pictures", saying, actor="ada", board=status.board.verdicts)
        await status.showing.refresh(told=True)
        return (await status.get("api/v2/summary.json")).json

    shown = asyncio.run(spoken())
    assert {one["id"]: one["status"] for one in shown["components"]}["media"] == "partial_outage"
    assert shown["status"]["indicator"] == "major"


def test_every_document_is_served_with_its_type(status):
    async def all_of_them():
        await status.begin()
        await status.turn(failing={"home", "posting"})
        return [(kind, await status.get(path)) for path, (kind, _) in documents().items()]

    for kind, reply in asyncio.run(all_of_them()):
        assert reply.status == 200
        assert reply.headers["content-type"] == kind
        assert reply.body
