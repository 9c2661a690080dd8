"""Charts of a part: what was counted and what people reported, with gaps where nobody looked."""

import asyncio

import pytest

from tests.statuspage.reporting import NOW, reporting
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.pages.sources import Counted, Reported
from whimbrel.statuspage.reports.public import Public
from whimbrel.statuspage.watching.indicators import Indicators
from whimbrel.statuspage.watching.metrics import Count

MINUTE = NOW // 60_000


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.watching")])
    yield book
    book.close()


def test_what_was_counted_is_charted_as_shares_of_five_minutes(book):
    indicators = Indicators({})
    for ago, bad in ((2_000, 10), (31, 0), (30, 5), (2, 10)):
        indicators.count("home", "availability", MINUTE - ago, Count(bad=bad, total=10))
    indicators.count("home", "latency", MINUTE - 29, Count(bad=1, total=4))
    indicators.count("search", "freshness", MINUTE - 1, Count(bad=1, total=4))

    async def charted():
        await book.write(lambda pen: indicators.write(pen, MINUTE))
        return {one.kind: dict(one.points) for one in await Counted(book).figures("home", NOW)}

    found = asyncio.run(charted())
    assert found.keys() == {"errors", "slow"}
    assert len(found["errors"]) == 288
    assert {at_ms: value for at_ms, value in found["errors"].items() if value is not None} == {
        60_000 * (minute - minute % 5): share for minute, share in ((MINUTE - 30, 0.25), (MINUTE - 2, 1.0))
    }


def test_reports_are_charted_with_the_part_that_they_speak_about(tmp_path):
    async def reported():
        async with reporting(tmp_path, free_per_minute=None) as desk:
            for number in range(12):
                await desk.send(service="own", kind="timeline", address=f"192.0.2.{number + 1}")
            await desk.pass_minutes(2)
            source = Reported(Public(desk.reports), desk.reports.catalogue, desk.reports.slug)
            return [await source.figures(part, desk.clock.now) for part in ("home", "media")]

    home, media = asyncio.run(reported())
    assert [one.kind for one in home] == ["reports"]
    assert sum(value or 0 for _, value in home[0].points) == 12
    assert list(media) == []
