"""The map of the world as SVG text: each country the stronger, the more reports came from there.

Pure but for the outlines, which are read once. Its colour is the style sheet's, so that both colour schemes and print
work; its figures stand in a table beside it. Outlines: Natural Earth 110m, public domain (docs/licences.md).
"""

from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from math import log
from typing import Final

import msgspec

from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.reports.places import name_of

WIDTH: Final = 720
HEIGHT: Final = 282
_FAINTEST: Final = 0.3
"""How strong a country with a single report is, where the most are 1: it must stand out from those without."""


def world(counts: Mapping[str, int], texts: Words) -> str:
    """Countries with their counts, by the logarithm; titles in the language of the texts."""
    most = log(1 + max(counts.values(), default=1))
    drawn = [_country(code, outline, counts.get(code, 0), most, texts) for code, outline in _outlines().items()]
    name = svg.named("world", texts("where.title"), texts("where.text"))
    return svg.drawing("world", (WIDTH, HEIGHT), name, "".join(drawn), ratio="xMidYMid")


def _country(code: str, outline: str, count: int, most: float, texts: Words) -> str:
    if not count:
        return f'<path d="{outline}"/>'
    shade = _FAINTEST + (1 - _FAINTEST) * log(1 + count) / most
    words = f"<title>{escape(name_of(code, texts.language))}: {texts.number(count)}</title>"
    return f'<path class="some" d="{outline}" fill-opacity="{shade:.2f}">{words}</path>'


@cache
def _outlines() -> dict[str, str]:
    raw = files("whimbrel.statuspage.reports").joinpath("geography", "world.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])
