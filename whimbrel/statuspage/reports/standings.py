"""How services stand: in memory those that have had reports lately, in the book all others.

Design note. A detector's state is 18 kB in memory, and a page may take reports about 2,000 services, of which few have
had any today. **Considered.** Keeping all of them: 36 MB for minutes in which nothing came. Letting those without
reports stand still: then they would not learn what is usual for them, and nobody could recompute the verdict.
**Built.** A service without reports goes to sleep: its state is what the book keeps, and the minutes since are what the
book has of them, mostly nothing. When a report comes, when its state is due to be kept, or when somebody looks at it,
it is brought up to date from there, minute by minute, to the last digit: 8 microseconds a minute, for an hour at most.

Promises: no more than SERVICES_AWAKE_MAX are in memory for longer than a moment, and those in a surge; which ones those
are makes no difference to any figure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from whimbrel.kernel.contracts import Reading as Look
from whimbrel.kernel.limits import SERVICES_AWAKE_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.detection import brigade, surge
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.judged_rows import Judged, Span, unpacked

AWAKE_MINUTES: Final = 120
"""For how long a service stays in memory after its last report."""


class Standing(NamedTuple):
    """How a service stands after the newest minute."""

    watch: surge.Watch
    reading: surge.Reading | None = None
    weighing: brigade.Weighing | None = None
    seen: SurgeSeen | None = None


class Measured(NamedTuple):
    """What the book does not know yet: the stretch that is being measured, and what waits to be written down."""

    span: Span
    waiting: Sequence[Judged]


class Standings:
    """By the services' numbers, for the program's one loop. `measured`: what is known beside the book."""

    def __init__(self, book: Book, measured: Callable[[], Measured]) -> None:
        self._book, self._measured = book, measured
        self._known: set[int] = set()
        self._heard: dict[int, int] = {}
        self.awake: dict[int, Standing] = {}

    async def load(self, minute: int) -> None:
        """Know who there is, and wake those in a surge; others wake by themselves."""
        self._known, surging = await self._book.read(lambda look: (judged_rows.known(look), [*_open(look)]))
        await self.wake(surging)
        self._heard = dict.fromkeys(self.awake, minute)

    def is_new(self, number: int) -> bool:
        """Whether nothing is known of a service."""
        return number not in self._known

    async def wake(self, numbers: Iterable[int]) -> None:
        """Have services in memory, brought up to date with the newest minute that was measured."""
        asleep = [one for one in numbers if one in self._known and one not in self.awake]
        if asleep:
            self.awake |= await self._book.read(partial(_up_to_date, numbers=asleep, measured=self._measured()))

    async def look_at(self, number: int) -> Standing | None:
        """How one stands, without waking it; None when nothing is known of it. Raises StoreUnavailable."""
        if number in self.awake or number not in self._known:
            return self.awake.get(number)
        return (await self._book.read(partial(_up_to_date, numbers=[number], measured=self._measured()))).get(number)

    def judged(self, number: int, standing: Standing, minute: int, *, heard: bool) -> None:
        """A service stands so after a minute; `heard`: people have reported in it."""
        self._known.add(number)
        self.awake[number] = standing
        if heard:
            self._heard[number] = minute

    def rest(self, minute: int) -> None:
        """Let those sleep that have been quiet, and if there are too many, those that have been so for longest."""
        for number in [one for one in self.awake if minute - self._heard.get(one, 0) >= AWAKE_MINUTES]:
            self._let_sleep(number)
        if len(self.awake) > SERVICES_AWAKE_MAX:
            ordered = sorted(self.awake, key=lambda one: self._heard.get(one, 0))
            for number in ordered[: len(ordered) - SERVICES_AWAKE_MAX]:
                self._let_sleep(number)

    def forget(self, known: Mapping[int, int]) -> None:
        """Let go of services about which no reports are taken any more."""
        for number in [one for one in self.awake if one not in known]:
            del self.awake[number]

    def begin_anew(self) -> None:
        """Watch from now on with nothing but what was learned: the clock has stepped back."""
        for number, standing in self.awake.items():
            self.awake[number] = _anew(standing.watch)

    def _let_sleep(self, number: int) -> None:
        if self.awake[number].seen is None:
            del self.awake[number]
            self._heard.pop(number, None)


def _anew(watch: surge.Watch) -> Standing:
    return Standing(surge.watching(watch.track.baseline))


def _open(look: Look) -> Mapping[int, SurgeSeen]:
    return judged_rows.open_surges(look)


def _up_to_date(look: Look, numbers: Sequence[int], measured: Measured) -> dict[int, Standing]:
    """Detectors, brought from their kept states to the newest measured minute."""
    spans = [*judged_rows.spans(look), measured.span]
    surges = judged_rows.open_surges(look)
    return {number: _brought(look, number, spans, measured, surges.get(number)) for number in numbers}


def _brought(look: Look, number: int, spans: Sequence[Span], measured: Measured, seen: SurgeSeen | None) -> Standing:
    minute, state = _kept(look, number, measured.waiting)
    if state is None:
        return Standing(surge.watching(), None, None, seen)
    watch, reading = unpacked(state), None
    until = measured.span.until
    if minute > until:  # the clock has stepped back while it slept
        return _anew(watch)
    known = {one: row.counted for one, row in judged_rows.readings(look, number, minute, until).items()}
    known |= {one.minute: row.counted for one in measured.waiting for row in one.written if row.service == number}
    for one in judged_rows.minutes_of(spans, minute, until):
        watch, reading = surge.observed(watch, one, known.get(one, 0.0))
    return Standing(watch, reading, None, seen)


def _kept(look: Look, number: int, waiting: Sequence[Judged]) -> tuple[int, bytes | None]:
    """The newest state of a detector and its minute: one that waits to be written down, else the book's."""
    for one in reversed(waiting):
        if number in one.states:
            return one.minute, one.states[number]
    return judged_rows.newest_state(look, number) or (0, None)
