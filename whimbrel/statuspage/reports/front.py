"""The front of outage reports: takes them, judges them, and says what they add up to. Owns its tasks.

Promises: what it says of a service is of the newest minute that is over; a disk that refuses stops neither the judging
nor the page.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import REPORTS_PER_SECOND_MAX, TALLY_REBUILT_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.evidence import CrowdSeen
from whimbrel.statuspage.operators.moderation import Comment
from whimbrel.statuspage.reports import notes, rows, sweeping
from whimbrel.statuspage.reports.assessing import State, SurgeSeen, assessed
from whimbrel.statuspage.reports.challenge import Challenges
from whimbrel.statuspage.reports.elsewhere import Elsewhere, PageSeen
from whimbrel.statuspage.reports.identity import Identities
from whimbrel.statuspage.reports.intake import FREE_PER_MINUTE, Intake
from whimbrel.statuspage.reports.judge import Judge
from whimbrel.statuspage.reports.kinds import spoken_of
from whimbrel.statuspage.reports.salt import Salts
from whimbrel.statuspage.reports.standings import Standing
from whimbrel.statuspage.reports.tally import BRIGADE_MINUTES, KEPT_MINUTES, Tally
from whimbrel.statuspage.values import Service
from whimbrel.statuspage.watching.reaching import Reach

_KEY_BYTES: Final = 32
_MINUTE_MS: Final = 60_000
_ID_DIGITS_MAX: Final = 18


class Said(NamedTuple):
    """What is known of a service: its number, how it stands, and what its own page says."""

    service: Service
    number: int
    minute: int
    state: State
    standing: Standing | None
    page: PageSeen | None


class Reports:
    """Everything about outage reports, for the program's one loop, between `start` and `stop`.

    `folder` is where the salt lies. `watched_url`: the service whose accounts may report as themselves. `reach`: how
    far other services' pages may be looked for. `free_per_minute` reports of one network in a minute need no
    challenge; None: none ever does. More than `per_second` of all networks are turned away.
    """

    def __init__(
        self,
        *,
        book: Book,
        catalogue: Catalogue,
        clock: Clock,
        folder: Path,
        watched_url: str = "",
        reach: Reach = "public",
        free_per_minute: int | None = FREE_PER_MINUTE,
        per_second: int = REPORTS_PER_SECOND_MAX,
    ) -> None:
        self.book, self.catalogue, self.clock = book, catalogue, clock
        self.identities = Identities(url=watched_url, clock=clock, reach="anywhere")
        self.elsewhere = Elsewhere(book=book, clock=clock, services=self._numbered, reach=reach)
        self._salts, self._tally = Salts(folder), Tally()
        self._judge = Judge(book=book, tally=self._tally, name_of=self._name_of)
        self._names: dict[int, str] = {}
        self._sweeping = False
        self.decisions = 0
        """How often somebody has decided about a note: what was looked at before may not be shown any more."""
        self.failing = ""
        """Why something could not be written down; empty while everything can."""
        self.intake = Intake(
            book=book,
            clock=clock,
            salts=self._salts,
            challenges=Challenges(token_bytes(_KEY_BYTES)),
            told=self._tally.heard,
            free_per_minute=free_per_minute,
            per_second=per_second,
        )

    async def start(self) -> None:
        """Go on where the last run ended. Raises StoreUnavailable, BookUnavailable."""
        now_minute = self.clock() // _MINUTE_MS
        await self._keep_salt()
        await self.intake.start()
        self._tally.heard(await self.book.read(partial(_newest, minute=now_minute - BRIGADE_MINUTES)))
        await self._number()
        await self._judge.load(now_minute)
        await self.elsewhere.start()

    async def stop(self) -> None:
        """Write down what waits, and stop."""
        await self.elsewhere.stop()
        await self.intake.stop()

    async def turn(self) -> None:
        """Do what is due; the program's turn, once a second. A disk that refuses makes it late, and nothing else."""
        await self._keep_salt()
        try:
            await self._turn()
        except Unavailable as error:
            self.failing = str(error)
        else:
            self.failing = self._judge.failing

    async def _turn(self) -> None:
        await self._number()
        now_ms = self.clock()
        services = {
            self.intake.numbers[one.id]: KEPT_MINUTES if one.own else BRIGADE_MINUTES
            for one in self.catalogue.services.values()
        }
        if await self._judge.turn(now_ms // _MINUTE_MS, services, self.intake.oldest_minute()):
            self._compare_pages()
            if (self._judge.minute + 1) % sweeping.BIN_MINUTES == 0:
                await self._sum_up(services)
        if self._sweeping:
            self._sweeping = bool(await self.book.write(partial(sweeping.swept, now_ms=now_ms)))

    @property
    def minute(self) -> int:
        """The newest minute that was judged, counted from 1970; grows when there is something new to say."""
        return self._judge.minute

    def slug(self, number: int) -> str:
        """The slug of a kind or service by its number."""
        return self._names.get(number, "")

    def said(self, service: Service) -> Said:
        """What is known of a service now; its `standing` only if it has had reports lately."""
        number = self.intake.numbers.get(service.id, 0)
        standing = self._judge.standings.get(number)
        state = assessed(standing.seen if standing is not None else None, self._judge.minute)
        return Said(service, number, self._judge.minute, state, standing, self.elsewhere.seen.get(number))

    async def looked_at(self, service: Service) -> Said:
        """What is known of a service now, whenever it was reported last. Raises StoreUnavailable."""
        said = self.said(service)
        return said if said.standing is not None else said._replace(standing=await self._judge.look_at(said.number))

    def kinds(self, number: int, minutes: int = BRIGADE_MINUTES) -> dict[str, int]:
        """Reports about a service by kind, in the newest minutes: 16, of our own service an hour."""
        found = self._tally.kinds(number, self._judge.minute, minutes)
        return {self.slug(kind): count for kind, count in found.items()}

    def crowd(self, component: str, now_ms: int) -> CrowdSeen | None:
        """What people say of a component of the watched service: a surge of reports of its kinds, or None.

        It began with the first report of its first minute: minutes are what is judged, and not when it hurt.
        `reports` are those of the component's kinds since the surge began (of the last hour), `expected` is what the
        whole service usually has in that time: more than the component's own, so nobody can call it exaggerated.
        """
        own = next((one for one in self.catalogue.services.values() if one.own), None)
        said = self.said(own) if own is not None else None
        if said is None or said.standing is None or said.standing.seen is None:
            return None
        seen, track = said.standing.seen, said.standing.watch.track
        if now_ms // _MINUTE_MS - self._judge.minute > KEPT_MINUTES:
            return None
        minutes = min(max(self._judge.minute - seen.since + 1, 1), len(track.means))
        reports = spoken_of(self.kinds(said.number, minutes)).get(component, 0)
        if not reports:
            return None
        return CrowdSeen(
            since_ms=self._tally.of(said.number, seen.since).first_ms or seen.since * _MINUTE_MS,
            reports=float(reports),
            expected=sum(track.means[-minutes:]),
            tail=seen.tail,
            weight=seen.weight,
            culprit=seen.of if seen.role == "bystander" else "",
        )

    async def waiting(self) -> list[Comment]:
        """Notes that an operator has to look at, oldest first (operators' Moderation)."""
        return self._comments(await self.book.read(notes.waiting))

    async def shown(self) -> list[Comment]:
        """Notes that were let through last (operators' Moderation)."""
        return self._comments(await self.book.read(notes.newest_shown))

    async def decide(self, id_: str, *, shown: bool, actor: str) -> None:
        """Let a note through, turn it down, or take it back. Raises NotFound."""
        number = int(id_) if id_.isascii() and id_.isdecimal() and len(id_) < _ID_DIGITS_MAX else 0
        decided = notes.show if shown else notes.hide
        await self.book.write(partial(decided, id_=number, actor=actor, now_ms=self.clock()))
        self.decisions += 1

    def _comments(self, found: Sequence[notes.Note]) -> list[Comment]:
        names = {number: service.name for number, service in self._numbered()}
        return [Comment(str(one.id), names.get(one.service, ""), one.words, one.at_ms) for one in found]

    async def _keep_salt(self) -> None:
        self._salts.at(self.clock())
        with suppress(OSError):  # a salt that is in memory only counts as well, until the next start
            await asyncio.to_thread(self._salts.save)

    async def _number(self) -> None:
        await self.intake.numbered(*self.catalogue.services.values())
        if len(self._names) != len(self.intake.numbers):
            self._names = {number: slug for slug, number in self.intake.numbers.items()}

    async def _sum_up(self, services: Mapping[int, int]) -> None:
        self._sweeping = True
        for number in services:
            if self._tally.kinds(number, self._judge.minute, sweeping.BIN_MINUTES):
                await self.book.write(partial(sweeping.sum_up, service=number, until=self._judge.minute + 1))

    def _compare_pages(self) -> None:
        """See which pages have begun to say what people said."""
        for number, standing in self._judge.standings.items():
            page = self.elsewhere.seen.get(number)
            seen = standing.seen
            if seen is not None and seen.page_changed_ms is None and page is not None and page.admits:
                self._judge.says(number, msgspec.structs.replace(seen, page_changed_ms=page.since_ms))

    def _name_of(self, number: int) -> str:
        return self.slug(number)

    def _numbered(self) -> Sequence[tuple[int, Service]]:
        numbers = self.intake.numbers
        return [(numbers[one.id], one) for one in self.catalogue.services.values() if one.id in numbers]


def disagreement(said: Said) -> SurgeSeen | None:
    """The surge that the service's own page does not admit; None when they agree, or nobody knows."""
    if said.state not in ("moderate", "strong") or said.page is None or said.page.indicator is None or said.page.admits:
        return None
    return said.standing.seen if said.standing is not None else None


def _newest(look: Reading, minute: int) -> list[tuple[rows.Entry, bool]]:
    bounds = {"hour": minute // rows.HOUR_MINUTES, "minute": minute, "limit": TALLY_REBUILT_MAX}
    return [
        (rows.Entry(service, at * _MINUTE_MS, 0, None, kind, place, quarters, network, wording, age), True)
        for service, at, kind, place, quarters, network, wording, age in look.all(rows.SQL.voices_since, bounds)
    ]
