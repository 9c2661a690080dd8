"""From the store's entry rows (posts/rows.py: `window`, `home_below`) to the entries that the rules look at."""

from typing import Any

import msgspec

from whimbrel.microblog.posts.events import Mention, Tag
from whimbrel.microblog.recents import Entry

_mentions = msgspec.msgpack.Decoder(tuple[Mention, ...])
_tags = msgspec.msgpack.Decoder(tuple[Tag, ...])


def entry_of_row(row: tuple[Any, ...]) -> Entry:
    """The entry of one row: id, account, visibility, reply id, replied account, reblog of, its author, language, ..."""
    id_, author, visibility, _reply_id, replied, reblog_of, reblog_author, language, _flags, mentions, tags = row
    return Entry(
        id_,
        author,
        visibility,
        reply_to=replied if replied and replied != author and not reblog_of else 0,
        reblog_of=reblog_of or 0,
        reblog_author=reblog_author or 0,
        language=language or "",
        mentions=tuple(m.account_id for m in _mentions.decode(mentions)) if mentions else (),
        tags=tuple(t.name for t in _tags.decode(tags)) if tags and visibility == "public" else (),
    )
