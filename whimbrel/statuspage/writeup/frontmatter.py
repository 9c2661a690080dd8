"""Front matter as each site generator wants it: YAML that reads back as the same words, whatever the words are. Pure.

Sources: Jigsaw's parser and its blog template; Jekyll's, Hugo's and Hexo's documentation of front matter; cState's
issues. Jigsaw hands `date` to `DateTime::createFromFormat('U')` in its template: a whole number is right everywhere;
the fraction is for sites whose older posts have one. `title: >` is a folded scalar, whose last newline stays: that is
how Jigsaw's posts are written.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from whimbrel.statuspage.values import Impact
from whimbrel.statuspage.writeup.escaping import Generator

DateAs = Literal["int", "float"]

_SEVERITIES: Final[dict[Impact, str]] = {
    "none": "notice",
    "maintenance": "notice",
    "minor": "notice",
    "major": "disrupted",
    "critical": "down",
}
_UNPRINTABLE: Final = ("Cc", "Cs", "Cn", "Zl", "Zp")
_TAG: Final = "outages"


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """What goes into front matter. `image` is the picture's address on the site; times are in milliseconds."""

    title: str
    description: str
    image: str
    date_ms: int
    updated_ms: int
    began_ms: int
    resolved_ms: int | None
    impact: Impact
    affected: tuple[str, ...] = ()
    is_draft: bool = False
    date_as: DateAs = "int"


def front_matter(matter: Matter, generator: Generator) -> str:
    """The block, from its first `---` to its last, with the newline after it."""
    return "\n".join(["---", *_LINES[generator](matter), "---", ""])


def one_line(text: str) -> str:
    """The words without what YAML cannot hold or a title does not: controls, line ends, runs of blanks."""
    shown = "".join(" " if unicodedata.category(one) in _UNPRINTABLE else one for one in text)
    return " ".join(shown.replace("\ufeff", " ").split())


def _jigsaw(matter: Matter) -> Iterator[str]:
    yield "extends: _layouts.post"
    yield "section: content"
    yield f"image: {_address(matter.image)}"
    yield from _folded("title", matter.title)
    yield from _folded("description", matter.description)
    seconds = matter.date_ms // 1_000
    yield f"date: {seconds}.0" if matter.date_as == "float" else f"date: {seconds}"


def _jekyll(matter: Matter) -> Iterator[str]:
    yield "layout: post"
    yield f"title: {_quoted(matter.title)}"
    yield f"description: {_quoted(matter.description)}"
    yield f"date: {_utc(matter.date_ms):%Y-%m-%d %H:%M:%S} +0000"
    yield f"last_modified_at: {_utc(matter.updated_ms):%Y-%m-%d %H:%M:%S} +0000"
    yield f"image: {_address(matter.image)}"
    yield f"tags: [{_TAG}]"
    if matter.is_draft:
        yield "published: false"


def _hugo(matter: Matter) -> Iterator[str]:
    yield f"title: {_quoted(matter.title)}"
    yield f"date: {_rfc3339(matter.date_ms)}"
    yield f"lastmod: {_rfc3339(matter.updated_ms)}"
    yield f"draft: {_boolean(is_so=matter.is_draft)}"
    yield f"description: {_quoted(matter.description)}"
    yield f"images: [{_quoted(matter.image)}]"
    yield f"tags: [{_TAG}]"


def _hexo(matter: Matter) -> Iterator[str]:
    yield f"title: {_quoted(matter.title)}"
    yield f"date: {_hexo_time(matter.date_ms)}"
    yield f"updated: {_hexo_time(matter.updated_ms)}"
    yield f"tags: [{_TAG}]"
    yield f"excerpt: {_quoted(matter.description)}"
    yield f"description: {_quoted(matter.description)}"
    yield f"image: {_address(matter.image)}"
    if matter.is_draft:
        yield "published: false"


def _cstate(matter: Matter) -> Iterator[str]:
    yield f"title: {_quoted(matter.title)}"
    yield f"date: {_utc(matter.began_ms):%Y-%m-%d %H:%M:%S}"
    yield f"resolved: {_boolean(is_so=matter.resolved_ms is not None)}"
    if matter.resolved_ms is not None:
        yield f"resolvedWhen: {_utc(matter.resolved_ms):%Y-%m-%d %H:%M:%S}"
    yield f"severity: {_SEVERITIES[matter.impact]}"
    yield f"affected: [{', '.join(_quoted(name) for name in matter.affected)}]"
    yield "section: issue"
    yield "informational: false"
    yield "pin: false"
    if matter.is_draft:
        yield "draft: true"


_LINES: Final[dict[Generator, Callable[[Matter], Iterator[str]]]] = {
    "jigsaw": _jigsaw,
    "jekyll": _jekyll,
    "hugo": _hugo,
    "hexo": _hexo,
    "cstate": _cstate,
}


def _folded(name: str, text: str) -> Iterator[str]:
    """A folded scalar of one line: nothing in it means anything to YAML but the blanks before it."""
    line = one_line(text)
    yield f"{name}: >" if line else f'{name}: ""'
    if line:
        yield f"  {line}"


def _quoted(text: str) -> str:
    """A double-quoted scalar; JSON's escapes are YAML's."""
    return msgspec.json.encode(one_line(text)).decode()


def _address(text: str) -> str:
    """As it stands where that is plain YAML in every reader."""
    return text if re.fullmatch(r"(?:https?:/)?/[A-Za-z0-9/._~-]+", text) else _quoted(text)


def _boolean(*, is_so: bool) -> str:
    return "true" if is_so else "false"


def _rfc3339(time_ms: int) -> str:
    return f"{_utc(time_ms):%Y-%m-%dT%H:%M:%SZ}"


def _hexo_time(time_ms: int) -> str:
    moment = _utc(time_ms)
    return f"{moment.year}/{moment.month}/{moment.day} {moment:%H:%M:%S}"


def _utc(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)
