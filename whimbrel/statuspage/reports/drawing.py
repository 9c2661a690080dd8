"""Drawings of reports as SVG text: a day or more of counts against what is usual, and the map of the world.

Pure but for the outlines, which are read once. Colours are the reader's (`currentColor`), so that both colour schemes
and print work; every drawing has a title, and its figures stand in a table beside it. Outlines: Natural Earth 110m,
public domain, simplified (docs/licences.md).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from math import log
from typing import Final

import msgspec

from whimbrel.statuspage.reports.places import name_of
from whimbrel.statuspage.reports.series import Bin

WIDTH: Final = 720
HEIGHT: Final = 200
MAP_HEIGHT: Final = 282
_FOOT: Final = 4
_FAINTEST: Final = 0.08
_STRONGEST: Final = 0.95


def chart(bins: Sequence[Bin], title: str) -> str:
    """Reports as bars, the usual as a line, what was not measured as stripes."""
    top = max((max(one.reports, one.expected) for one in bins), default=0.0) or 1.0
    step = WIDTH / max(len(bins), 1)
    room = HEIGHT - _FOOT
    bars, gaps, line = list[str](), list[str](), list[str]()
    for number, one in enumerate(bins):
        left, height = number * step, room * one.reports / top
        if one.reports:
            bars.append(f"M{left:.1f} {room}v{-height:.1f}h{step * 0.8:.1f}v{height:.1f}z")
        if one.measured < 1.0:
            gaps.append(f"M{left:.1f} {HEIGHT - _FOOT}h{step:.1f}v{_FOOT}h{-step:.1f}z")
        line.append(f"{left + step / 2:.1f},{room - room * one.expected / top:.1f}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" width="100%">'
        f"<title>{escape(title)}</title>"
        f'<path d="{"".join(gaps)}" fill="currentColor" fill-opacity=".35"/>'
        f'<path d="{"".join(bars)}" fill="currentColor" fill-opacity=".6"/>'
        f'<polyline points="{" ".join(line)}" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-dasharray="4 3"/></svg>'
    )


def world(counts: Mapping[str, int], title: str) -> str:
    """Countries, the darker the more reports came from there (by the logarithm)."""
    most = log(1 + max(counts.values(), default=1))
    drawn = [_country(code, outline, counts.get(code, 0), most) for code, outline in _outlines().items()]
    return (
        f'<svg viewBox="0 0 {WIDTH} {MAP_HEIGHT}" role="img" aria-label="{escape(title)}" width="100%">'
        f"<title>{escape(title)}</title>"
        f'<g fill="currentColor" stroke="currentColor" stroke-width=".3" stroke-opacity=".4">{"".join(drawn)}</g></svg>'
    )


def _country(code: str, outline: str, count: int, most: float) -> str:
    if not count:
        return f'<path d="{outline}" fill-opacity="{_FAINTEST}"/>'
    shade = _FAINTEST + (_STRONGEST - _FAINTEST) * max(log(1 + count) / most, 0.25)
    words = f"<title>{escape(name_of(code))}: {count}</title>"
    return f'<path d="{outline}" fill-opacity="{shade:.2f}">{words}</path>'


@cache
def _outlines() -> dict[str, str]:
    raw = files("whimbrel.statuspage.reports").joinpath("geography", "world.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])
