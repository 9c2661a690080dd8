"""The intake of reports: checked, hashed, challenged if need be, and acknowledged once they are on disk.

Design note. For each report as a piece of the book's work, a hop between threads and a future cost more than its rows
do. So reports wait here while a batch is being written, and go into the next one together: group commit, with one batch
under way. Two limits keep a flood from everybody else: more than REPORTS_WAITING_MAX that wait, or more than
REPORTS_PER_SECOND_MAX in a second, are turned away at once, in words, before anything is done for them.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.kernel.limits import (
    BOOK_SHEDDING_PENDING,
    REPORT_WORDS_CHARACTERS_MAX,
    REPORTS_BATCH_MAX,
    REPORTS_PER_SECOND_MAX,
    REPORTS_WAITING_MAX,
)
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.reports import rows, voices
from whimbrel.statuspage.reports.bursts import Bursts
from whimbrel.statuspage.reports.challenge import Challenges, demanded
from whimbrel.statuspage.reports.rows import AGES, Entry
from whimbrel.statuspage.reports.salt import Salts
from whimbrel.statuspage.reports.voices import Person
from whimbrel.statuspage.values import Service

_log = logging.getLogger("whimbrel.status")

FREE_PER_MINUTE: Final = 20
"""Reports of one network in a minute before a challenge: a school reports too."""


class Report(NamedTuple):
    """What somebody says: the kind is a slug of the service's, the place a number (places.py)."""

    service: Service
    kind: str
    place: int = 0
    words: str = ""
    challenge: str = ""
    proof: str = ""


class Taken(NamedTuple):
    """A report that is on disk: when it came, and whether it counted or followed up one of the last hour."""

    at_ms: int
    counted: bool


class Flooded(Unavailable):
    """More is being reported than is taken at once; nothing was done."""

    code = "flooded"


_FLOODED: Final = "More is being reported right now than we can write down. Please try again in a few seconds."


class Intake:
    """Takes reports for the program's one loop, between `start` and `stop`.

    `free_per_minute` is None where no challenge is ever wanted. `told` hears of every batch that is on disk.
    """

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        salts: Salts,
        challenges: Challenges,
        told: Callable[[Sequence[tuple[Entry, bool]]], None],
        free_per_minute: int | None = FREE_PER_MINUTE,
        per_second: int = REPORTS_PER_SECOND_MAX,
    ) -> None:
        self._book, self._clock, self._salts, self._challenges, self._told = book, clock, salts, challenges, told
        self._free, self._per_second = free_per_minute, per_second
        self._bursts = Bursts()
        self._numbers: dict[str, int] = {}
        self._waiting: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._arrived = asyncio.Event()
        self._under_way: int | None = None
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the numbers of slugs, and take reports from now on."""
        self._numbers = await self._book.read(rows.slugs)
        self._writing = asyncio.create_task(self._write_for_ever())

    async def stop(self) -> None:
        """Write down what waits, then stop. What comes later is turned away."""
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        self._arrived.set()
        with suppress(asyncio.CancelledError):
            await writing

    @property
    def numbers(self) -> Mapping[str, int]:
        """The number of each slug that was ever reported."""
        return self._numbers

    async def numbered(self, *services: Service) -> None:
        """See that services and their kinds have numbers."""
        known = self._numbers
        wanted = [slug for service in services for slug in (service.id, *service.kinds) if slug not in known]
        if wanted:
            self._numbers = await self._book.write(lambda pen: rows.add_slugs(pen, wanted))

    def oldest_minute(self) -> int | None:
        """The minute of the oldest report that is not on disk yet; None when there is none."""
        minutes = [self._waiting[0][0].minute] if self._waiting else []
        return min([*minutes, *([self._under_way] if self._under_way is not None else [])], default=None)

    def admit(self) -> None:
        """Turn a report away before it is read, when there are too many. Raises Flooded."""
        crowded = len(self._waiting) >= REPORTS_WAITING_MAX or self._book.pending >= BOOK_SHEDDING_PENDING
        if crowded or self._bursts.in_second(self._clock()) > self._per_second or self._writing is None:
            raise Flooded(_FLOODED)

    async def take(self, report: Report, person: Person) -> Taken:
        """Take one report; it is durable when this returns. Raises Invalid, Challenged, Flooded, BookUnavailable."""
        _check(report)
        await self.numbered(report.service)
        if len(self._waiting) >= REPORTS_WAITING_MAX or self._writing is None:
            raise Flooded(_FLOODED)
        entry = self._entry(report, person, self._clock())
        self._challenge(report, entry)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        self._arrived.set()
        return Taken(entry.at_ms, await done)

    def _entry(self, report: Report, person: Person, now_ms: int) -> Entry:
        service, salt = report.service.id, self._salts.at(now_ms)
        before = None if salt.previous is None else voices.voice(salt.previous, service, person.name)
        return Entry(
            self._numbers[service],
            now_ms,
            voices.voice(salt.salt, service, person.name),
            before,
            self._numbers[report.kind],
            report.place,
            voices.weight(person.account),
            voices.network(salt.salt, person.network),
            voices.wording(salt.salt, report.words),
            AGES.index(voices.age(person.account)),
            report.words,
        )

    def _challenge(self, report: Report, entry: Entry) -> None:
        if self._free is None:
            return
        demand = demanded(self._bursts.noted(entry.network, entry.at_ms), self._free)
        if demand is None:
            return
        if not self._challenges.is_met(report.challenge, report.proof, entry.voice, entry.at_ms):
            raise self._challenges.made(demand, entry.voice, entry.at_ms)

    async def _write_for_ever(self) -> None:
        while self._writing is not None or self._waiting:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch, self._waiting = self._waiting[:REPORTS_BATCH_MAX], self._waiting[REPORTS_BATCH_MAX:]
            self._under_way = batch[0][0].minute
            await self._write(batch)
            self._under_way = None

    async def _write(self, batch: Sequence[tuple[Entry, "asyncio.Future[bool]"]]) -> None:
        entries = [entry for entry, _ in batch]
        try:
            counted = await self._book.write(partial(rows.take_in, entries=entries))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not leave people waiting, nor end the intake
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        try:
            self._told(list(zip(entries, counted, strict=True)))
        except Exception:  # noqa: BLE001 - the reports are on disk: who sent them is answered, and the next are taken
            _log.exception("reports were taken, and could not be counted up")
        for (_, done), counts in zip(batch, counted, strict=True):
            if not done.done():  # who has hung up meanwhile has reported all the same
                done.set_result(counts)


def _check(report: Report) -> None:
    if report.kind not in report.service.kinds:
        kinds = ", ".join(report.service.kinds)
        raise Invalid(f'kind: "{report.kind[:60]}"; expected one of {kinds}')
    if len(report.words) > REPORT_WORDS_CHARACTERS_MAX:
        raise Invalid(f"words: at most {REPORT_WORDS_CHARACTERS_MAX} characters")
