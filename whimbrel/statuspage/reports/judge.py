"""The judge: once a minute, what each service's reports of that minute mean, written down so that anybody can check.

Promises: a minute is judged once, when it is over and everything that came in it is on disk; after a restart the judge
goes on where it was, from the detector's state of the last hour and the readings since; minutes in which the program
did not run are a gap, not silence. A clock that steps back begins the detectors anew with what they have learned.
What the disk does not take is kept for JUDGED_WAITING_MAX minutes and written with the next ones.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from whimbrel.kernel.contracts import Reading as Look
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import JUDGED_AT_ONCE, JUDGED_WAITING_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.detection import attribution, brigade, surge
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.judged_rows import Judged, Span, Written
from whimbrel.statuspage.reports.standings import Measured, Standing, Standings
from whimbrel.statuspage.reports.tally import KEPT_MINUTES, Tally

BEHIND_MINUTES_MAX: Final = 5
"""A program that was stopped for longer has a gap instead of a row of empty minutes."""
_CHECKPOINT_MINUTES: Final = 60
_WHOLE: Final = 4


class Judge:
    """Judges services, named by their numbers, for the program's one loop; `load` first."""

    def __init__(self, *, book: Book, tally: Tally, name_of: Callable[[int], str]) -> None:
        self._book, self._tally, self._name_of = book, tally, name_of
        self._services = Standings(book, self._measured)
        self._waiting: list[Judged] = []
        self._next, self._span = 0, 0
        self.failing = ""
        """Why what was judged cannot be written down; empty while it can."""

    async def load(self, now_minute: int) -> None:
        """Go on as of this minute."""
        span = await self._book.read(_newest_span)
        goes_on = span is not None and -1 <= now_minute - span.until <= 1
        if span is not None and goes_on:
            self._next, self._span = span.until + 1, span.start
        else:
            self._begin(now_minute + 1)
        await self._services.load(now_minute)

    @property
    def minute(self) -> int:
        """The newest minute that was judged."""
        return self._next - 1

    @property
    def standings(self) -> Mapping[int, Standing]:
        """Of the services that have had reports lately, by number; no other has a surge."""
        return self._services.awake

    async def look_at(self, number: int) -> Standing | None:
        """How any service stands; None when nothing is known of it. Raises StoreUnavailable."""
        return await self._services.look_at(number)

    def says(self, number: int, seen: SurgeSeen) -> None:
        """Somebody else knows more about a surge that goes on: it is kept."""
        standing = self.standings.get(number)
        if standing is not None and standing.seen is not None and standing.seen.since == seen.since:
            self._services.awake[number] = standing._replace(seen=seen)

    async def turn(self, now_minute: int, services: Mapping[int, int], oldest: int | None) -> bool:
        """Judge the minutes that are over; returns whether there were any.

        `services` are the numbers to judge, each with how many minutes of its reports are to be kept in memory;
        `oldest` is the minute of the oldest report that is not on disk.
        """
        if now_minute < self._next - 2:
            self._anew(now_minute + 1)
        elif now_minute - self._next > BEHIND_MINUTES_MAX:
            self._begin(now_minute)
        judged = False
        while self._next < now_minute and (oldest is None or oldest > self._next):
            await self._judge(self._next, services)
            self._next += 1
            judged = True
        return judged

    def _measured(self) -> Measured:
        return Measured(Span(self._span, self._next - 1), tuple(self._waiting))

    def _begin(self, minute: int) -> None:
        """Measure from this minute on; what lies before is a gap."""
        self._next = self._span = minute

    def _anew(self, minute: int) -> None:
        self._begin(minute)
        self._services.begin_anew()

    async def _judge(self, minute: int, services: Mapping[int, int]) -> None:
        written, states = list[Written](), dict[int, bytes]()
        self._services.forget(services)
        due = [number for number in services if self._is_due(number, minute)]
        for start in range(0, len(due), JUDGED_AT_ONCE):
            numbers = due[start : start + JUDGED_AT_ONCE]
            await self._services.wake(numbers)
            for number in numbers:
                row, state = self._judge_one(number, minute)
                written += [row] if row.reports or row.again or row.since is not None else []
                states |= {number: state} if state is not None else {}
            self._services.rest(minute)
            await asyncio.sleep(0)
        self._attribute(minute)
        self._tally.forget(minute, services)
        surges = {number: one.seen for number, one in self.standings.items() if one.seen is not None}
        self._waiting = [
            *self._waiting[-JUDGED_WAITING_MAX:],
            Judged(minute, self._span, tuple(written), states, surges),
        ]
        for number, seen in surges.items():
            if seen.until is not None:
                self._services.awake[number] = self.standings[number]._replace(seen=None)
        await self._write()

    def _is_due(self, number: int, minute: int) -> bool:
        """Whether a service has to be looked at this minute: awake, spoken of, new, or to be kept again."""
        came = self._tally.of(number, minute)
        return bool(
            number in self.standings
            or came.reports
            or came.again
            or self._services.is_new(number)
            or _is_kept_at(number, minute)
        )

    def _judge_one(self, number: int, minute: int) -> tuple[Written, bytes | None]:
        """What a minute of one service came to, and its detector's state if that is to be kept."""
        keeps = _is_kept_at(number, minute) or minute == self._span or self._services.is_new(number)
        after, row = _after(self.standings.get(number), minute, number, self._tally)
        self._services.judged(number, after, minute, heard=bool(row.reports or row.again))
        return row, judged_rows.packed(after.watch) if keeps else None

    async def _write(self) -> None:
        try:
            await self._book.write(partial(judged_rows.add, judged=tuple(self._waiting)))
        except Unavailable as error:
            self.failing = str(error)
        else:
            self._waiting, self.failing = [], ""

    def _attribute(self, minute: int) -> None:
        surging = [
            self._surging(number, standing.seen, standing.watch, minute)
            for number, standing in self.standings.items()
            if standing.seen is not None and standing.seen.until is None
        ]
        roles = {one.service: one for one in attribution.attributed(surging)}
        for number, standing in self.standings.items():
            role = roles.get(str(number))
            if standing.seen is None or role is None:
                continue
            seen = msgspec.structs.replace(
                standing.seen,
                role=role.role,
                of=self._name_of(int(role.of)) if role.of is not None else "",
                confidence=role.confidence,
                common_cause=role.common_cause,
            )
            self._services.awake[number] = standing._replace(seen=seen)

    def _surging(self, number: int, seen: SurgeSeen, watch: surge.Watch, minute: int) -> attribution.Surging:
        track = watch.track
        excess = [count - mean for count, mean in zip(track.counts, track.means, strict=True)]
        excess = [0.0] * (KEPT_MINUTES - len(excess)) + excess
        return attribution.Surging(
            str(number),
            seen.since,
            tuple(excess),
            _shares(self._tally.kinds(number, minute)),
            _shares(self._tally.places(number, minute)),
        )


