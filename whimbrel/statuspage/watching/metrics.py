"""What the metrics of the watched nodes mean: which component a route belongs to, and what grew since the last scrape.

Promises: pure; counters that went back began anew (a process was restarted) and count from zero; the first scrape of
a node, and one after a long silence, only says where counting begins. Bad are answers of 500 and above, which is also
what a missed deadline becomes; what the client did wrong (4xx) is the client's.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from whimbrel.kernel.limits import SCRAPE_GAP_SECONDS_MAX, SCRAPE_STEP_MAX
from whimbrel.statuspage.watching.exposition import Labels, Sample
from whimbrel.statuspage.watching.slo import Slo

WANTED: Final = {
    "whimbrel_request_seconds": "histogram",
    "whimbrel_view_lag_seconds": "gauge",
    "whimbrel_home_answers_total": "counter",
    "whimbrel_restarting": "gauge",
    "whimbrel_restarts_total": "counter",
}
"""The families that are read, with their kinds."""

_BY_PREFIX: Final = (
    ("/api/v1/statuses", "posting"),
    ("/api/v1/timelines", "home"),
    ("/api/v1/notifications", "notifications"),
    ("/api/v2/notifications", "notifications"),
    ("/api/v2/search", "search"),
    ("/api/v1/accounts/search", "search"),
    ("/api/v1/trends", "search"),
    ("/api/v1/streaming", "streaming"),
    ("/api/v1/media", "media"),
    ("/api/v2/media", "media"),
    ("/oauth", "signin"),
    ("/api/v1/apps", "signin"),
    ("page", "web"),
)
COUNTED: Final = frozenset({component for _, component in _BY_PREFIX} | {"api"})
"""The components of which nodes count requests."""
_NOBODYS: Final = ("/livez", "/readyz", "/metrics", "")
_POSTS: Final = "/api/v1/statuses"
_READING: Final = ("GET", "HEAD", "OPTIONS")
_HOME: Final = "/api/v1/timelines/home"
_KINDS: Final = ("fresh", "empty", "old")
_VIEWS: Final = {
    "store": "search",
    "RecentsInMemory": "home",
    "NotificationsInMemory": "notifications",
    "Deliveries": "streaming",
}
"""Which component is as old as which view. What a component reads of the store besides is in its latency."""


class Count(NamedTuple):
    """So many bad ones of so many."""

    bad: int = 0
    total: int = 0

    def __add__(self, other: "Count") -> "Count":  # type: ignore[override]
        return Count(self.bad + other.bad, self.total + other.total)


class Growth(NamedTuple):
    """What one scrape of one node added.

    `slis`: by (component, sli); `posts` and `reads`: posts written and homes read with success; `answers`: home
    answers by kind (fresh, empty, old); `lag_seconds`: of the oldest view; `lags`: of each component's oldest;
    `from_ms`: when the scrape before was.
    `within`: by component, how many answers took at most so many seconds, by bound. `changing`: whether processes were
    being replaced by others; None when the node does not say.
    """

    slis: Mapping[tuple[str, str], Count]
    posts: int
    reads: int
    answers: Mapping[str, int]
    lag_seconds: float
    lags: Mapping[str, float] = {}
    from_ms: int | None = None
    within: Mapping[str, Mapping[float, int]] = {}
    changing: bool | None = None


def component_of(route: str, method: str) -> str | None:
    """The component that a route belongs to; None for what is nobody's but the operator's.

    Looking at a post is no posting: counted as such, many readers would hide that nobody can write.
    """
    if route in _NOBODYS:
        return None
    if method in _READING and (route == _POSTS or route.startswith(_POSTS + "/")):
        return "api"
    for prefix, component in _BY_PREFIX:
        if route == prefix or route.startswith(prefix + "/"):
            return component
    return "api"


class Node:
    """One watched node: where its counters stood."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Labels], float] = {}
        self._at_ms: int | None = None

    def grown(self, samples: Iterable[Sample], at_ms: int, slos: Mapping[str, Slo]) -> Growth | None:
        """What was added since the scrape before; None when there is none to compare with."""
        samples = list(samples)
        gauges = [one for one in samples if WANTED.get(one.name) == "gauge"]
        counters = {(one.name, one.labels): one for one in samples if WANTED.get(one.name) != "gauge"}
        fresh = self._at_ms is None or at_ms - self._at_ms > 1_000 * SCRAPE_GAP_SECONDS_MAX
        before, from_ms, self._at_ms = self._values, self._at_ms, at_ms
        self._values = {key: one.value for key, one in counters.items()}
        if fresh:
            return None
        grown = [one._replace(value=_step(before.get(key), one.value)) for key, one in counters.items()]
        lags = [one for one in gauges if one.name == "whimbrel_view_lag_seconds"]
        growth = _meaning(grown, lags, slos)
        return growth._replace(from_ms=from_ms, within=_within(grown), changing=_changing(gauges, grown))


