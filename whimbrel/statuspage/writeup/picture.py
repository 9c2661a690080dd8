"""The picture of a write-up: outage reports against what is usual, over the incident's states; PNG, 1200 by 630. Pure.

Drawn at twice the size and brought down, so that curves and letters are smooth; 1200 by 630 is what sites show beside
a link. It must still be read at a third of that: few words, large; the worst state is told by colour and by name.
Imported by the command and by the press (press.py) only: Pillow has no place in a page that must stay small.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont

from whimbrel.statuspage.board.uptime import Span
from whimbrel.statuspage.values import SEVERITY, State
from whimbrel.statuspage.writeup.facts import Bin, Facts, around, together
from whimbrel.statuspage.writeup.frontmatter import one_line
from whimbrel.statuspage.writeup.scale import ticks, time_ticks
from whimbrel.statuspage.writeup.words import STATES, clock, day, lasted, number

WIDTH, HEIGHT = 1200, 630
_FINE: Final = 2
_EDGE, _LEFT, _RIGHT, _TOP, _BOTTOM = 48, 120, 1152, 212, 484
_BAND, _GAP = 20, 6

_GROUND, _INK, _QUIET, _GRID = "#fbfaf7", "#1d2530", "#5d6875", "#e2dfd8"
_REPORTS, _USUAL = "#1f4e8c", "#7d8894"
_COLOURS: Final[dict[State, str]] = {
    "major_outage": "#c6362c",
    "partial_outage": "#e07b21",
    "degraded_performance": "#e3b420",
    "under_maintenance": "#5b7fb5",
    "operational": "#3f9a62",
    "unknown": "#b9b6ae",
}
_PALE: Final = 0.16
_HEAD: Final = 40
_HEAD_MIN: Final = 26
_KEY: Final = 24
_KEY_MIN: Final = 15
_SWATCH: Final = 26 * _FINE
_NOWHERE: Final = "\U0010fffd"
"""A character that no font has."""

Point = tuple[float, float]


class _Frame(NamedTuple):
    """Where a moment and a number stand on the picture."""

    from_ms: int
    until_ms: int
    top: float

    def x(self, time_ms: float) -> float:
        share = (time_ms - self.from_ms) / (self.until_ms - self.from_ms)
        return (_LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, share))) * _FINE

    def y(self, count: float) -> float:
        return (_BOTTOM - (_BOTTOM - _TOP) * min(1.0, count / self.top)) * _FINE


def drawn(facts: Facts, title: str) -> bytes:
    """The PNG. Deterministic for the same facts and title."""
    image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), _GROUND)
    draw = ImageDraw.Draw(image)
    from_ms, until_ms = around(facts.from_ms, facts.until_ms)
    reports = facts.reports or ()
    marks = ticks(max([one.reports for one in reports] + [one.baseline or 0 for one in reports], default=0))
    frame = _Frame(from_ms, until_ms, marks[-1])
    spans = together(facts.courses)
    _bands(draw, frame, spans)
    _grid(draw, frame, marks if facts.reports is not None else ())
    _curves(image, draw, frame, facts.reports)
    _peak(draw, frame, facts)
    _signs(draw, frame, facts)
    if facts.reports is None:
        _not_counted(draw, frame, facts)
    _head(draw, facts, title)
    _legend(draw, spans, is_counted=facts.reports is not None)
    out = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _bands(draw: ImageDraw.ImageDraw, frame: _Frame, spans: Sequence[Span]) -> None:
    """States as pale grounds behind the chart, and in full colour in a strip below it."""
    strip = ((_BOTTOM + _GAP) * _FINE, (_BOTTOM + _GAP + _BAND) * _FINE)
    draw.rectangle((frame.x(frame.from_ms), strip[0], frame.x(frame.until_ms), strip[1]), fill=_COLOURS["unknown"])
    for span in spans:
        left, right = frame.x(span.from_ms), frame.x(span.until_ms)
        if right <= left:
            continue
        if span.state not in ("operational", "unknown"):
            draw.rectangle((left, _TOP * _FINE, right, _BOTTOM * _FINE), fill=_mixed(_COLOURS[span.state], _PALE))
        draw.rectangle((left, strip[0], max(left + _FINE, right), strip[1]), fill=_COLOURS[span.state])


def _grid(draw: ImageDraw.ImageDraw, frame: _Frame, marks: Sequence[float]) -> None:
    for mark in marks:
        height = frame.y(mark)
        draw.line((_LEFT * _FINE, height, _RIGHT * _FINE, height), fill=_GRID if mark else _QUIET, width=_FINE)
        draw.text(((_LEFT - 12) * _FINE, height), number(mark), fill=_QUIET, font=_font(23), anchor="rm")
    for time_ms in time_ticks(frame.from_ms, frame.until_ms):
        across = frame.x(time_ms)
        below = (_BOTTOM + _GAP + _BAND) * _FINE
        draw.line((across, below, across, below + 8 * _FINE), fill=_QUIET, width=_FINE)
        draw.text((across, below + 14 * _FINE), clock(time_ms)[:5], fill=_INK, font=_font(23), anchor="mt")


def _curves(image: Image.Image, draw: ImageDraw.ImageDraw, frame: _Frame, reports: Sequence[Bin] | None) -> None:
    if reports is None:
        return
    points = [(frame.x(one.at_ms), frame.y(one.reports)) for one in reports]
    if len(points) > 1:
        ground = frame.y(0)
        over = Image.new("L", image.size, 0)
        ImageDraw.Draw(over).polygon([(points[0][0], ground), *points, (points[-1][0], ground)], fill=56)
        image.paste(Image.new("RGB", image.size, _REPORTS), (0, 0), over)
        draw.line(points, fill=_REPORTS, width=3 * _FINE, joint="curve")
    usual = [(frame.x(one.at_ms), frame.y(one.baseline)) for one in reports if one.baseline is not None]
    _dashed(usual, lambda start, end: draw.line((*start, *end), fill=_USUAL, width=3 * _FINE))


def _peak(draw: ImageDraw.ImageDraw, frame: _Frame, facts: Facts) -> None:
    """The worst minute, with its number."""
    worst = max(facts.counted() or (), key=lambda one: one.reports, default=None)
    if worst is None or not worst.reports:
        return
    across, height, size = frame.x(worst.at_ms), frame.y(worst.reports), 6 * _FINE
    draw.ellipse((across - size, height - size, across + size, height + size), fill=_REPORTS)
    words, font = f"{number(worst.reports)} a minute at {clock(worst.at_ms)[:5]}", _font(23)
    left = min(across + 14 * _FINE, _RIGHT * _FINE - draw.textlength(words, font) - 4 * _FINE)
    draw.text((left, max(height - 16 * _FINE, (_TOP + 16) * _FINE)), words, fill=_REPORTS, font=font, anchor="lm")


def _signs(draw: ImageDraw.ImageDraw, frame: _Frame, facts: Facts) -> None:
    """Two moments that matter most: the first sign, and when the page said so."""
    changed_ms = facts.incident.changed_ms
    first, said = frame.x(facts.from_ms), frame.x(changed_ms)
    for across in {first, said}:
        draw.line((across, (_TOP - 30) * _FINE, across, _BOTTOM * _FINE), fill=_INK, width=_FINE)
    words = (
        f"first sign {clock(facts.from_ms)}, page changed {clock(changed_ms)} ({lasted(facts.incident.lag_ms)} later)"
    )
    font = _font(23)
    left = min(first, (_RIGHT * _FINE) - draw.textlength(words, font) - 10 * _FINE)
    draw.text((left + 8 * _FINE, (_TOP - 22) * _FINE), words, fill=_INK, font=font, anchor="lm")


def _not_counted(draw: ImageDraw.ImageDraw, frame: _Frame, facts: Facts) -> None:
    """Said in the widest room between the lines of the signs, so that none crosses it; in two lines if it must."""
    signs = sorted((frame.x(facts.from_ms), frame.x(facts.incident.changed_ms)))
    left, right = max(pairwise((_LEFT * _FINE, *signs, _RIGHT * _FINE)), key=lambda room: room[1] - room[0])
    font, words = _font(26), "How many people reported it is not known."
    if draw.textlength(words, font) > right - left - 40 * _FINE:
        words = "How many people\nreported it\nis not known."
    middle = ((left + right) / 2, (_TOP + _BOTTOM) / 2 * _FINE)
    draw.multiline_text(middle, words, fill=_QUIET, font=font, anchor="mm", align="center")


def _head(draw: ImageDraw.ImageDraw, facts: Facts, title: str) -> None:
    words, size = _drawable(title) or _drawable(facts.incident.name) or day(facts.from_ms), _HEAD
    room = (_RIGHT - _EDGE) * _FINE
    while size > _HEAD_MIN and draw.textlength(words, _font(size)) > room:
        size -= 2
    font = _font(size)
    if draw.textlength(words, font) > room:
        while draw.textlength(words + "…", font) > room:
            words = words[:-1]
        words = words.rstrip() + "…"
    draw.text((_EDGE * _FINE, 78 * _FINE), words, fill=_INK, font=font, anchor="ls", stroke_width=1, stroke_fill=_INK)
    ended = f"{clock(facts.until_ms)} UTC" if facts.incident.resolved_ms is not None else "not over yet"
    under = f"{_drawable(facts.site)} · {day(facts.from_ms)}, {clock(facts.from_ms)} to {ended}"
    draw.text((_EDGE * _FINE, 126 * _FINE), under, fill=_QUIET, font=_font(28), anchor="ls")


def _legend(draw: ImageDraw.ImageDraw, spans: Sequence[Span], *, is_counted: bool) -> None:
    """In one line, as large as it fits."""
    keys = [(_REPORTS, "reports per minute"), (_USUAL, "usual")] if is_counted else []
    lines = len(keys)
    states = sorted({span.state for span in spans}, key=lambda one: -SEVERITY[one])
    keys += [(_COLOURS[state], STATES.get(state, "not measured")) for state in states]
    size, room = _KEY, (_RIGHT - _EDGE) * _FINE
    while size > _KEY_MIN and sum(_key_width(draw, words, size) for _, words in keys) > room:
        size -= 1
    across, height = float(_EDGE * _FINE), 586 * _FINE
    for place, (colour, words) in enumerate(keys):
        half = (3 if place < lines else 11) * _FINE
        draw.rounded_rectangle((across, height - half, across + _SWATCH, height + half), 3 * _FINE, fill=colour)
        draw.text((across + _SWATCH + 8 * _FINE, height), words, fill=_INK, font=_font(size), anchor="lm")
        across += _key_width(draw, words, size)


def _key_width(draw: ImageDraw.ImageDraw, words: str, size: int) -> float:
    return _SWATCH + 32 * _FINE + draw.textlength(words, _font(size))


def _drawable(text: str) -> str:
    """Without the characters that the font does not have, which it would draw as boxes."""
    font = _font(_HEAD)
    missing = bytes(font.getmask(_NOWHERE))
    return one_line("".join(one for one in one_line(text) if one == " " or bytes(font.getmask(one)) != missing))


def _dashed(points: Sequence[Point], line: Callable[[Point, Point], None]) -> None:
    """A dashed line through many near points: of each stretch along x, the first half."""
    dash = 16 * _FINE
    for start, end in pairwise(points):
        if (start[0] // dash) % 2 == 0:
            line(start, end)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _FINE)


def _mixed(colour: str, share: float) -> tuple[int, int, int]:
    """So much of a colour on the ground."""
    parts = zip(_channels(_GROUND), _channels(colour), strict=True)
    red, green, blue = (round(ground + (over - ground) * share) for ground, over in parts)
    return red, green, blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