def _after(before: Standing | None, minute: int, number: int, tally: Tally) -> tuple[Standing, Written]:
    """How a service stands after one more minute, and the row that says so."""
    standing = before or Standing(surge.watching())
    came = tally.of(number, minute)
    weighing = brigade.weighed(tally.composition(number, minute)) if came.reports else None
    counted = came.quarters / _WHOLE * (weighing.weight if weighing else 1.0)
    watch, reading = surge.observed(standing.watch, minute, counted)
    seen = _seen(standing.seen, reading, weighing)
    since = None if reading.surge is None else reading.surge.since
    row = Written(number, came.reports, came.again, counted, reading.expected, reading.score, since)
    return Standing(watch, reading, weighing, seen), row


def _seen(before: SurgeSeen | None, reading: surge.Reading, weighing: brigade.Weighing | None) -> SurgeSeen | None:
    now = reading.surge
    if now is None:
        return None if before is None else msgspec.structs.replace(before, until=reading.minute)
    seen = (
        before if before is not None and before.since == now.since else SurgeSeen(since=now.since, noticed=now.noticed)
    )
    if weighing is not None:
        seen = msgspec.structs.replace(
            seen, weight=weighing.weight, doubts=tuple(reason.words for reason in weighing.reasons)
        )
    return msgspec.structs.replace(seen, peak=now.peak, excess=now.excess, score=max(seen.score, reading.score))


def _shares(counts: Mapping[int, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {str(key): count / total for key, count in counts.items()}


def _is_kept_at(number: int, minute: int) -> bool:
    """Whether a service's state is kept after this minute: once an hour, not all of them in the same one."""
    return (minute + number) % _CHECKPOINT_MINUTES == 0


def _newest_span(look: Look) -> Span | None:
    spans = judged_rows.spans(look)
    return spans[-1] if spans else None
