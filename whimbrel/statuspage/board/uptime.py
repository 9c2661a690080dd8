"""Uptime, with its formula: of the time that was measured and not announced as maintenance, the share that worked.

Slow is not down: degraded performance counts as up and is shown as its own colour. What was not measured is counted
neither way and shown as not measured; others count it as up, which is how pages come to say 100 %. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from whimbrel.statuspage.values import State, worst

DAY_MS: Final = 86_400_000
_UP: Final = ("operational", "degraded_performance")
_COUNTED: Final = ("operational", "degraded_performance", "partial_outage", "major_outage")


class Span(NamedTuple):
    """A component was in one state from a moment until another."""

    from_ms: int
    until_ms: int
    state: State


class Parts(msgspec.Struct, frozen=True):
    """How long each state lasted within a stretch of `total_ms`, and what of it was not measured."""

    total_ms: int
    by_state: dict[State, int]

    @property
    def unmeasured_ms(self) -> int:
        """What nobody saw: not covered by any span, or covered by `unknown`."""
        known = sum(ms for state, ms in self.by_state.items() if state != "unknown")
        return self.total_ms - known

    @property
    def uptime(self) -> float | None:
        """(operational + degraded) / (operational + degraded + partial + major); None when nothing was measured."""
        counted = sum(self.by_state.get(state, 0) for state in _COUNTED)
        up = sum(self.by_state.get(state, 0) for state in _UP)
        return up / counted if counted else None

    @property
    def worst(self) -> State:
        """The worst state that was seen; `unknown` when nothing was."""
        return worst([state for state, ms in self.by_state.items() if ms and state != "unknown"])


def parts(spans: Iterable[Span], from_ms: int, until_ms: int) -> Parts:
    """Cut the spans to the stretch and add them up by state. Spans do not overlap."""
    by_state: dict[State, int] = {}
    for span in spans:
        inside = min(span.until_ms, until_ms) - max(span.from_ms, from_ms)
        if inside > 0:
            by_state[span.state] = by_state.get(span.state, 0) + inside
    return Parts(until_ms - from_ms, by_state)


def with_gaps(spans: Sequence[Span]) -> list[Span]:
    """The same in order, and between them, as `unknown`, what nobody saw because the program did not run; of two that
    follow each other in one state one is made."""
    found: list[Span] = []
    for span in spans:
        if found and span.from_ms > found[-1].until_ms:
            _follow(found, Span(found[-1].until_ms, span.from_ms, "unknown"))
        _follow(found, span)
    return found


def _follow(found: list[Span], span: Span) -> None:
    if found and found[-1].state == span.state:
        found[-1] = found[-1]._replace(until_ms=max(found[-1].until_ms, span.until_ms))
    else:
        found.append(span)


def days(spans: Sequence[Span], *, now_ms: int, count: int) -> list[Parts]:
    """The newest `count` days (UTC), oldest first; the last is today, up to now."""
    today_ms = now_ms - now_ms % DAY_MS
    starts = [today_ms - DAY_MS * back for back in range(count - 1, -1, -1)]
    return [parts(spans, start, min(start + DAY_MS, max(now_ms, start + 1))) for start in starts]
