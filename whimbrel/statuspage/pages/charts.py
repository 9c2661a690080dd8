"""Charts of what was measured, from whoever has the figures. Times and values in, drawings and tables out.

A room that measures is a source: it gives `Figures` for a component, or nothing. Which rooms there are is not known
here.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol

from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.language import Words

Kind = Literal["latency", "errors", "slow", "lag", "stale", "reports"]
Point = tuple[int, float | None]
ROWS_MAX: Final = 48
"""Rows of the table beside a chart; of more points every second, third, ... is in it."""


class Figures(NamedTuple):
    """One measured thing over time: a count for `reports`, seconds for `latency` and `lag`, else a share of requests or
    answers.

    Points are in order; a value of None is a time in which nothing was measured. `usual`: what is to be expected.
    `beside`: further lines of the same thing, by name, when there are several; `name` is then that of the first.
    """

    kind: Kind
    points: Sequence[Point]
    usual: Sequence[Point] = ()
    name: str = ""
    beside: Sequence[tuple[str, Sequence[Point]]] = ()


class Charts(Protocol):
    """Somebody who has figures of the last day."""

    async def figures(self, component: str, now_ms: int) -> Sequence[Figures]:
        """What is known of a component; empty for one of which nothing is."""


class Chart(NamedTuple):
    """A drawing, and the same as rows of a table: time and a value in each column. `keys`: which line is which, as
    pairs of a class in the style sheet and a text; none where there is one line.
    """

    kind: Kind
    title: str
    drawing: str
    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    keys: Sequence[tuple[str, str]] = ()


def charts(words: Words, found: Sequence[Figures]) -> list[Chart]:
    """Every figure as a chart."""
    return [_chart(words, one) for one in found if any(value is not None for _, value in one.points)]


def _chart(words: Words, one: Figures) -> Chart:
    lines = _lines(one)
    top = _text(words, one.kind, svg.ceiling(lines))
    first, last = one.points[0][0], one.points[-1][0]
    title = words(f"chart.{one.kind}")
    drawing = svg.chart(
        lines,
        id_=f"chart-{one.kind}",
        title=title,
        description=_described(words, one),
        labels=(top, _text(words, one.kind, 0.0), words.clock(first), words.clock(last)),
    )
    several = [one.name, *(name for name, _ in one.beside)] if one.beside else []
    keys = [(name, words(f"line.{name}")) for name in several]
    columns = [text for _, text in keys] or [words("column.value")]
    return Chart(
        one.kind, title, drawing, [*columns, *([words("column.usual")] if one.usual else [])], _rows(words, one), keys
    )


def _lines(one: Figures) -> list[svg.Line]:
    usual = [svg.Line("usual", one.usual)] if one.usual else []
    return [
        *usual,
        *(svg.Line(name, points) for name, points in one.beside),
        svg.Line(one.name or one.kind, one.points),
    ]


def _described(words: Words, one: Figures) -> str:
    known = [value for _, value in one.points if value is not None]
    low, high, last = (_text(words, one.kind, value) for value in (min(known), max(known), known[-1]))
    span = {"from": words.moment(one.points[0][0]), "until": words.moment(one.points[-1][0])}
    return words("chart.described", low=low, high=high, last=last, **span)


def _rows(words: Words, one: Figures) -> list[tuple[int, Sequence[str]]]:
    columns = [dict(points) for _, points in one.beside] + ([dict(one.usual)] if one.usual else [])
    every = -(-len(one.points) // ROWS_MAX)
    return [
        (at_ms, [_text(words, one.kind, found) for found in (value, *(column.get(at_ms) for column in columns))])
        for at_ms, value in one.points[::-every]
    ]


def _text(words: Words, kind: Kind, value: float | None) -> str:
    if value is None:
        return "–"
    if kind in ("latency", "lag"):
        return seconds_text(words, value)
    return words.number(value, 1) if kind == "reports" else words.share(value, 2)


def seconds_text(words: Words, value: float) -> str:
    """A short time, with the signs that are the same in every language."""
    if value < 1:
        return f"{words.number(1_000 * value, 1 if value < 0.01 else 0)} ms"
    return f"{words.number(value, 2)} s" if value < 60 else words.duration(1_000 * value)
