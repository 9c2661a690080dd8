"""Scraping the watched nodes: one GET of /metrics each, and what it adds to indicators, rates and answers.

A node that does not answer, or answers nonsense, is a gap and not an outage: metrics are for the machine, and what
people feel is for the probes to find out. The words of the last failure are kept for the operator.
"""

from collections.abc import Mapping
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import SCRAPE_ANSWER_SECONDS, SCRAPE_BYTES_MAX
from whimbrel.statuspage.watching.exposition import parse
from whimbrel.statuspage.watching.fetching import Request, fetch
from whimbrel.statuspage.watching.indicators import Indicators
from whimbrel.statuspage.watching.lags import Lags
from whimbrel.statuspage.watching.measured import Bin, Measured
from whimbrel.statuspage.watching.metrics import WANTED, Count, Growth, Node
from whimbrel.statuspage.watching.observed import Observed
from whimbrel.statuspage.watching.rates import Rates
from whimbrel.statuspage.watching.slo import CHANGING, DELAYED, LOOKED, Slo
from whimbrel.statuspage.watching.staleness import Staleness

_NOTHING: Final = Count()


class Scraper:
    """Everything that metrics tell, from all nodes."""

    def __init__(self, *, observed: Observed, slos: Mapping[str, Slo], clock: Clock, ca_file: str = "") -> None:
        self._observed, self._slos, self._clock, self._ca_file = observed, slos, clock, ca_file
        self.indicators, self.rates = Indicators(slos), Rates()
        self.staleness, self.lags = Staleness(), Lags(slos)
        self.measured = Measured()
        self._nodes: dict[str, Node] = {}
        self.failing: dict[str, str] = {}
        """Why a node's metrics could not be read the last time, by its address."""

    async def scrape(self, url: str) -> None:
        """Read one node's metrics, at `url`/metrics. Never raises but for cancellation."""
        request = Request(
            f"{url}/metrics",
            total_seconds=SCRAPE_ANSWER_SECONDS,
            connect_seconds=SCRAPE_ANSWER_SECONDS,
            body_bytes_max=SCRAPE_BYTES_MAX,
            reach="anywhere",
            ca_file=self._ca_file,
        )
        try:
            answer = (await fetch(request)).expect(200)
            self.take(url, answer.text)
        except WhimbrelError as error:
            self.failing[url] = error.public
            self.rates.missed(self._clock() // 60_000)

    def take(self, url: str, text: str) -> None:
        """Take in what a node tells. Raises MalformedMetrics, and then has taken nothing."""
        now_ms = self._clock()
        samples = list(parse(text, WANTED))
        self.failing.pop(url, None)
        growth = self._nodes.setdefault(url, Node()).grown(samples, now_ms, self._slos)
        if growth is None:
            self.rates.missed(now_ms // 60_000)
        else:
            self._note(growth, now_ms)

    def _note(self, growth: Growth, now_ms: int) -> None:
        minute = now_ms // 60_000
        for (component, sli), count in growth.slis.items():
            self.indicators.count(component, sli, minute, count)
            if sli == "availability":
                self._observed.note_requests(
                    component, now_ms, bad=count.bad, total=count.total, from_ms=growth.from_ms
                )
        self.rates.count(minute, {"posting": growth.posts, "reading": growth.reads})
        self.staleness.note(now_ms, growth.answers, growth.lag_seconds)
        self.lags.note(now_ms, growth.lags)
        self.measured.note(minute, _bins(growth))
        self._note_for_writeups(growth, minute)

    def _note_for_writeups(self, growth: Growth, minute: int) -> None:
        """How many posts came while home was behind, and whether processes were being replaced then."""
        lag_seconds = growth.lags.get("home")
        if lag_seconds is not None:
            late = lag_seconds > self._slos.get("home", Slo()).freshness_seconds
            self.indicators.count(*DELAYED, minute, Count(growth.posts if late else 0, growth.posts))
            self.indicators.count(*LOOKED, minute, Count(int(late), 1))
        if growth.changing is not None:
            self.indicators.count(*CHANGING, minute, Count(int(growth.changing), 1))


def _bins(growth: Growth) -> dict[str, Bin]:
    counted = {component: count for (component, sli), count in growth.slis.items() if sli == "availability"}
    return {
        component: Bin(
            bad=counted.get(component, _NOTHING).bad,
            total=counted.get(component, _NOTHING).total,
            within=dict(growth.within.get(component, {})),
            lag_seconds=growth.lags.get(component),
        )
        for component in counted.keys() | growth.lags.keys()
    }
