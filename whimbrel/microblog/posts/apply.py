"""What events mean to the rows of posts. Every event is a real transition, so counters simply count.

A plain post is two statements; each mention and hashtag is one more. What an event is about may have been deleted
since (or wait among the parked): then nothing happens.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import HISTORY_EDITS_MAX, PINS_MAX
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.posts.events import Mention, PostCreated, PostEdited, Reblogged, Tag

DISTRIBUTABLE: Final = frozenset({"public", "unlisted"})

_sql: Final = Queries("whimbrel.microblog.posts")
_encode: Final = msgspec.msgpack.Encoder().encode
_tags: Final = msgspec.msgpack.Decoder(tuple[Tag, ...])


def apply(rows: Writing, event: Event) -> None:
    """Write what one event means to posts, their threads, hashtags, history and pins."""
    handler = _HANDLERS.get(event.type)
    if handler is not None and (event.type == "PostDeleted" or not isinstance(event.data, BlankedEvent)):
        handler(rows, event)


def _created(rows: Writing, event: Event) -> None:
    data: PostCreated = event.data
    post = {
        "id": event.id,
        "account_id": event.actor,
        "created_ms": event.time_ms,
        "visibility": data.visibility,
        "sensitive": int(data.sensitive),
        "language": data.language,
        "in_reply_to_id": data.in_reply_to_id,
        "in_reply_to_account_id": data.in_reply_to_account_id,
        "conversation_id": data.conversation_id or event.id,
        "mentions": _blob(data.mentions),
        "tags": _blob(data.tags),
    }
    rows.run(_sql.insert_post, post)
    text = {"id": event.id, "text": data.text, "html": data.html, "spoiler": data.spoiler}
    rows.run(_sql.insert_text, {**text, "app_name": data.app_name, "app_website": data.app_website})
    _mention(rows, event, data.mentions)
    _tag(rows, event.id, event.actor, data.tags)
    if data.in_reply_to_id is not None and data.visibility in DISTRIBUTABLE:
        rows.run(_sql.add_replies, {"id": data.in_reply_to_id, "by": 1})


def _reblogged(rows: Writing, event: Event) -> None:
    data: Reblogged = event.data
    if not rows.run(_sql.add_reblogs, {"id": data.post_id, "by": 1}):
        return
    reblog: dict[str, Any] = {
        "id": event.id,
        "account_id": event.actor,
        "created_ms": event.time_ms,
        "visibility": data.visibility,
        "language": data.language,
        "reblog_of_id": data.post_id,
        "reblogged_account_id": data.author_id,
        "mentions": _blob(data.mentions),
    }
    rows.run(_sql.insert_reblog, reblog)


def _edited(rows: Writing, event: Event) -> None:
    data: PostEdited = event.data
    found = rows.one(_sql.tags_of, {"id": event.id})
    if found is None:
        return
    rows.run(_sql.keep_former, {"id": event.id, "event_id": event.event_id})
    rows.run(_sql.trim_former, {"id": event.id, "former_max": HISTORY_EDITS_MAX})
    post = {
        "id": event.id,
        "sensitive": int(data.sensitive),
        "language": data.language,
        "edited_ms": event.time_ms,
        "mentions": _blob(data.mentions),
        "tags": _blob(data.tags),
    }
    rows.run(_sql.edit_post, post)
    rows.run(_sql.edit_text, {"id": event.id, "text": data.text, "html": data.html, "spoiler": data.spoiler})
    named = [mention.account_id for mention in data.mentions]
    rows.run(_sql.delete_mentions_but, {"id": event.id, "account_ids": named})
    _mention(rows, event, data.mentions)
    _untag(rows, event.id, found[0])
    _tag(rows, event.id, data.account_id, data.tags)


def _deleted(rows: Writing, event: Event) -> None:
    # The row tells what the counters need, not the event: so an event whose payload was erased deletes as well.
    found = rows.one(_sql.removal, {"id": event.id})
    if found is None:
        return
    account_id, visibility, in_reply_to_id, reblog_of_id, tags = found
    rows.run(_sql.delete_post, {"id": event.id})
    rows.run(_sql.delete_pin, {"account_id": account_id, "id": event.id})
    _untag(rows, event.id, tags)
    if reblog_of_id is not None:
        rows.run(_sql.add_reblogs, {"id": reblog_of_id, "by": -1})
    elif in_reply_to_id is not None and visibility in DISTRIBUTABLE:
        rows.run(_sql.add_replies, {"id": in_reply_to_id, "by": -1})


def _pinned(rows: Writing, event: Event) -> None:
    pin = {"account_id": event.actor, "id": event.id, "event_id": event.event_id, "pins_max": PINS_MAX}
    rows.run(_sql.insert_pin, pin)


def _unpinned(rows: Writing, event: Event) -> None:
    rows.run(_sql.delete_pin, {"account_id": event.actor, "id": event.id})


def _favourited(rows: Writing, event: Event) -> None:
    rows.run(_sql.add_favourites, {"id": event.id, "by": 1})


def _unfavourited(rows: Writing, event: Event) -> None:
    rows.run(_sql.add_favourites, {"id": event.id, "by": -1})


def _mention(rows: Writing, event: Event, mentions: Iterable[Mention]) -> None:
    for mention in mentions:
        named = {"id": event.id, "account_id": mention.account_id, "event_id": event.event_id}
        rows.run(_sql.insert_mention, named)


def _tag(rows: Writing, post_id: int, account_id: int, tags: Iterable[Tag]) -> None:
    for tag in tags:
        rows.run(_sql.insert_tag, {"tag": tag.name, "id": post_id, "account_id": account_id})


def _untag(rows: Writing, post_id: int, tags: bytes | None) -> None:
    for tag in _tags.decode(tags) if tags else ():
        rows.run(_sql.delete_tag, {"tag": tag.name, "id": post_id})


def _blob(values: tuple[msgspec.Struct, ...]) -> bytes | None:
    return _encode(values) if values else None


_HANDLERS: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "PostCreated": _created,
    "Reblogged": _reblogged,
    "PostEdited": _edited,
    "PostDeleted": _deleted,
    "Pinned": _pinned,
    "Unpinned": _unpinned,
    "Favourited": _favourited,
    "Unfavourited": _unfavourited,
}
