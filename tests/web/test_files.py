"""Files that are served as they stand, and the house rules for what a browser is sent."""

import re
from importlib.resources import files

import pytest
from starlette.applications import Starlette

from tests.support.asgi import ask
from whimbrel.web.files import file_routes

SITE = Starlette(routes=file_routes())
STYLE_BYTES_MAX = 12_000


def _folder(name: str):
    return files("whimbrel.web").joinpath(name)


def _style() -> str:
    return _folder("static").joinpath("whimbrel.css").read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/static/whimbrel.css", "text/css; charset=utf-8"),
        ("/static/avatar.svg", "image/svg+xml"),
        ("/static/header.svg", "image/svg+xml"),
        ("/favicon.svg", "image/svg+xml"),
        ("/robots.txt", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_is_served_with_its_type_and_not_sent_twice(path: str, media_type: str):
    reply = ask(SITE, "GET", path)
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert "max-age" in reply.headers["cache-control"]
    again = ask(SITE, "GET", path, headers={"if-none-match": reply.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static/", "/static/nothing.css"])
def test_no_other_file_can_be_asked_for(path: str):
    assert ask(SITE, "GET", path).status == 404


def test_every_drawing_is_served():
    drawings = {entry.name for entry in _folder("static").iterdir()}
    served = {route.path.rpartition("/")[2] for route in file_routes()}
    assert drawings <= served


def test_the_style_sheet_is_small():
    assert len(_style().encode()) < STYLE_BYTES_MAX


def test_nothing_is_fetched_from_elsewhere():
    assert "url(" not in _style()
    assert "@import" not in _style()
    for template in _folder("templates").iterdir():
        assert not re.search(r'(?:src|href)="(?:https?:)?//', template.read_text("utf-8")), template.name


def test_templates_have_neither_scripts_nor_inline_styles():
    for template in _folder("templates").iterdir():
        text = template.read_text("utf-8")
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", text), template.name


def _colours() -> list[dict[str, str]]:
    """The colours in the light, then the dark."""
    blocks = re.findall(r":root\s*\{([^}]*)\}", _style())
    return [dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block)) for block in blocks]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "card", "tint")),
        ("on-accent", "accent"),
        ("alarm", "alarm-tint"),
    ],
)
def test_words_stand_out_from_their_ground(ink: str, ground: str, scheme: int):
    # WCAG 2.2, 1.4.3: at least 4.5 for text of any size.
    colours = _colours()[scheme]
    assert _contrast(colours[ink], colours[ground]) >= 4.5
