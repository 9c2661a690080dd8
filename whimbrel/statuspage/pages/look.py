"""What pages are made of: what is shown, why, and how the last 90 days were, at one moment.

Promises: the past is read from the book once a minute or when something has changed, not once a reader; when the book
cannot be read, the newest past that was read is shown, because a page that is half an hour old in one corner helps and
an error does not.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import BOARD_NOTED_SECONDS, PAGE_ANEW_SECONDS, PAGE_PAST_SECONDS, TURN_LATE_SECONDS
from whimbrel.statuspage.board import rows
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.board.uptime import DAY_MS, Parts, Span, days, parts
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.showing import Showing
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.values import Verdict
from whimbrel.statuspage.verdict import DEFAULT, Thresholds
from whimbrel.statuspage.watching.slo import Budget

_log = logging.getLogger("whimbrel.status")

PAST_DAYS: Final = 90


class Past(NamedTuple):
    """How a component was: its spans of the 90 days, each day, and all of them together."""

    spans: Sequence[Span]
    days: Sequence[Parts]
    whole: Parts


NO_PAST: Final = Past((), (), Parts(0, {}))


class Look(NamedTuple):
    """One moment. `blind`: the program has not looked for so long that what stands here is old.

    `thresholds`: the rule's numbers that are in force. `budgets`: what is left of every error budget.
    """

    shown: Shown
    verdicts: Mapping[str, Verdict]
    past: Mapping[str, Past]
    now_ms: int
    seen_ms: int
    blind: bool
    thresholds: Thresholds = DEFAULT
    budgets: Sequence[Budget] = ()


class Looking:
    """Gives looks. For the program's one loop."""

    def __init__(
        self,
        *,
        book: Book,
        board: Board,
        showing: Showing,
        clock: Clock,
        budgets: Callable[[], Sequence[Budget]] = lambda: (),
    ) -> None:
        """`budgets`: what is left of every error budget, from who counts."""
        self._budgets = budgets
        self._book, self._board, self._showing, self._clock = book, board, showing, clock
        self._spans: Mapping[str, Sequence[Span]] = {}
        self._read: tuple[int, int] = (-1, -1)
        self._reading = asyncio.Lock()

    @property
    def seen_ms(self) -> int:
        """When the board was last looked at."""
        return self._showing.seen_ms

    @property
    def age_ms(self) -> int:
        """Since when the board was last looked at."""
        return max(0, self._clock() - self._showing.seen_ms)

    def key(self) -> tuple[object, ...]:
        """Changes whenever a page has to be made anew: something is shown otherwise, or its figures are old."""
        return *self.change(), self._clock() // (1_000 * PAGE_ANEW_SECONDS)

    def change(self) -> tuple[object, ...]:
        """Changes whenever something is shown otherwise, beyond figures and ages."""
        reasons = tuple(
            (one.component, one.state, *(reason.code for reason in one.reasons))
            for one in self._board.verdicts.values()
        )
        return self._showing.version, reasons, self._is_blind()

    async def look(self) -> Look:
        """The newest moment. Reads the book when its past is older than PAGE_PAST_SECONDS."""
        async with self._reading:
            await self._read_past()
        now_ms = self._clock()
        return Look(
            self._showing.shown,
            dict(self._board.verdicts),
            {one: self._past(one, found, now_ms) for one, found in self._spans.items()},
            now_ms,
            self._showing.seen_ms,
            self._is_blind(),
            self._board.thresholds,
            self._budgets(),
        )

    def _is_blind(self) -> bool:
        return self.age_ms > 1_000 * TURN_LATE_SECONDS

    async def _read_past(self) -> None:
        now_ms = self._clock()
        wanted = (self._showing.version, now_ms // (1_000 * PAGE_PAST_SECONDS))
        if wanted == self._read:
            return
        ids = [component.id for component in self._showing.shown.components]
        try:
            self._spans = await self._book.read(lambda look: rows.between(look, ids, _begins_ms(now_ms), now_ms))
            self._read = wanted
        except WhimbrelError as error:
            _log.warning("the past cannot be read; pages show the newest that was", extra={"error": str(error)})

    def _past(self, component: str, found: Sequence[Span], now_ms: int) -> Past:
        spans = _until_now(found, self._board.verdicts.get(component))
        return Past(spans, days(spans, now_ms=now_ms, count=PAST_DAYS), parts(spans, _begins_ms(now_ms), now_ms))


def _begins_ms(now_ms: int) -> int:
    return now_ms - now_ms % DAY_MS - (PAST_DAYS - 1) * DAY_MS


def _until_now(spans: Sequence[Span], verdict: Verdict | None) -> Sequence[Span]:
    """With the newest span up to the newest verdict: the book is told of an unchanged state only now and then."""
    if not spans or verdict is None or spans[-1].state != verdict.state:
        return spans
    behind_ms = verdict.at_ms - spans[-1].until_ms
    if not 0 < behind_ms <= 1_000 * (BOARD_NOTED_SECONDS + PAGE_PAST_SECONDS):
        return spans
    return [*spans[:-1], spans[-1]._replace(until_ms=verdict.at_ms)]
