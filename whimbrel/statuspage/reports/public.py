"""What everybody may know of a service, gathered once a minute: counts, shares, places, notes, surges, and the verdict.

Promises: however many ask, the book is asked once a minute for each service and stretch (LOOKS_KEPT_MAX kept, of
LOOKS_KEPT_BINS_MAX bins together), for one of them at a time, so that one of the book's readers is free for who
watches; nothing here names a person or a network.
"""

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.kernel.limits import (
    LOOK_WAIT_SECONDS,
    LOOKS_KEPT_BINS_MAX,
    LOOKS_KEPT_MAX,
    LOOKS_WAITING_MAX,
    SURGES_SHOWN_MAX,
)
from whimbrel.statuspage.reports import judged_rows, notes, places
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.front import Reports, Said
from whimbrel.statuspage.reports.judged_rows import Span
from whimbrel.statuspage.reports.notes import Note
from whimbrel.statuspage.reports.rows import SQL
from whimbrel.statuspage.reports.series import Bin, Row, series, shares, stretch
from whimbrel.statuspage.values import Service

WIDTHS: Final = {1: 15, 7: 60, 90: 1_440}
"""How wide a bin is, in minutes, by the number of days that are looked at."""
INTERVALS: Final = {"15m": 15, "1h": 60, "1d": 1_440}

Share = tuple[str, int, float]


class Overview(NamedTuple):
    """A service over some days: bins, kinds and countries (code, count, share), notes, surges."""

    said: Said
    days: int
    bins: list[Bin]
    kinds: list[Share]
    countries: list[Share]
    notes: list[Note]
    surges: list[SurgeSeen]

    @property
    def total(self) -> int:
        """Reports that counted."""
        return sum(one.reports for one in self.bins)


_BUSY: Final = "Too many look at different services at once. Please try again in a moment."
_Key = tuple[str, int, int]
"""A service, how many days, how wide a bin."""
_Moment = tuple[int, int]
"""When a look was true: the newest minute that was judged, and how many notes had been decided about."""


class Public:
    """Looks, kept for the minute for which they are true."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._kept: OrderedDict[_Key, tuple[_Moment, Overview]] = OrderedDict()
        self._looking: dict[_Key, asyncio.Lock] = {}
        self.alone = asyncio.Lock()
        """Held by who looks at much."""

    async def overview(self, service: Service, days: int, width: int | None = None) -> Overview:
        """A service over 1, 7 or 90 days. Raises Invalid, Unavailable."""
        if days not in WIDTHS:
            raise Invalid(f"days: expected one of {', '.join(str(one) for one in WIDTHS)}")
        key = (service.id, days, width or WIDTHS[days])
        return self._fresh(key, service) or await self._made(key, service)

    def _fresh(self, key: _Key, service: Service) -> Overview | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] != self._now():
            return None
        said = self._reports.said(service)
        return kept[1] if said.standing is None else kept[1]._replace(said=said)

    async def _made(self, key: _Key, service: Service) -> Overview:
        """Made by the first who asks for it, while the others wait; of too many different ones the rest are refused."""
        lock = self._looking.get(key)
        if lock is None and len(self._looking) >= LOOKS_WAITING_MAX:
            raise Unavailable(_BUSY)
        lock = self._looking.setdefault(key, asyncio.Lock())
        try:
            async with asyncio.timeout(LOOK_WAIT_SECONDS), lock:
                return self._fresh(key, service) or await self._look(key, service)
        except TimeoutError:
            raise Unavailable(_BUSY) from None
        finally:
            if not lock.locked():
                self._looking.pop(key, None)

    async def _look(self, key: _Key, service: Service) -> Overview:
        _, days, width = key
        now, said = self._now(), await self._reports.looked_at(service)
        async with self.alone:
            found = await self._reports.book.read(lambda look: self._looked(look, said, days, width))
        self._keep(key, now, found)
        return found

    def _keep(self, key: _Key, now: _Moment, found: Overview) -> None:
        """Keep it, and of the others what is true and has room beside it: 90 days in quarters of an hour are 3 MB."""
        self._kept = OrderedDict((one, kept) for one, kept in self._kept.items() if kept[0] == now and one != key)
        self._kept[key] = (now, found)
        bins = sum(len(kept.bins) for _, kept in self._kept.values())
        while len(self._kept) > LOOKS_KEPT_MAX or (bins > LOOKS_KEPT_BINS_MAX and len(self._kept) > 1):
            _, (_, gone) = self._kept.popitem(last=False)
            bins -= len(gone.bins)

    def _now(self) -> _Moment:
        return self._reports.minute, self._reports.decisions

    def _looked(self, look: Reading, said: Said, days: int, width: int) -> Overview:
        over = stretch(said.minute, days, width)
        place = {"service": said.number, "start": over.start, "until": over.until}
        rows = [Row(*row) for row in look.all(SQL.counts, place | {"width": width})]
        kinds, countries = dict[str, int](), dict[str, int]()
        for row in rows:
            kind = self._reports.slug(row.kind)
            kinds[kind] = kinds.get(kind, 0) + row.reports
        for where, reports in look.all(SQL.by_place, place):
            if country := places.country_of(where):
                countries[country] = countries.get(country, 0) + reports
        baseline = said.standing.watch.track.baseline if said.standing is not None else None
        spans: list[Span] = judged_rows.spans(look)
        return Overview(
            said,
            days,
            series(over, rows, spans, baseline),
            shares(kinds),
            shares(countries),
            notes.shown(look, said.number),
            judged_rows.surges(look, said.number, over.start, SURGES_SHOWN_MAX),
        )


def counted_rows(look: Reading, service: int, start: int, until: int) -> list[Row]:
    """Counts in quarters of an hour."""
    return [Row(*row) for row in look.all(SQL.bins, {"service": service, "start": start, "until": until})]
