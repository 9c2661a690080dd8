"""How far the views behind each component are behind what is durable: evidence that its answers are old.

**The accident:** somebody held a lock on the store, so nothing new could be found, and search was green for as long as
that lasted: what the canaries look for by its address was found in memory, and error budgets need half an hour.

Promises: pure; bounded by COMPONENTS_MAX and the window. A view is old when it is further behind than is promised
(`Slo.freshness_seconds`), and it is old since it crossed that line, not since somebody looked.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from whimbrel.kernel.limits import COMPONENTS_MAX
from whimbrel.statuspage.evidence import StaleSeen
from whimbrel.statuspage.watching.slo import Slo

WINDOW_SECONDS: Final = 15
"""Three scrapes: what is caught up is believed a quarter of a minute later."""


class _Lag(NamedTuple):
    at_ms: int
    seconds: float


class Lags:
    """What the newest scrapes of all nodes said. `slos`: by component; a component without one has the default."""

    def __init__(self, slos: Mapping[str, Slo]) -> None:
        self._slos = slos
        self._newest: dict[str, deque[_Lag]] = {}
        self._since: dict[str, int] = {}

    def note(self, at_ms: int, lags: Mapping[str, float]) -> None:
        """Take in the lag of each component's oldest view, as one scrape of one node had it."""
        for component, seconds in lags.items():
            if component not in self._newest and len(self._newest) >= COMPONENTS_MAX:
                continue
            newest = self._newest.setdefault(component, deque())
            newest.append(_Lag(at_ms, seconds))
            while newest[0].at_ms <= at_ms - 1_000 * WINDOW_SECONDS:
                newest.popleft()
            self._keep_since(component, newest)

    def seen(self, component: str, now_ms: int) -> StaleSeen | None:
        """The share of scrapes that found it old; None where no lag is known, or none is beyond what is promised."""
        inside = [one for one in self._newest.get(component, ()) if one.at_ms > now_ms - 1_000 * WINDOW_SECONDS]
        late = [one for one in inside if self._is_late(component, one)]
        if not late:
            return None
        return StaleSeen(
            window_seconds=WINDOW_SECONDS,
            share=len(late) / len(inside),
            age_seconds=max(one.seconds for one in late),
            since_ms=self._since[component],
        )

    def _keep_since(self, component: str, newest: deque[_Lag]) -> None:
        late = [one for one in newest if self._is_late(component, one)]
        if not late:
            self._since.pop(component, None)
        elif component not in self._since:
            self._since[component] = late[0].at_ms - round(1_000 * (late[0].seconds - self._limit(component)))

    def _is_late(self, component: str, lag: _Lag) -> bool:
        return lag.seconds > self._limit(component)

    def _limit(self, component: str) -> float:
        return self._slos.get(component, Slo()).freshness_seconds


def staler(one: StaleSeen | None, other: StaleSeen | None) -> StaleSeen | None:
    """The one that says more, where there are two."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda seen: seen.share)
