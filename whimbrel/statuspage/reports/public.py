"""What everybody may know of a service, gathered once a minute: counts, shares, places, notes, surges, and the verdict.

Promises: however many ask, the book is asked once a minute for each service and stretch (LOOKS_KEPT_MAX kept); nothing
here names a person or a network.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import LOOKS_KEPT_MAX, SURGES_SHOWN_MAX
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


_Moment = tuple[int, int]
"""When a look was true: the newest minute that was judged, and how many notes had been decided about."""


class Public:
    """Looks, kept for the minute for which they are true."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._kept: OrderedDict[tuple[str, int, int], tuple[_Moment, Overview]] = OrderedDict()

    async def overview(self, service: Service, days: int, width: int | None = None) -> Overview:
        """A service over 1, 7 or 90 days. Raises Invalid, StoreUnavailable."""
        if days not in WIDTHS:
            raise Invalid(f"days: expected one of {', '.join(str(one) for one in WIDTHS)}")
        key, now = (service.id, days, width or WIDTHS[days]), (self._reports.minute, self._reports.decisions)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == now:
            said = self._reports.said(service)
            return kept[1] if said.standing is None else kept[1]._replace(said=said)
        said = await self._reports.looked_at(service)
        found = await self._reports.book.read(lambda look: self._looked(look, said, days, key[2]))
        self._kept[key] = (now, found)
        self._kept.move_to_end(key)
        while len(self._kept) > LOOKS_KEPT_MAX:
            self._kept.popitem(last=False)
        return found

    def _looked(self, look: Reading, said: Said, days: int, width: int) -> Overview:
        over = stretch(said.minute, days, width)
        rows = counted_rows(look, said.number, over.start, over.until)
        kinds, countries = dict[str, int](), dict[str, int]()
        for row in rows:
            kind, country = self._reports.slug(row.kind), places.country_of(row.place)
            kinds[kind] = kinds.get(kind, 0) + row.reports
            if country:
                countries[country] = countries.get(country, 0) + row.reports
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
