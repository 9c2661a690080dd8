"""What other services say on their own status pages, read every minute, beside what people say.

Promises: a page that is huge, slow, broken or hostile costs one bounded request a minute and becomes words about that;
what it says is cut short and taken as text, never as anything else. What was read last survives a restart, with since
when it says so, so that the lag of a page behind its users can be told.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, Literal

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import (
    PAGE_DOCUMENT_BYTES_MAX,
    PAGE_WORDS_CHARACTERS_MAX,
    PAGES_READ_AT_ONCE,
    PAGES_READ_SECONDS,
)
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.reports.rows import SQL
from whimbrel.statuspage.rounds import Rounds
from whimbrel.statuspage.values import Service
from whimbrel.statuspage.watching.fetching import FetchFailed, Request, fetch
from whimbrel.statuspage.watching.reaching import Reach

Indicator = Literal["none", "minor", "major", "critical", "maintenance"]
_TROUBLE: Final = ("minor", "major", "critical")
_DOCUMENT: Final = "/api/v2/status.json"


class PageSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What a service's page says: since when (as far as we have seen), and when it was last read.

    `error` says why it could not be read the last time; then the rest is what it said before, `indicator` None if
    nothing ever.
    """

    indicator: Indicator | None = None
    description: str = ""
    since_ms: int = 0
    read_ms: int = 0
    error: str = ""

    @property
    def admits(self) -> bool:
        """Whether it says that something is wrong."""
        return self.indicator in _TROUBLE


class _Status(msgspec.Struct):
    indicator: Indicator
    description: str = ""


class _Document(msgspec.Struct):
    status: _Status


def read_from(body: bytes) -> tuple[Indicator, str]:
    """Indicator and words of a Statuspage document. Raises FetchFailed for anything else."""
    try:
        found = msgspec.json.decode(body, type=_Document).status
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FetchFailed("their page answers something that is no status", log=str(error)) from error
    words = " ".join("".join(one if one.isprintable() else " " for one in found.description[:2_000]).split())
    return found.indicator, words[:PAGE_WORDS_CHARACTERS_MAX]


def address_of(page_url: str) -> str:
    """The document of a Statuspage-compatible page."""
    return page_url if page_url.endswith(".json") else page_url.rstrip("/") + _DOCUMENT


class Elsewhere:
    """Reads the pages of services, between `start` and `stop`; `reach` is how far it may go (watching.reaching)."""

    def __init__(
        self, *, book: Book, clock: Clock, services: Callable[[], Sequence[tuple[int, Service]]], reach: Reach
    ) -> None:
        self._book, self._clock, self._services, self._reach = book, clock, services, reach
        self._seen: dict[int, PageSeen] = {}
        self._rounds = Rounds("other services' pages", self._read_round)
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Know what was read before, and read from now on."""
        self._seen = await self._book.read(_pages)
        self._reading = asyncio.create_task(self._rounds.for_ever())

    async def stop(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading

    @property
    def failing(self) -> str:
        """Why they could not be read the last time, for a reason of our own; empty when they could."""
        return self._rounds.failing

    @property
    def seen(self) -> Mapping[int, PageSeen]:
        """What each page says, by the service's number."""
        return self._seen

    async def read_all(self) -> None:
        """Read every page once."""
        gate = asyncio.Semaphore(PAGES_READ_AT_ONCE)
        wanted = [(number, service.page_url) for number, service in self._services() if service.page_url is not None]
        found = await asyncio.gather(*(self._read(gate, number, url) for number, url in wanted))
        changed = [(number, seen) for number, seen in found if _says_more(self._seen.get(number), seen)]
        self._seen = dict(found)
        if changed:
            with suppress(Unavailable):  # told again with the next change
                await self._book.write(partial(_keep, seen=changed))

    async def _read(self, gate: asyncio.Semaphore, number: int, page_url: str) -> tuple[int, PageSeen]:
        before = self._seen.get(number, PageSeen())
        async with gate:
            try:
                request = Request(
                    address_of(page_url), reach=self._reach, redirects_max=3, body_bytes_max=PAGE_DOCUMENT_BYTES_MAX
                )
                indicator, words = read_from((await fetch(request)).expect(200).body)
            except FetchFailed as error:
                return number, msgspec.structs.replace(before, error=error.public)
        now_ms = self._clock()
        since_ms = before.since_ms if before.indicator == indicator else now_ms
        return number, PageSeen(indicator=indicator, description=words, since_ms=since_ms, read_ms=now_ms)

    async def _read_round(self) -> float:
        await self.read_all()
        return PAGES_READ_SECONDS


def _says_more(before: PageSeen | None, after: PageSeen) -> bool:
    return before is None or before.indicator != after.indicator or before.description != after.description


def _pages(look: Reading) -> dict[int, PageSeen]:
    return {number: msgspec.msgpack.decode(value, type=PageSeen) for number, value in look.all(SQL.pages)}


def _keep(pen: Writing, seen: Sequence[tuple[int, PageSeen]]) -> None:
    for number, one in seen:
        pen.run(SQL.keep_page, {"service": number, "value": msgspec.msgpack.encode(one)})
