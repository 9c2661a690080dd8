"""Drawings as SVG text: bars of days, and lines over time. Pure; colours and patterns are the style sheet's.

Every kind of day has a pattern besides its colour, because one reader in twelve does not see the colour. A drawing
has a title and a description, and nothing is told by it alone: the figures stand in words or in a table beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from whimbrel.statuspage.board.uptime import Parts
from whimbrel.statuspage.values import State

KIND_OF: Final[Mapping[State, str]] = {
    "operational": "up",
    "degraded_performance": "degraded",
    "partial_outage": "down",
    "major_outage": "down",
    "under_maintenance": "maintenance",
    "unknown": "unmeasured",
}
_TROUBLE: Final = ("down", "degraded", "maintenance")
_FROM_THE_GROUND: Final = (*_TROUBLE, "up", "unmeasured")
BAR_WIDTH: Final = 7
BAR_STEP: Final = 10
BAR_HEIGHT: Final = 36
_SEEN_MIN: Final = 9
"""Units of height that the shortest trouble has: a minute of a day would be a hair."""

CHART_WIDTH: Final = 720
CHART_HEIGHT: Final = 200
_LEFT: Final = 72
_FOOT: Final = 30
_TOP: Final = 18


class Line(NamedTuple):
    """A line of a chart: points of time and value, where None is a gap; `kind` is its class in the style sheet."""

    kind: str
    points: Sequence[tuple[int, float | None]]


class Column(NamedTuple):
    """A bar of a chart: from when, how much, what is usual then, and how much of its time was measured (0 to 1)."""

    at_ms: int
    value: float
    usual: float
    measured: float


def bars(days: Sequence[Parts], *, id_: str, title: str, description: str) -> str:
    """One bar a day, oldest first. From the ground up: outage, degraded, maintenance, what worked, what nobody saw."""
    paths: dict[str, list[str]] = {kind: [] for kind in _FROM_THE_GROUND}
    for number, day in enumerate(days):
        ground = BAR_HEIGHT
        for kind, height in _heights(day):
            paths[kind].append(f"M{number * BAR_STEP} {ground - height}h{BAR_WIDTH}v{height}h-{BAR_WIDTH}z")
            ground -= height
    drawn = "".join(f'<path class="{kind}" d="{"".join(found)}"/>' for kind, found in paths.items() if found)
    width = max(1, len(days)) * BAR_STEP - (BAR_STEP - BAR_WIDTH)
    return drawing("bars", (width, BAR_HEIGHT), named(id_, title, description), drawn, ratio="none")


def patterns() -> str:
    """What the kinds of days are filled with; once on each page that has bars."""
    return (
        '<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
        + _pattern("degraded", 6, '<path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5"/>')
        + _pattern("down", 4, '<path d="M0 0L4 4M4 0L0 4"/>')
        + _pattern("maintenance", 4, '<path d="M0 2H4"/>')
        + _pattern("unmeasured", 4, '<circle cx="2" cy="2" r=".8"/>')
        + "</defs></svg>"
    )


def legend(kind: str) -> str:
    """A small square of a kind, beside its word."""
    return (
        '<svg class="bars swatch" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" focusable="false">'
        f'<path class="{escape(kind)}" d="M0 0h14v14h-14z"/></svg>'
    )


def chart(lines: Sequence[Line], *, id_: str, title: str, description: str, labels: tuple[str, str, str, str]) -> str:
    """Lines over one stretch of time, from zero up. `labels`: the greatest value, zero, the beginning and the end."""
    times = [at_ms for line in lines for at_ms, _ in line.points]
    top = ceiling(lines)
    first, last = min(times, default=0), max(times, default=1)
    drawn = _axes(labels) + "".join(_line(line, (first, max(last, first + 1)), top) for line in lines)
    return drawing("chart", (CHART_WIDTH, CHART_HEIGHT), named(id_, title, description), drawn, ratio="xMidYMid")


def columns(
    found: Sequence[Column], *, id_: str, title: str, description: str, labels: tuple[str, str, str, str]
) -> str:
    """Bars over one stretch of time against a line of what is usual; what was not measured has a pattern behind it.

    `labels` as those of a chart; `tallest` gives the first.
    """
    top, step = tallest(found), (CHART_WIDTH - _LEFT) / max(len(found), 1)
    floor, gaps, bodies, line = CHART_HEIGHT - _FOOT, list[str](), list[str](), list[str]()
    for number, one in enumerate(found):
        x = _LEFT + number * step
        height, usual = ((floor - _TOP) * value / top for value in (one.value, one.usual))
        if one.measured < 1:
            gaps.append(f"M{x:.1f} {_TOP}h{step:.1f}V{floor}h-{step:.1f}z")
        if one.value:
            bodies.append(f"M{x + step * 0.1:.1f} {floor}v-{height:.1f}h{step * 0.8:.1f}V{floor}z")
        if one.measured > 0:
            line.append(f"M{x:.1f} {floor - usual:.1f}h{step:.1f}")
    drawn = "".join(
        f'<path class="{kind}" d="{"".join(paths)}"/>'
        for kind, paths in (("gap", gaps), ("column", bodies), ("line usual", line))
        if paths
    )
    size = (CHART_WIDTH, CHART_HEIGHT)
    return drawing("chart", size, named(id_, title, description), drawn + _axes(labels), ratio="xMidYMid")


def tallest(found: Sequence[Column]) -> float:
    """The value at the top of a chart of these columns."""
    greatest = max((max(one.value, one.usual) for one in found), default=0.0)
    return ceiling([Line("", [(0, greatest)])])


def ceiling(lines: Iterable[Line]) -> float:
    """The value at the top of a chart of these lines: a round number above all of them."""
    greatest = max((value for line in lines for _, value in line.points if value is not None), default=0.0)
    if greatest <= 0:
        return 1.0
    step = 10.0 ** len(str(int(greatest))) / 10 if greatest >= 1 else 1.0
    while step > greatest:
        step /= 10
    return next(step * times for times in (1, 1.5, 2, 3, 5, 8, 10) if step * times >= greatest)


def _heights(day: Parts) -> list[tuple[str, int]]:
    """How high each kind stands, from the ground; they fill the bar."""
    lasted = dict.fromkeys(_FROM_THE_GROUND, 0)
    for state, ms in day.by_state.items():
        lasted[KIND_OF[state]] += ms
    lasted["unmeasured"] = day.unmeasured_ms
    found = {kind: ms for kind, ms in lasted.items() if ms > 0}
    if not found:
        return [("unmeasured", BAR_HEIGHT)]
    whole = sum(found.values())
    brief = {kind for kind in _TROUBLE if 0 < BAR_HEIGHT * found.get(kind, 0) / whole < _SEEN_MIN}
    long = {kind: ms for kind, ms in found.items() if kind not in brief}
    room = BAR_HEIGHT - _SEEN_MIN * len(brief)
    heights = {kind: round(room * ms / sum(long.values())) for kind, ms in long.items()}
    heights[max(long, key=long.__getitem__)] += room - sum(heights.values())
    heights |= dict.fromkeys(brief, _SEEN_MIN)
    return [(kind, heights[kind]) for kind in _FROM_THE_GROUND if heights.get(kind, 0) > 0]


def _pattern(kind: str, size: int, drawn: str) -> str:
    return (
        f'<pattern id="fill-{kind}" class="fill-{kind}" width="{size}" height="{size}" patternUnits="userSpaceOnUse">'
        f'<rect width="{size}" height="{size}"/>{drawn}</pattern>'
    )


def _axes(labels: tuple[str, str, str, str]) -> str:
    top, zero, begins, ends = (escape(label) for label in labels)
    floor = CHART_HEIGHT - _FOOT
    return (
        f'<path class="grid" d="M{_LEFT} {_TOP}H{CHART_WIDTH}M{_LEFT} {(_TOP + floor) / 2:g}H{CHART_WIDTH}"/>'
        f'<path class="axis" d="M{_LEFT} {floor}H{CHART_WIDTH}"/>'
        f'<text x="{_LEFT - 8}" y="{_TOP + 5}" text-anchor="end">{top}</text>'
        f'<text x="{_LEFT - 8}" y="{floor + 4}" text-anchor="end">{zero}</text>'
        f'<text x="{_LEFT}" y="{CHART_HEIGHT - 4}">{begins}</text>'
        f'<text x="{CHART_WIDTH}" y="{CHART_HEIGHT - 4}" text-anchor="end">{ends}</text>'
    )


def _line(line: Line, span: tuple[int, int], top: float) -> str:
    first, last = span
    across, up = CHART_WIDTH - _LEFT, CHART_HEIGHT - _FOOT - _TOP
    drawn, pen_is_down = [], False
    for at_ms, value in line.points:
        if value is None:
            pen_is_down = False
            continue
        x = _LEFT + across * (at_ms - first) / (last - first)
        y = _TOP + up * (1 - value / top)
        drawn.append(f"{'L' if pen_is_down else 'M'}{x:.1f} {y:.1f}")
        pen_is_down = True
    return f'<path class="line {escape(line.kind)}" d="{"".join(drawn)}"/>'


def named(id_: str, title: str, description: str) -> tuple[str, str]:
    """What a drawing is called for who does not see it: its attributes, and the texts that they point to."""
    name = escape(id_)
    return (
        f'role="img" aria-labelledby="{name}-title {name}-text"',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(description)}</desc>',
    )


def drawing(kind: str, size: tuple[int, int], name: tuple[str, str], drawn: str, *, ratio: str) -> str:
    """A whole drawing. `name`: what `named` gives."""
    width, height = size
    attributes, texts = name
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" preserveAspectRatio="{ratio}" {attributes}>'
        f"{texts}{drawn}</svg>"
    )
