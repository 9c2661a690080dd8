"""What a text names: links, people and hashtags, and where they stand in it. Pure.

Design note. One pass over the places where something could begin (`@`, `#`, `http://`), and at each a small reader
that looks only as far as the next place: the time is linear in the text whatever is sent, where one large regular
expression for everything (as in the field's common library) backtracks. What stands inside a link is never read
again, so a link's fragment is no hashtag and its path names nobody. Expressions use possessive quantifiers (`*+`).

Rules come from the fediverse (a handle may carry a domain, a link needs its scheme) on the ground of twitter-text's
conformance data; every deliberate difference stands by name in tests/microblog/text/test_conformance.py.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

import msgspec

from whimbrel.microblog.posts.urls import url_end

_CANDIDATE: Final = re.compile(r"[@#＃]|[hH][tT][tT][pP][sS]?://")
_HANDLE: Final = re.compile(
    r"@(?P<name>[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+)@(?P<host>\w++(?:[.-]++\w++)*+(?::\d{2,5}+)?+)"
)
_LOCAL_NAME: Final = re.compile(r"@(?P<name>[A-Za-z0-9_]{1,30}+)(?![A-Za-z0-9_@＠]|://)")
_PLAIN_TAG: Final = re.compile(r"[A-Za-z0-9_]*+")

_NEVER_BEFORE_A_HANDLE: Final = frozenset("!#$%&*@＠=/_")
_NEVER_BEFORE_A_TAG: Final = frozenset("&/=_")
_NEVER_BEFORE_A_LINK: Final = frozenset("@＠#＃$")
_VARIATION_SELECTORS: Final = frozenset("\ufe0e\ufe0f")

TAG_JOINERS: Final = frozenset(
    "_\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u200c\u200d\u3003\u301c\u309b\u309c\u30a0\u30fb\ua67e\uff5e"
)
"""Characters that are neither letter, mark nor digit and yet stand inside words that people use as hashtags."""


class Link(msgspec.Struct, frozen=True, gc=False):
    """A web address, with its scheme."""

    start: int
    end: int
    url: str


class Handle(msgspec.Struct, frozen=True, gc=False):
    """`@name` (then `host` is empty) or `@name@host`; whether anybody has that name is not known here."""

    start: int
    end: int
    name: str
    host: str = ""


class Hashtag(msgspec.Struct, frozen=True, gc=False):
    """A hashtag as written, without its sign."""

    start: int
    end: int
    shown: str


Entity = Link | Handle | Hashtag


def entities_of(text: str) -> list[Entity]:
    """Everything that `text` names, in order and without overlaps. Linear in the length of the text."""
    found: list[Entity] = []
    candidate = _CANDIDATE.search(text)
    while candidate is not None:
        start = candidate.start()
        entity = _READERS[text[start]](text, start)
        if entity is not None:
            found.append(entity)
        candidate = _CANDIDATE.search(text, start + 1 if entity is None else entity.end)
    return found


def _read_link(text: str, start: int) -> Link | None:
    before = text[start - 1 : start]
    if before in _NEVER_BEFORE_A_LINK or (before.isascii() and before.isalnum()):
        return None
    end = url_end(text, start)
    return None if end is None else Link(start, end, text[start:end])


def _read_handle(text: str, start: int) -> Handle | None:
    before = text[start - 1 : start]
    if before in _NEVER_BEFORE_A_HANDLE or _runs_on(before):
        return None
    full = _HANDLE.match(text, start)
    if full is not None:
        return Handle(start, full.end(), full["name"], full["host"])
    local = _LOCAL_NAME.match(text, start)
    if local is None or _runs_on(text[local.end() : local.end() + 1]):
        return None
    return Handle(start, local.end(), local["name"])


def _read_tag(text: str, start: int) -> Hashtag | None:
    before = text[start - 1 : start]
    if before in _NEVER_BEFORE_A_TAG or (before not in _VARIATION_SELECTORS and _in_tag(before)):
        return None
    end = _tag_end(text, start + 1)
    shown = text[start + 1 : end]
    # A mark cannot begin a word: this is also what keeps the keycap emoji (#, U+FE0F, U+20E3) from being a tag.
    if not shown or _is_mark(shown[0]) or not any(map(_carries, shown)) or text.startswith("://", end):
        return None
    return Hashtag(start, end, shown)


_READERS: Final[dict[str, Callable[[str, int], Entity | None]]] = {
    "@": _read_handle,
    "#": _read_tag,
    "＃": _read_tag,
    "h": _read_link,
    "H": _read_link,
}


def _runs_on(character: str) -> bool:
    """Whether a letter or digit beside a name makes it part of a longer word (an address, a foreign name).

    Not so in the scripts that write words without spaces (Thai, Chinese, Japanese...), nor in Korean, whose
    particles are glued to names: they lie from U+0E00 upward, but for the Latin and Greek extensions.
    """
    return character.isalnum() and (character < "\u0e00" or "\u1e00" <= character <= "\u1fff")


def _tag_end(text: str, start: int) -> int:
    plain = _PLAIN_TAG.match(text, start)
    end = start if plain is None else plain.end()
    while end < len(text) and _in_tag(text[end]):
        end += 1
    return end


def _in_tag(character: str) -> bool:
    return character.isalnum() or character in TAG_JOINERS or _is_mark(character)


def _carries(character: str) -> bool:
    """Whether a tag that has this character is a word: `#1_2` is none."""
    return character.isalpha() or _is_mark(character)


def _is_mark(character: str) -> bool:
    return character >= "\u0300" and unicodedata.category(character)[0] == "M"
