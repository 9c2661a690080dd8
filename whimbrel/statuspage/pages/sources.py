"""Where the charts of a part have their figures from: the indicators that are counted, and the reports of people.

Promises: a book that cannot be read costs a chart and not the page.
"""

from collections.abc import Callable, Sequence
from typing import Final

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.pages.charts import Figures, Kind
from whimbrel.statuspage.reports.kinds import components_of
from whimbrel.statuspage.reports.public import Public
from whimbrel.statuspage.watching import charted, measured
from whimbrel.statuspage.watching.measured import Bin

_DAY_MINUTES: Final = 1_440
_KINDS: Final[tuple[tuple[str, Kind], ...]] = (("availability", "errors"), ("latency", "slow"), ("freshness", "stale"))
_PERCENTILES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


class Counted:
    """The last day of what the watched service's nodes have counted, and of what the probes found."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def figures(self, component: str, now_ms: int) -> Sequence[Figures]:
        """How long answers took and how far views were behind; shares that failed, were slow, were old."""
        until = now_ms // 60_000
        begins = until - _DAY_MINUTES + charted.BIN_MINUTES
        try:
            found, bins = await self._book.read(
                lambda look: (
                    charted.shares(look, component, from_minute=begins, until_minute=until + 1),
                    measured.bins(look, component, measured.DAY, until),
                )
            )
        except WhimbrelError:
            return ()
        shares = {kind: Figures(kind, found[sli]) for sli, kind in _KINDS if sli in found}
        figures = [latency(bins), shares.get("slow"), shares.get("errors"), lag(bins), shares.get("stale")]
        return [one for one in figures if one is not None]


def latency(bins: Sequence[tuple[int, Bin | None]]) -> Figures | None:
    """Three percentiles; None of no answers."""
    p50, p95, p99 = (
        [(60_000 * start, None if one is None else measured.percentile(one.within, share)) for start, one in bins]
        for _, share in _PERCENTILES
    )
    if all(value is None for _, value in p95):
        return None
    return Figures("latency", p95, name="p95", beside=(("p50", p50), ("p99", p99)))


def lag(bins: Sequence[tuple[int, Bin | None]]) -> Figures | None:
    """How far the component's oldest view was behind, at worst; None when nobody said."""
    points = [(60_000 * start, None if one is None else one.lag_seconds) for start, one in bins]
    return Figures("lag", points) if any(value is not None for _, value in points) else None


class Reported:
    """The last day of reports whose kind speaks about a component of the watched service."""

    def __init__(self, public: Public, catalogue: Catalogue, slug: Callable[[int], str]) -> None:
        """`slug`: the word for a kind's number."""
        self._public, self._catalogue, self._slug = public, catalogue, slug

    async def figures(self, component: str, now_ms: int) -> Sequence[Figures]:
        """Reports by quarter of an hour."""
        own = next((one for one in self._catalogue.services.values() if one.own), None)
        if own is None:
            return ()
        try:
            bins = (await self._public.overview(own, 1)).bins
        except WhimbrelError:
            return ()
        points = [
            (
                60_000 * one.minute,
                float(sum(n for kind, n in one.kinds.items() if component in components_of(self._slug(kind))))
                if one.measured
                else None,
            )
            for one in bins
            if 60_000 * one.minute <= now_ms
        ]
        return [Figures("reports", points)] if any(value for _, value in points) else ()
