"""A small picture of a state, for other sites: a name and a word about it. Pure; everything in it is drawn here.

Promises: green only what was measured and works: a part of which nobody knows, and a page that cannot see, are grey and
say so. The word is the page's own in its reader's language, and stands in the title too, for who hears the picture.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from unicodedata import east_asian_width

from whimbrel.statuspage.pages import sentences, views
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.pages.look import Look
from whimbrel.statuspage.pages.xml import xml_text
from whimbrel.statuspage.values import Component, State

PATH: Final = "badge.svg"
_COLOURS: Final[Mapping[State, str]] = {
    "operational": "#1f6245",
    "degraded_performance": "#7d5200",
    "partial_outage": "#97230f",
    "major_outage": "#97230f",
    "under_maintenance": "#33558a",
    "unknown": "#566267",
}
"""The inks of the style sheet, which white letters can be read on."""
_HEIGHT: Final = 24
_AROUND: Final = 9
_LETTER: Final = 6.9
_WIDE_LETTER: Final = 12.0
_NAME_MAX: Final = 40


class Badge(NamedTuple):
    """What a badge says, and of which state it has the colour."""

    name: str
    text: str
    state: State


def path_of(component: str) -> str:
    """Where a component's badge is."""
    return f"components/{component}/{PATH}"


def of_all(words: Words, look: Look) -> Badge:
    """The state of all, in the words of the first page."""
    state: State = "unknown" if look.blind else views.overall(look)
    said = "state.unknown" if look.blind else f"overall.{views.headline(look, state)}"
    return Badge(look.shown.page.name, words(said), state)


def of_part(words: Words, look: Look, component: Component) -> Badge:
    """The state of one component."""
    state: State = "unknown" if look.blind else look.shown.states.get(component.id, "unknown")
    return Badge(sentences.component_name(words, component), words(f"state.{state}"), state)


def copied(words: Words, badge: Badge, look: Look) -> Badge:
    """The same for a copy, where it may lie for ever: with when it was so, for no picture grows old by itself."""
    return badge._replace(text=f"{badge.text} · {words.moment(look.seen_ms)}") if look.seen_ms else badge


def drawn(words: Words, badge: Badge) -> str:
    """The picture."""
    name = badge.name if len(badge.name) <= _NAME_MAX else f"{badge.name[: _NAME_MAX - 1]}…"
    left, right = _width(name), _width(badge.text)
    whole = left + right + 4 * _AROUND
    title = f"{words('label', text=badge.name)} {badge.text}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{_HEIGHT}" viewBox="0 0 {whole} {_HEIGHT}"'
        f' role="img" aria-labelledby="title" lang="{words.language}"><title id="title">{xml_text(title)}</title>'
        f'<rect width="{whole}" height="{_HEIGHT}" rx="4" fill="#1c2427"/>'
        f'<path fill="{_COLOURS[badge.state]}" d="M{left + 2 * _AROUND} 0H{whole - 4}a4 4 0 0 1 4 4V{_HEIGHT - 4}'
        f'a4 4 0 0 1 -4 4H{left + 2 * _AROUND}z"/>'
        '<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,Noto Sans CJK JP,sans-serif" font-size="12">'
        f"{_written(name, _AROUND, left)}{_written(badge.text, left + 3 * _AROUND, right)}</g></svg>\n"
    )


def _written(text: str, x: int, width: int) -> str:
    """As wide as was reckoned with, whatever fonts there are."""
    return f'<text x="{x}" y="16" textLength="{width}" lengthAdjust="spacingAndGlyphs">{xml_text(text)}</text>'


def _width(text: str) -> int:
    return round(sum(_WIDE_LETTER if east_asian_width(one) in "WF" else _LETTER for one in text)) or 1
