"""The judge: once a minute, what each service's reports of that minute mean, written down so that anybody can check.

Promises: a minute is judged once, when it is over and everything that came in it is on disk; after a restart the judge
goes on where it was, from the detector's state of the last hour and the readings since; minutes in which the program
did not run are a gap, not silence. A clock that steps back begins the detectors anew with what they have learned.
What the disk does not take is kept for JUDGED_WAITING_MAX minutes and written with the next ones.
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading as Look
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import JUDGED_AT_ONCE, JUDGED_WAITING_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.detection import attribution, brigade, surge
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.judged_rows import Judged, Written
from whimbrel.statuspage.reports.tally import KEPT_MINUTES, Tally

BEHIND_MINUTES_MAX: Final = 5
"""A program that was stopped for longer has a gap instead of a row of empty minutes."""
_CHECKPOINT_MINUTES: Final = 60
_WHOLE: Final = 4


class Standing(NamedTuple):
    """How a service stands after the newest minute."""

    watch: surge.Watch
    reading: surge.Reading | None = None
    weighing: brigade.Weighing | None = None
    seen: SurgeSeen | None = None


class Judge:
    """Judges services, named by their numbers, for the program's one loop; `load` first."""

    def __init__(self, *, book: Book, tally: Tally, name_of: Callable[[int], str]) -> None:
        self._book, self._tally, self._name_of = book, tally, name_of
        self._standings: dict[int, Standing] = {}
        self._waiting: list[Judged] = []
        self._next, self._span = 0, 0
        self.failing = ""
        """Why what was judged cannot be written down; empty while it can."""

    async def load(self, now_minute: int) -> None:
        """Go on as of this minute."""
        known, span = await self._book.read(_loaded)
        self._standings = known
        goes_on = span is not None and -1 <= now_minute - span.until <= 1
        if span is not None and goes_on:
            self._next, self._span = span.until + 1, span.start
        else:
            self._begin(now_minute + 1)

    @property
    def minute(self) -> int:
        """The newest minute that was judged."""
        return self._next - 1

    @property
    def standings(self) -> Mapping[int, Standing]:
        """By the service's number."""
        return self._standings

    def says(self, number: int, seen: SurgeSeen) -> None:
        """Somebody else knows more about a surge that goes on: it is kept."""
        standing = self._standings.get(number)
        if standing is not None and standing.seen is not None and standing.seen.since == seen.since:
            self._standings[number] = standing._replace(seen=seen)

    async def turn(self, now_minute: int, services: Mapping[int, int], oldest: int | None) -> bool:
        """Judge the minutes that are over; returns whether there were any.

        `services` are the numbers to judge; `oldest` is the minute of the oldest report that is not on disk.
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

    def _begin(self, minute: int) -> None:
        """Measure from this minute on; what lies before is a gap."""
        self._next = self._span = minute

    def _anew(self, minute: int) -> None:
        self._begin(minute)
        for number, standing in self._standings.items():
            self._standings[number] = Standing(surge.watching(standing.watch.track.baseline))

    async def _judge(self, minute: int, services: Mapping[int, int]) -> None:
        written, begun = list[Written](), list[int]()
        for place, number in enumerate(services):
            before = self._standings.get(number)
            if before is None:
                begun.append(number)
            after, row = _after(before, minute, number, self._tally)
            self._standings[number] = after
            if row.reports or row.again or row.since is not None:
                written.append(row)
            if place % JUDGED_AT_ONCE == JUDGED_AT_ONCE - 1:
                await asyncio.sleep(0)
        self._attribute(minute)
        self._tally.forget(minute)
        states = {
            number: _packed(standing.watch)
            for number, standing in self._standings.items()
            if (minute + number) % _CHECKPOINT_MINUTES == 0 or minute == self._span or number in begun
        }
        surges = {number: one.seen for number, one in self._standings.items() if one.seen is not None}
        self._waiting = [
            *self._waiting[-JUDGED_WAITING_MAX:],
            Judged(minute, self._span, tuple(written), states, surges),
        ]
        for number, standing in self._standings.items():
            if standing.seen is not None and standing.seen.until is not None:
                self._standings[number] = standing._replace(seen=None)
        await self._write()

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
            for number, standing in self._standings.items()
            if standing.seen is not None and standing.seen.until is None
        ]
        roles = {one.service: one for one in attribution.attributed(surging)}
        for number, standing in self._standings.items():
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
            self._standings[number] = standing._replace(seen=seen)

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


def _packed(watch: surge.Watch) -> bytes:
    return zlib.compress(msgspec.json.encode(watch))


def unpacked(state: bytes) -> surge.Watch:
    """A detector's state as it was kept."""
    return msgspec.json.decode(zlib.decompress(state), type=surge.Watch)


def _loaded(look: Look) -> tuple[dict[int, Standing], judged_rows.Span | None]:
    """Every detector, brought from its kept state to the newest measured minute; the newest span."""
    spans = judged_rows.spans(look)
    surges = judged_rows.open_surges(look)
    found: dict[int, Standing] = {}
    for number, (minute, state) in judged_rows.newest_states(look).items():
        watch, reading = unpacked(state), None
        for one, counted in judged_rows.counted_since(look, number, minute, spans):
            watch, reading = surge.observed(watch, one, counted)
        found[number] = Standing(watch, reading, None, surges.get(number))
    return found, spans[-1] if spans else None
