"""Texts as HTML, in the shape that clients of the Mastodon API read: microformat classes, shortened links.

Everything is built here from escaped text and addresses that begin with http(s); no HTML that a person typed ever
passes through, so there is nothing to sanitise. (Remote HTML, when there is any, is another matter and module.)
"""

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Final
from urllib.parse import quote

from whimbrel.microblog.posts.entities import Entity, Handle, Hashtag, Link
from whimbrel.microblog.posts.tags import fold

SHOWN_LINK_CHARACTERS: Final = 30

LINK_REL: Final = "nofollow noopener noreferrer"
PROFILE_LINK_REL: Final = "me nofollow noopener noreferrer"

_PARAGRAPH_BREAK: Final = re.compile(r"\n{2,}")
_UNSEEN_PREFIX: Final = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


def paragraphs(line_html: str) -> str:
    """Paragraphs and line breaks around HTML whose only structure is its line feeds."""
    return "<p>" + _PARAGRAPH_BREAK.sub("</p><p>", line_html).replace("\n", "<br />") + "</p>"


def line(
    text: str,
    entities: Iterable[Entity],
    *,
    known: Callable[[Handle], bool],
    public_url: str,
    rel: str = LINK_REL,
) -> str:
    """`text` escaped, with its links, hashtags and the people that are `known` as anchors; line feeds are kept."""
    parts = []
    position = 0
    for entity in entities:
        if isinstance(entity, Link):
            anchor = link(entity.url, rel=rel)
        elif isinstance(entity, Hashtag):
            anchor = hashtag(entity.shown, public_url=public_url, sign=text[entity.start])
        elif known(entity):
            anchor = mention(entity.name, public_url=public_url)
        else:
            continue
        parts.append(escape(text[position : entity.start]))
        parts.append(anchor)
        position = entity.end
    parts.append(escape(text[position:]))
    return "".join(parts)


def link(url: str, *, rel: str = LINK_REL) -> str:
    """A link that shows the first 30 characters of its address; the rest is there for copying, unseen."""
    prefix = _UNSEEN_PREFIX.match(url)
    begin = 0 if prefix is None else prefix.end()
    shown, rest = url[begin : begin + SHOWN_LINK_CHARACTERS], url[begin + SHOWN_LINK_CHARACTERS :]
    return (
        f'<a href="{escape(url)}" target="_blank" rel="{rel}" translate="no">'
        f'<span class="invisible">{escape(url[:begin])}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{escape(shown)}</span>'
        f'<span class="invisible">{escape(rest)}</span></a>'
    )


def mention(name: str, *, public_url: str) -> str:
    """A person of this server."""
    return (
        f'<span class="h-card" translate="no"><a href="{escape(public_url)}/@{name}" class="u-url mention">'
        f"@<span>{name}</span></a></span>"
    )


def hashtag(shown: str, *, public_url: str, sign: str = "#") -> str:
    """A hashtag as written, leading to everything under its folded name."""
    address = f"{escape(public_url)}/tags/{quote(fold(shown))}"
    return f'<a href="{address}" class="mention hashtag" rel="tag">{sign}<span>{escape(shown)}</span></a>'