def _step(before: float | None, now: float) -> float:
    """What was added. More than anybody can count in a minute is no count: it would be the share, and the month's sum.

    **The accident:** a node said 10**308, nothing could be worked out of that, and the page looked no more.
    """
    added = now if before is None or now < before else now - before
    return added if added <= SCRAPE_STEP_MAX else 0.0


def _meaning(grown: list[Sample], lags: list[Sample], slos: Mapping[str, Slo]) -> Growth:
    slis: dict[tuple[str, str], Count] = {}
    posts = reads = 0
    for one in grown:
        route, code = one.label("route"), one.label("code")
        component = component_of(route, one.label("method"))
        if component is None or not one.value:
            continue
        if one.name == "whimbrel_request_seconds_count":
            _add(slis, component, "availability", Count(int(one.value) if _is_bad(code) else 0, int(one.value)))
            if not _is_bad(code):
                _add(slis, component, "latency", Count(int(one.value), int(one.value)))
            if code.startswith("2"):
                posts += int(one.value) if route == _POSTS and component == "posting" else 0
                reads += int(one.value) if route == _HOME else 0
    for one in _quick(grown, slos):
        component = component_of(one.label("route"), one.label("method"))
        if component is not None and not _is_bad(one.label("code")):
            _add(slis, component, "latency", Count(-int(one.value), 0))
    lag_of = _lags(lags)
    for component, lag_seconds in lag_of.items():
        late = lag_seconds > slos.get(component, Slo()).freshness_seconds
        _add(slis, component, "freshness", Count(int(late), 1))
    answers: dict[str, int] = {}
    for one in grown:
        if one.name == "whimbrel_home_answers_total" and one.label("kind") in _KINDS:
            answers[one.label("kind")] = answers.get(one.label("kind"), 0) + int(one.value)
    slis = {key: Count(max(0, min(count.bad, count.total)), count.total) for key, count in slis.items()}
    return Growth(slis, posts, reads, answers, max((one.value for one in lags), default=0.0), lag_of)


def _add(slis: dict[tuple[str, str], Count], component: str, sli: str, count: Count) -> None:
    slis[component, sli] = slis.get((component, sli), Count()) + count


def _is_bad(code: str) -> bool:
    return code.startswith("5")


def _quick(grown: list[Sample], slos: Mapping[str, Slo]) -> Iterable[Sample]:
    """Of each histogram the one bucket that holds what was quick enough: the largest bound within the limit."""
    best: dict[Labels, tuple[float, Sample]] = {}
    for one in grown:
        if one.name != "whimbrel_request_seconds_bucket":
            continue
        limit = slos.get(component_of(one.label("route"), one.label("method")) or "", Slo()).latency_seconds
        try:
            bound = float(one.label("le"))
        except ValueError:
            continue
        rest = tuple(pair for pair in one.labels if pair[0] != "le")
        if bound <= limit and (rest not in best or bound > best[rest][0]):
            best[rest] = (bound, one)
    return [one for _, one in best.values()]


def _within(grown: list[Sample]) -> dict[str, dict[float, int]]:
    """The histograms of each component's answers as one; those that failed are in the shares, not in the speed."""
    found: dict[str, dict[float, int]] = {}
    for one in grown:
        component = component_of(one.label("route"), one.label("method"))
        if one.name != "whimbrel_request_seconds_bucket" or component is None or _is_bad(one.label("code")):
            continue
        try:
            bound = float(one.label("le"))
        except ValueError:
            continue
        if not bound > 0:  # also what is not a number
            continue
        counts = found.setdefault(component, {})
        counts[bound] = counts.get(bound, 0) + int(one.value)
    return found


def _changing(gauges: list[Sample], grown: list[Sample]) -> bool | None:
    """A restart may be over between two scrapes: then its count has grown."""
    under_way = [one.value > 0 for one in gauges if one.name == "whimbrel_restarting"]
    begun = [one.value > 0 for one in grown if one.name == "whimbrel_restarts_total"]
    return any(under_way + begun) if under_way else None


def _lags(lags: list[Sample]) -> dict[str, float]:
    """The lag of each component's oldest view, over all processes of the node."""
    found: dict[str, float] = {}
    for one in lags:
        component = _VIEWS.get(one.label("view"))
        if component is not None:
            found[component] = max(found.get(component, 0.0), one.value)
    return found
