"""Charts of what was measured, from whoever has the figures. Times and values in, drawings and tables out.

A room that measures is a source: it gives `Figures` for a component, or nothing. Which rooms there are is not known
here.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.language import Words

Kind = Literal["latency", "errors", "lag", "reports"]
Point = tuple[int, float | None]
ROWS_MAX: Final = 48
"""Rows of the table beside a chart; of more points every second, third, ... is in it."""


class Figures(NamedTuple):
    """One measured thing over time: a count for `reports`, for the others a share of requests or answers.

    Points are in order; a value of None is a time in which nothing was measured. `usual`: what is to be expected.
    """

    kind: Kind
    points: Sequence[Point]
    usual: Sequence[Point] = ()


class Charts(Protocol):
    """Somebody who has figures of the last day."""

    async def figures(self, component: str, now_ms: int) -> Sequence[Figures]:
        """What is known of a component; empty for one of which nothing is."""


class Chart(NamedTuple):
    """A drawing, and the same as rows of a table: time, value, what is usual."""

    kind: Kind
    title: str
    drawing: str
    rows: Sequence[tuple[int, str, str]]
    has_usual: bool


def charts(words: Words, found: Sequence[Figures]) -> list[Chart]:
    """Every figure as a chart."""
    return [_chart(words, one) for one in found if any(value is not None for _, value in one.points)]


def _chart(words: Words, one: Figures) -> Chart:
    lines = [svg.Line("usual", one.usual), svg.Line(one.kind, one.points)]
    top = _text(words, one.kind, svg.ceiling(lines))
    first, last = one.points[0][0], one.points[-1][0]
    title = words(f"chart.{one.kind}")
    drawing = svg.chart(
        lines if one.usual else lines[1:],
        id_=f"chart-{one.kind}",
        title=title,
        description=_described(words, one),
        labels=(top, _text(words, one.kind, 0.0), words.clock(first), words.clock(last)),
    )
    return Chart(one.kind, title, drawing, _rows(words, one), bool(one.usual))


def _described(words: Words, one: Figures) -> str:
    known = [value for _, value in one.points if value is not None]
    low, high, last = (_text(words, one.kind, value) for value in (min(known), max(known), known[-1]))
    span = {"from": words.moment(one.points[0][0]), "until": words.moment(one.points[-1][0])}
    return words("chart.described", low=low, high=high, last=last, **span)


def _rows(words: Words, one: Figures) -> list[tuple[int, str, str]]:
    usual = dict(one.usual)
    every = -(-len(one.points) // ROWS_MAX)
    return [
        (at_ms, _text(words, one.kind, value), _text(words, one.kind, usual.get(at_ms)))
        for at_ms, value in one.points[::-every]
    ]


def _text(words: Words, kind: Kind, value: float | None) -> str:
    if value is None:
        return "–"
    return words.number(value, 1) if kind == "reports" else words.share(value, 2)
