"""How many people and posts there are, for the documents that say what this server is.

Counted in the store, kept for a while in memory, so that a document that every app asks for at its start costs
nothing. While the store is away the last count stands; before there has been one, there is none (`None`).
"""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Reads
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.ids import id_at
from whimbrel.kernel.sql import Queries

COUNT_KEPT_SECONDS: Final = 60
WEEKS_KEPT_SECONDS: Final = 3_600
WEEKS: Final = 12

_DAY_MS: Final = 86_400_000
_WEEK_MS: Final = 7 * _DAY_MS
_FIRST_MONDAY_MS: Final = 4 * _DAY_MS
_queries = Queries("whimbrel.microblog", "census.sql")


class Count(NamedTuple):
    """People and posts. `active_month` and `active_half_year` count who posted in the last 30 and 182 days."""

    people: int
    active_month: int
    active_half_year: int
    posts: int


class Week(NamedTuple):
    """What happened in the seven days from a Monday, 0:00 UTC; `begins_ms` is milliseconds since 1970."""

    begins_ms: int
    posts: int
    sign_ins: int
    sign_ups: int


class Census:
    """Counts, at most once in COUNT_KEPT_SECONDS, the weeks once in WEEKS_KEPT_SECONDS.

    `left_out` gives the names, in lower case, of accounts that are no people and do not count.
    """

    def __init__(self, *, reads: Reads, clock: Clock, left_out: Callable[[], Collection[str]] = tuple) -> None:
        self._reads, self._clock, self._left_out = reads, clock, left_out
        self._count: Count | None = None
        self._counted_ms = 0
        self._weeks: list[Week] = []
        self._weeks_counted_ms = 0

    async def count(self) -> Count | None:
        """People and posts, or None when the store has been away since the start."""
        now_ms = self._clock()
        if self._count is None or now_ms - self._counted_ms >= COUNT_KEPT_SECONDS * 1000:
            left_out = self._left_out()
            try:
                self._count = await self._reads.read(lambda rows: _counted(rows, now_ms, left_out), fresh=False)
            except StoreUnavailable:
                return self._count
            self._counted_ms = now_ms
        return self._count

    async def weeks(self) -> list[Week]:
        """The last WEEKS weeks, the current one first. Raises StoreUnavailable when they were never counted."""
        now_ms = self._clock()
        if not self._weeks or now_ms - self._weeks_counted_ms >= WEEKS_KEPT_SECONDS * 1000:
            left_out = self._left_out()
            try:
                self._weeks = await self._reads.read(lambda rows: _weeks(rows, now_ms, left_out), fresh=False)
            except StoreUnavailable:
                if not self._weeks:
                    raise
                return self._weeks
            self._weeks_counted_ms = now_ms
        return self._weeks


def _counted(rows: Reading, now_ms: int, left_out: Collection[str]) -> Count:
    times = {"month_ms": now_ms - 30 * _DAY_MS, "half_year_ms": now_ms - 182 * _DAY_MS}
    found = rows.one(_queries.people, {**times, "left_out": tuple(left_out)})
    assert found is not None  # an aggregate without GROUP BY always has a row
    return Count(*found)


def _weeks(rows: Reading, now_ms: int, left_out: Collection[str]) -> list[Week]:
    newest_ms = now_ms - (now_ms - _FIRST_MONDAY_MS) % _WEEK_MS
    return [_week(rows, newest_ms - back * _WEEK_MS, left_out) for back in range(WEEKS)]


def _week(rows: Reading, begins_ms: int, left_out: Collection[str]) -> Week:
    ids = {"from_id": id_at(begins_ms), "to_id": id_at(begins_ms + _WEEK_MS)}
    people = {**ids, "left_out": tuple(left_out)}
    asked = ((_queries.posts_between, ids), (_queries.sign_ins_between, people), (_queries.sign_ups_between, people))
    posts, sign_ins, sign_ups = ((rows.one(sql, values) or (0,))[0] for sql, values in asked)
    return Week(begins_ms, posts, sign_ins, sign_ups)
