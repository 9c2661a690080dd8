"""What has been observed lately, in memory: results and counts go in, evidence comes out. No clock, no I/O.

Promises: bounded by the numbers of probes and components; what is too old to say anything about now is left out of the
evidence rather than repeated, so that a watcher who has died turns a component `unknown` and not green.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from whimbrel.kernel.limits import PROBE_FRESH_SECONDS, PROBES_MAX
from whimbrel.statuspage.evidence import BurnSeen, CrowdSeen, Evidence, FallSeen, Planned, ProbeSeen, Share, StaleSeen
from whimbrel.statuspage.values import ProbeResult

WINDOWS_SECONDS: Final = (30, 60, 120, 180)
"""The windows over which shares of failed requests are given: those that the rule asks for."""


class _Count(NamedTuple):
    at_ms: int
    bad: int
    total: int
    from_ms: int


class Beside(NamedTuple):
    """What others know of a component, put beside what is observed here."""

    burns: tuple[BurnSeen, ...] = ()
    crowd: CrowdSeen | None = None
    falls: tuple[FallSeen, ...] = ()
    stale: StaleSeen | None = None
    planned: Planned | None = None


_NOTHING: Final = Beside()


class Observed:
    """The newest results of every probe at every vantage point, and the requests of the last three minutes."""

    def __init__(self) -> None:
        self._probes: dict[tuple[str, str, str], ProbeSeen] = {}
        self._counts: dict[str, deque[_Count]] = {}

    def note_probe(self, result: ProbeResult) -> None:
        """Take in a result. One that is older than what is known, or one probe too many, is passed over."""
        key = (result.component, result.probe, result.vantage)
        before = self._probes.get(key)
        if before is None and len(self._probes) >= PROBES_MAX:
            self._forget_stale(result.at_ms)
            if len(self._probes) >= PROBES_MAX:
                return
        if before is not None and result.at_ms < before.at_ms:
            return
        self._probes[key] = _after(before, result)

    def forget_probe(self, component: str, probe: str, vantage: str) -> None:
        """A probe could not be tried: that it was well ten seconds ago does not say that something still works."""
        self._probes.pop((component, probe, vantage), None)

    def note_requests(self, component: str, at_ms: int, *, bad: int, total: int, from_ms: int | None = None) -> None:
        """Take in how many requests there were since the last time, and how many of them went badly.

        The first of them may have failed at `from_ms`, when somebody looked last: that is what is called its beginning.
        """
        counts = self._counts.setdefault(component, deque())
        if total:
            counts.append(_Count(at_ms, min(bad, total), total, at_ms if from_ms is None else from_ms))
        while counts and at_ms - counts[0].at_ms >= 1_000 * WINDOWS_SECONDS[-1]:
            counts.popleft()

    def evidence(self, component: str, now_ms: int, beside: Beside = _NOTHING) -> Evidence:
        """What is known of one component now."""
        probes = [seen for (of, _, _), seen in self._probes.items() if of == component and _is_fresh(seen, now_ms)]
        counts = self._counts.get(component, ())
        seen_ms = max([probe.at_ms for probe in probes] + [count.at_ms for count in counts], default=None)
        return Evidence(
            component=component,
            at_ms=now_ms,
            seen_ms=seen_ms,
            probes=tuple(probes),
            shares=tuple(_shares(counts, now_ms)),
            burns=beside.burns,
            crowd=beside.crowd,
            falls=beside.falls,
            stale=beside.stale,
            planned=beside.planned,
        )

    def _forget_stale(self, now_ms: int) -> None:
        self._probes = {key: seen for key, seen in self._probes.items() if _is_fresh(seen, now_ms)}


def _after(before: ProbeSeen | None, result: ProbeResult) -> ProbeSeen:
    if result.ok:
        return ProbeSeen(probe=result.probe, vantage=result.vantage, at_ms=result.at_ms)
    failures, since_ms = 1, result.at_ms
    if before is not None and before.failures and _is_fresh(before, result.at_ms):
        failures, since_ms = before.failures + 1, before.failing_since_ms or result.at_ms
    return ProbeSeen(
        probe=result.probe,
        vantage=result.vantage,
        at_ms=result.at_ms,
        failures=failures,
        failing_since_ms=since_ms,
        error=result.error,
    )


def _is_fresh(seen: ProbeSeen, now_ms: int) -> bool:
    return now_ms - seen.at_ms <= 1_000 * PROBE_FRESH_SECONDS


def _shares(counts: Iterable[_Count], now_ms: int) -> Iterable[Share]:
    counts = list(counts)
    for seconds in WINDOWS_SECONDS:
        inside = [count for count in counts if now_ms - count.at_ms < 1_000 * seconds]
        total = sum(count.total for count in inside)
        if not total:
            continue
        bad = sum(count.bad for count in inside)
        since_ms = next((count.from_ms for count in inside if count.bad), now_ms)
        yield Share(window_seconds=seconds, bad=bad, total=total, since_ms=since_ms)
