"""The indicators of every component over time: counted as they come, written down each minute, burn rates and budgets.

Promises: what was counted is in the book a minute later (a kill costs that minute, and no claim is made of it); a
restart goes on with the windows as they were. Minutes are kept for four days, hours for forty.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.limits import COMPONENTS_MAX, SLI_HOURS_KEPT, SLI_MINUTES_KEPT
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.detection.burn import PERIOD_MINUTES, Requests, burning
from whimbrel.statuspage.evidence import BurnSeen
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.metrics import Count
from whimbrel.statuspage.watching.series import LONGEST_MINUTES, Series
from whimbrel.statuspage.watching.slo import SLIS, Budget, Sli, Slo, budget

_SQL: Final = Queries("whimbrel.statuspage.watching")

_HOUR_MINUTES: Final = 60
Key = tuple[str, str]
"""Component and indicator."""


class Indicators:
    """All series. `slos`: by component; a component without one has the default."""

    def __init__(self, slos: Mapping[str, Slo]) -> None:
        self._slos = slos
        self._series: dict[Key, Series] = {}
        self._unwritten: dict[tuple[str, str, int], Count] = {}
        self._sums: dict[Key, tuple[Requests, int]] = {}
        self._burning_since: dict[tuple[str, str, int], int] = {}

    def load(self, look: Reading, minute: int) -> None:
        """Go on from what the book has of the minutes before this one."""
        for component, sli, then, bad, total in look.all(_SQL.minutes_since, {"minute": minute - LONGEST_MINUTES + 1}):
            self._of((component, sli)).add(then, bad, total)
        self.load_sums(look, minute)

    def load_sums(self, look: Reading, minute: int) -> None:
        """Add up the hours that error budgets are about."""
        since = {"hour": (minute - PERIOD_MINUTES) // 60}
        found = look.all(_SQL.sums_since, since)
        self._sums = {(row[0], row[1]): (Requests(row[3], row[2]), row[4] * 3_600_000) for row in found}

    def count(self, component: str, sli: str, minute: int, count: Count) -> None:
        """Count into the newest minute."""
        if (component, sli) not in self._series and len(self._series) >= COMPONENTS_MAX * len(SLIS):
            return
        self._of((component, sli)).add(minute, count.bad, count.total)
        key = (component, sli, minute)
        self._unwritten[key] = self._unwritten.get(key, Count()) + count

    def count_probe(self, result: ProbeResult) -> None:
        """Count a probe as the one request that it was."""
        minute, limit = result.at_ms // 60_000, self._slos.get(result.component, Slo()).latency_seconds
        self.count(result.component, "availability", minute, Count(int(not result.ok), 1))
        if result.ok and result.latency_ms is not None:
            self.count(result.component, "latency", minute, Count(int(result.latency_ms > 1_000 * limit), 1))

    def write(self, pen: Writing, minute: int) -> None:
        """Write down what was counted before this minute, and drop what nobody asks for any more."""
        for (component, sli, then), count in sorted(self._unwritten.items()):
            if then < minute:
                row = {"component": component, "sli": sli, "minute": then, "bad": count.bad, "total": count.total}
                pen.run(_SQL.add_minute, row)
                pen.run(_SQL.add_hour, row)
        if minute % 60 == 0:
            pen.run(_SQL.forget_minutes, {"minute": minute - SLI_MINUTES_KEPT})
            pen.run(_SQL.forget_hours, {"hour": minute // 60 - SLI_HOURS_KEPT})

    def written(self, minute: int) -> None:
        """What `write` took is on disk."""
        self._unwritten = {key: count for key, count in self._unwritten.items() if key[2] >= minute}

    def burns(self, component: str, now_ms: int) -> tuple[BurnSeen, ...]:
        """The budgets of a component that burn."""
        found = []
        slo = self._slos.get(component, Slo())
        for sli in SLIS:
            series = self._series.get((component, sli))
            windows = series.windows(now_ms // 60_000) if series is not None else {}
            fired = burning(windows, slo.objective(sli)) if windows else ()
            for one in fired:
                since_ms = self._burning_since.setdefault((component, sli, one.rule.long_minutes), now_ms)
                found.append(
                    BurnSeen(
                        objective=sli,
                        factor=one.rule.factor(),
                        long_seconds=60 * one.rule.long_minutes,
                        short_seconds=60 * one.rule.short_minutes,
                        long_burn=one.long_rate,
                        short_burn=one.short_rate,
                        since_ms=since_ms,
                    )
                )
            hot = {one.rule.long_minutes for one in fired}
            over = [past for past in self._burning_since if past[:2] == (component, sli) and past[2] not in hot]
            for past in over:
                del self._burning_since[past]
        return tuple(found)

    def budgets(self, now_ms: int) -> list[Budget]:
        """What is left of every budget, by component and indicator."""
        return [
            budget(
                component,
                sli,
                self._slos.get(component, Slo()),
                counted,
                since_ms=since_ms,
                hour=self._hour((component, sli), now_ms),
            )
            for component, sli, counted, since_ms in self._counted()
        ]

    def _counted(self) -> Iterator[tuple[str, Sli, Requests, int]]:
        for component in sorted({component for component, _ in self._sums}):
            for sli in SLIS:
                if (component, sli) in self._sums:
                    yield component, sli, *self._sums[component, sli]

    def _hour(self, key: Key, now_ms: int) -> Requests | None:
        series = self._series.get(key)
        return None if series is None else series.windows(now_ms // 60_000).get(_HOUR_MINUTES)

    def _of(self, key: Key) -> Series:
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        return series
