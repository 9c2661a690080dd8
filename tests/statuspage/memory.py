"""A page about as many services as it takes, each reported every minute: prints how many megabytes are its own.

Run as a program, on an empty folder: memory is a process's. The minutes before the last two go where the intake would
put them, without its way there.
"""

import asyncio
import sys
from pathlib import Path

from tests.support.serving import eventually
from whimbrel import status_process  # what the real program loads
from whimbrel.kernel.limits import BOOK_READERS, BOOK_WRITER_CACHE_BYTES, SERVICES_AWAKE_MAX, SERVICES_MAX
from whimbrel.statuspage.reports.intake import Report
from whimbrel.statuspage.reports.rows import Entry
from whimbrel.statuspage.reports.tally import BRIGADE_MINUTES
from whimbrel.statuspage.reports.voices import Person
from whimbrel.statuspage.settings import Settings
from whimbrel.statuspage.values import Service

NOW = 1_602_794_040_000
MINUTE_MS = 60_000
KINDS = ("website", "app", "other")
AT_ONCE = 100
WAITED_SECONDS_MAX = 60.0
FILLING_BYTES = 4 * BOOK_WRITER_CACHE_BYTES
PIECE_BYTES = 100_000


class Page:
    """The program with its clock moved by hand, about as many services as it takes."""

    def __init__(self, folder):
        self.now = NOW
        settings = Settings(data=folder, name="Birds", public_url="http://127.0.0.1:1")
        self.program = status_process.Program(settings, clock=lambda: self.now)
        self.reports = self.program.rooms.reports
        self.services = [
            Service(id=f"s{n}", name=f"Service {n}", url=f"http://s{n}.example", kinds=KINDS)
            for n in range(SERVICES_MAX - 1)
        ]

    async def begin(self):
        """Make the services known."""
        await self.program.start()
        self.program.application()
        await self._for_all(lambda one: self.program.rooms.catalogue.put_service(one, actor="ada"))
        await self._until(lambda: self.services[-1].id in self.reports.intake.numbers)

    async def hears_of_all(self):
        """A minute in which somebody reports about each of them."""
        people = iter(range(self.now, self.now + len(self.services)))

        async def say(service):
            number = next(people)
            await self.reports.intake.take(Report(service, KINDS[number % 3]), Person(f"p{number}", f"n{number}"))

        await self._for_all(say)
        minute = self.now // MINUTE_MS
        self.now += MINUTE_MS
        await self._until(lambda: self.reports.minute >= minute)

    def has_heard_of_all(self):
        """The quarter of an hour before, told to the tally alone: its way through the book takes long."""
        tally, minutes = self.reports._tally, range(1, BRIGADE_MINUTES)
        for service in self.services:
            number = self.reports.intake.numbers[service.id]
            entries = [Entry(number, self.now - MINUTE_MS * one, 1, None, 1, 7, 4, number, 0, 0) for one in minutes]
            tally.heard([(entry, True) for entry in entries])

    async def fill_the_book(self):
        """As after days: more in the book than it may keep in memory, written and read."""
        book = self.program.rooms.book
        await book.write(lambda pen: pen.run("CREATE TABLE filling (piece BLOB)"))
        for _ in range(FILLING_BYTES // PIECE_BYTES):
            await book.write(lambda pen: pen.run(f"INSERT INTO filling VALUES (randomblob({PIECE_BYTES}))"))
        looks = [
            book.read(lambda look: look.all("SELECT SUM(LENGTH(piece)) FROM filling")) for _ in range(BOOK_READERS)
        ]
        await asyncio.gather(*looks)

    async def _until(self, is_so):
        await asyncio.to_thread(eventually, is_so, seconds=WAITED_SECONDS_MAX, what="the program has made its turn")

    async def _for_all(self, do):
        for first in range(0, len(self.services), AT_ONCE):
            await asyncio.gather(*(do(one) for one in self.services[first : first + AT_ONCE]))


async def megabytes(folder):
    """Of memory that no other process shares, after a quarter of an hour of the worst of days."""
    page = Page(folder)
    try:
        await page.begin()
        await page.fill_the_book()
        await page.hears_of_all()  # from here on minutes are judged
        page.has_heard_of_all()
        for _ in range(2):
            await page.hears_of_all()
        assert len(page.reports._judge.standings) == SERVICES_AWAKE_MAX
        return _own_bytes() / 1e6
    finally:
        await page.program.stop()


def _own_bytes():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split()[0]: 1_024 * int(line.split()[1]) for line in lines}
    return sizes["Private_Clean:"] + sizes["Private_Dirty:"]


if __name__ == "__main__":
    print(round(asyncio.run(megabytes(Path(sys.argv[1]))), 1))
