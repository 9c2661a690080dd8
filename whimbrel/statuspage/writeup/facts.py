"""What is known of an incident once it is over: one frozen value, from which text and picture are made. Pure.

Promises: nothing in it is a guess. What nobody measured is None, and the text says "Not known" where it would stand.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from whimbrel.statuspage.board.uptime import Parts, Span, parts
from whimbrel.statuspage.values import SEVERITY, Incident, Maintenance, Reason, State

_MINUTE_MS: Final = 60_000
_MARGIN_MS_MIN: Final = 30 * _MINUTE_MS
_MARGIN_SHARE: Final = 10


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """One minute of outage reports, and how many were usual at that time; None where no baseline is known."""

    at_ms: int
    reports: int
    baseline: float | None = None


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests there were during the incident, and how many of them went badly."""

    bad: int
    total: int


class Delayed(msgspec.Struct, frozen=True, kw_only=True):
    """Posts that were written while home timelines were further behind than promised, of all that were written in the
    minutes in which somebody looked: `seen` of the incident's `minutes`.
    """

    delayed: int
    posts: int
    seen: int
    minutes: int


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """When the server's processes were being replaced, to the minute: stretches of milliseconds; `seen` and `minutes`
    as for posts.
    """

    under_way: tuple[tuple[int, int], ...]
    seen: int
    minutes: int


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The states that one component was measured to be in, in order and without overlap."""

    component: str
    name: str
    spans: tuple[Span, ...] = ()


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A moment at which a component's verdict changed, with what spoke for it. `before` is None for its first."""

    at_ms: int
    component: str
    before: State | None
    after: State
    reasons: tuple[Reason, ...] = ()


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What `whimbrel verify --json` found. `store_cursor` is None when the store was not compared with the journal."""

    records: int
    store_cursor: int | None
    parked: int
    findings: tuple[msgspec.Raw, ...]
    at_ms: int = 0
    """When the file with it was written."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `at_ms`: when it was gathered; `site` and `url`: whose page it is, and where it stands."""

    site: str
    url: str
    at_ms: int
    incident: Incident
    courses: tuple[Course, ...] = ()
    turns: tuple[Turn, ...] = ()
    windows: tuple[Maintenance, ...] = ()
    """Announced maintenance that overlaps the incident."""
    reports: tuple[Bin, ...] | None = None
    requests: dict[str, Requests] | None = None
    posts_delayed: Delayed | None = None
    """None when no node of the service said how far its views were behind."""
    staged_changes: Changes | None = None
    """None when no node of the service said whether it was being changed."""
    proof: Proof | None = None

    @property
    def from_ms(self) -> int:
        """The first sign of trouble."""
        return self.incident.pain_ms

    @property
    def until_ms(self) -> int:
        """When it was over; as long as it is not, the moment of gathering."""
        ended_ms = self.incident.resolved_ms
        return max(self.from_ms + 1, self.at_ms if ended_ms is None else ended_ms)

    def parts(self, spans: Sequence[Span]) -> Parts:
        """How long each state lasted during the incident."""
        return parts(spans, self.from_ms, self.until_ms)

    def counted(self) -> tuple[Bin, ...] | None:
        """The reports of the incident itself, without the stretches before and after; None when nobody counted."""
        if self.reports is None:
            return None
        return tuple(one for one in self.reports if self.from_ms - _MINUTE_MS < one.at_ms < self.until_ms)


def around(from_ms: int, until_ms: int) -> tuple[int, int]:
    """The stretch that a picture shows: the incident, and before and after it enough to see what is usual."""
    margin_ms = max(_MARGIN_MS_MIN, (until_ms - from_ms) // _MARGIN_SHARE)
    return from_ms - margin_ms, until_ms + margin_ms


def together(courses: Iterable[Course]) -> tuple[Span, ...]:
    """The worst state of all at each moment; what no component's span covers is left out."""
    spans = [span for course in courses for span in course.spans if span.until_ms > span.from_ms]
    edges = sorted({edge for span in spans for edge in (span.from_ms, span.until_ms)})
    merged: list[Span] = []
    for from_ms, until_ms in pairwise(edges):
        states = [span.state for span in spans if span.from_ms <= from_ms and span.until_ms >= until_ms]
        if not states:
            continue
        state = max(states, key=SEVERITY.__getitem__)
        if merged and merged[-1].state == state and merged[-1].until_ms == from_ms:
            merged[-1] = merged[-1]._replace(until_ms=until_ms)
        else:
            merged.append(Span(from_ms, until_ms, state))
    return tuple(merged)
