"""A post's text taken apart and put together again: who and what it names, how long it is, how it is shown. Pure.

Promises: time linear in the text; nothing typed reaches the page unescaped; a person is linked and counted as a
mention only when their id is given. Handles of other servers are recognised (their length counts as one of ours)
but not linked, because nothing here can reach them yet.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import urlsplit

from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import MENTIONS_MAX, URL_CHARACTERS
from whimbrel.microblog.posts import graphemes, markup
from whimbrel.microblog.posts.entities import Entity, Handle, Hashtag, Link, entities_of
from whimbrel.microblog.posts.events import Mention, Tag
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.posts.values import Composed

_LINE_END: Final = re.compile(r"\r\n?")
_NOBODY: Final[Mapping[str, int]] = {}


def mentioned_names(text: str) -> list[str]:
    """Lower-case names that may be people of this server, in order, each once.

    `@name@host` is among them as `name`: only `compose` knows this server's host, and links none of another's.
    """
    if "@" not in text:
        return []
    return list(dict.fromkeys(entity.name.lower() for entity in entities_of(text) if isinstance(entity, Handle)))


def compose(text: str, *, ids: Mapping[str, int], public_url: str, limit: int, spoiler: str = "") -> Composed:
    """What a post with this text is. `ids` are the account ids of its `mentioned_names`.

    A link counts 23 characters, a handle only `@name`, the content warning `spoiler` in full, everything else as
    grapheme clusters. Raises Invalid when it is blank, too long, or names more people than MENTIONS_MAX.
    """
    text = _LINE_END.sub("\n", text).strip()
    if not text:
        raise Invalid("Validation failed: Text can't be blank")
    entities = entities_of(text)
    characters = _length(text, entities) + graphemes.count(spoiler)
    if characters > limit:
        raise Invalid(
            f"Validation failed: Text character limit of {limit} exceeded",
            log=f"post of {characters} characters, limit {limit}",
        )
    if not entities:
        return Composed(markup.paragraphs(escape(text)), (), (), characters)
    host = host_of(public_url)
    return Composed(
        markup.paragraphs(_html(text, entities, ids=ids, host=host, public_url=public_url)),
        _mentions(entities, ids=ids, host=host),
        _tags(entities),
        characters,
    )


def render_note(text: str, public_url: str, *, ids: Mapping[str, int] = _NOBODY) -> str:
    """A profile's note as HTML; its links say `rel="me"`. Empty stays empty."""
    text = _LINE_END.sub("\n", text).strip()
    if not text:
        return ""
    host = host_of(public_url)
    return markup.paragraphs(
        _html(text, entities_of(text), ids=ids, host=host, public_url=public_url, rel=markup.PROFILE_LINK_REL)
    )


def render_field(value: str, public_url: str, *, ids: Mapping[str, int] = _NOBODY) -> str:
    """A profile field's value as HTML of one line; its links say `rel="me"`."""
    text = " ".join(value.split())
    host = host_of(public_url)
    return _html(text, entities_of(text), ids=ids, host=host, public_url=public_url, rel=markup.PROFILE_LINK_REL)


def host_of(public_url: str) -> str:
    """The part of handles behind the second `@`: lower-case, with the port if there is an unusual one."""
    return urlsplit(public_url).netloc.lower()


def _length(text: str, entities: list[Entity]) -> int:
    total = graphemes.count(text)
    for entity in entities:
        if isinstance(entity, Link):
            total += URL_CHARACTERS - graphemes.count(entity.url)
        elif isinstance(entity, Handle) and entity.host:
            total -= graphemes.count(entity.host) + 1
    return total


def _html(
    text: str,
    entities: list[Entity],
    *,
    ids: Mapping[str, int],
    host: str,
    public_url: str,
    rel: str = markup.LINK_REL,
) -> str:
    return markup.line(
        text, entities, known=lambda handle: _account(handle, ids, host) is not None, public_url=public_url, rel=rel
    )


def _account(handle: Handle, ids: Mapping[str, int], host: str) -> int | None:
    return ids.get(handle.name.lower()) if not handle.host or handle.host.lower() == host else None


def _mentions(entities: list[Entity], *, ids: Mapping[str, int], host: str) -> tuple[Mention, ...]:
    found: dict[int, Mention] = {}
    for entity in entities:
        if isinstance(entity, Handle) and (account_id := _account(entity, ids, host)) is not None:
            found.setdefault(account_id, Mention(account_id, entity.name.lower()))
    if len(found) > MENTIONS_MAX:
        raise Invalid(f"Validation failed: Text mentions {len(found)} people, the limit is {MENTIONS_MAX}")
    return tuple(found.values())


def _tags(entities: list[Entity]) -> tuple[Tag, ...]:
    found: dict[str, Tag] = {}
    for entity in entities:
        if isinstance(entity, Hashtag):
            name = fold(entity.shown)
            found.setdefault(name, Tag(name, entity.shown))
    return tuple(found.values())
