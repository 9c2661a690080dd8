"""A service of many reports, looked at by many at once: one look for all of them, a file in pieces, the rest shed."""

import asyncio
import csv
import io

from tests.statuspage.reporting import NOW, OTHER, reporting
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import DOWNLOADS_AT_ONCE_MAX, LOOKS_KEPT_BINS_MAX, LOOKS_WAITING_MAX
from whimbrel.statuspage.reports.public import Overview, Public
from whimbrel.statuspage.reports.series import BIN_MINUTES
from whimbrel.statuspage.values import Service

DAYS, PLACES = 20, 5
LAST = NOW // 60_000 // BIN_MINUTES * BIN_MINUTES - BIN_MINUTES
MINUTES = range(LAST - DAYS * 1_440, LAST, BIN_MINUTES)
ROW = "INSERT INTO report_bins VALUES (:service, :minute, :kind, :place, 2, 8, 1)"


def looked(tmp_path, script, services=(OTHER,)):
    async def run():
        async with reporting(tmp_path, services=services) as desk:
            number = desk.reports.intake.numbers["own"]
            rows = [
                {"service": number, "minute": minute, "kind": number, "place": place}
                for minute in MINUTES
                for place in range(1, PLACES + 1)
            ]
            await desk.book.write(lambda pen: [pen.run(ROW, row) for row in rows])
            return await script(desk)

    return asyncio.run(run())


def test_a_file_that_comes_a_day_at_a_time_has_every_line_once_and_in_order(tmp_path):
    async def script(desk):
        return (await desk.client.get("/api/services/own/bins.csv?days=90")).text

    rows = list(csv.DictReader(io.StringIO(looked(tmp_path, script))))
    assert len(rows) == len(MINUTES) * PLACES
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert len({(row["time"], row["place"]) for row in rows}) == len(rows)


def test_all_who_look_at_once_are_given_the_same_look_which_adds_up(tmp_path):
    async def script(desk):
        public, own = Public(desk.reports), desk.reports.catalogue.service("own")
        return await asyncio.gather(*(public.overview(own, 90) for _ in range(20)))

    first, *others = looked(tmp_path, script)
    assert all(one.bins is first.bins for one in others)
    assert first.total == 2 * len(MINUTES) * PLACES == sum(count for _, count, _ in first.countries)
    assert len(first.bins) == 90


def test_what_is_kept_of_looks_and_pages_is_bounded_by_what_it_takes_and_not_by_how_many_there_are(tmp_path):
    """Accident: 128 looks of 90 days in quarters of an hour would have been 450 MB, in a program that promises 60."""
    services = [
        Service(id=f"shop-{number}", name="A shop", url="http://shop.example", kinds=("app",)) for number in range(4)
    ]

    async def script(desk):
        public = Public(desk.reports)
        for one in services:
            await public.overview(one, 90, BIN_MINUTES)
        kept = [len(found.bins) for _, found in public._kept.values()]
        await desk.pass_minutes(2)
        await public.overview(services[0], 1)
        return kept, len(public._kept)

    kept, afterwards = looked(tmp_path, script, services)
    assert kept == [90 * 24 * 60 // BIN_MINUTES]
    assert sum(kept) <= LOOKS_KEPT_BINS_MAX
    assert afterwards == 1  # what was true a minute ago is kept no longer


def test_more_services_than_can_be_looked_at_are_shed_and_the_rest_is_answered(tmp_path):
    services = [
        Service(id=f"shop-{number}", name="A shop", url="http://shop.example", kinds=("app",))
        for number in range(LOOKS_WAITING_MAX + 5)
    ]

    async def script(desk):
        public = Public(desk.reports)
        async with public.alone:  # nobody is done before all have asked
            asked = [asyncio.create_task(public.overview(one, 1)) for one in services]
            await asyncio.wait(asked[LOOKS_WAITING_MAX:])
        found = await asyncio.gather(*asked, return_exceptions=True)
        return found, await public.overview(services[-1], 1)

    found, afterwards = looked(tmp_path, script, services)
    assert [type(one) for one in found] == [Overview] * LOOKS_WAITING_MAX + [Unavailable] * 5
    assert afterwards.said.service == services[-1]


def test_a_page_is_made_once_for_all_who_look_and_anew_for_another_language_or_moment(tmp_path):
    async def script(desk):
        async def page(query):
            return (await desk.client.get(f"/services/own?{query}")).text

        found = [await page("days=7"), await page("days=7"), await page("days=7&lang=de")]
        await desk.pass_minutes(1)
        return [*found, await page("days=7")]

    first, again, german, later = looked(tmp_path, script)
    assert first == again
    assert 'lang="de"' in german
    assert "<svg" in later


def test_more_downloads_than_there_may_be_are_told_to_come_again(tmp_path):
    async def script(desk):
        paths = ["/api/services/own/bins.csv?days=90"] * (DOWNLOADS_AT_ONCE_MAX + 20)
        replies = await asyncio.gather(*(desk.client.get(path) for path in paths))
        return [reply.status_code for reply in replies], (await desk.client.get(paths[0])).status_code

    at_once, afterwards = looked(tmp_path, script)
    assert (at_once.count(200), at_once.count(503)) == (DOWNLOADS_AT_ONCE_MAX, 20)
    assert afterwards == 200
