"""What events mean to search: the words of accounts, and the hashtags of public posts.

Only what everybody may see is found: a hashtag that stands in private posts alone does not exist here. What a hashtag's
row says is made of the posts that carry it now: the counter-example was to keep what the latest use had said, which a
replay does not know when that post was deleted and erased.
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.ids import time_of
from whimbrel.kernel.limits import TAG_DAYS_SWEEP_EVENTS
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.accounts.events import AccountCreated, ProfileChanged
from whimbrel.microblog.posts.events import PostCreated, PostEdited, Tag
from whimbrel.microblog.search.rows import DAY_MS, HISTORY_DAYS
from whimbrel.microblog.search.rules import words_of

_sql: Final = Queries("whimbrel.microblog.search")
_tags: Final = msgspec.msgpack.Decoder(tuple[Tag, ...])

GONE: Final = frozenset({"PostDeleted", "AccountDeleted"})


def apply(rows: Writing, event: Event) -> None:
    """Write what one event means to what can be found."""
    if event.sequence % TAG_DAYS_SWEEP_EVENTS == 0:  # by the sequence, so that every replay forgets the same
        rows.run(_sql.forget_days, {"first_day": event.time_ms // DAY_MS - HISTORY_DAYS + 1})
    handler = _HANDLERS.get(event.type)
    # A deletion needs nothing of its payload, which may have been erased.
    if handler is not None and (event.type in GONE or not isinstance(event.data, BlankedEvent)):
        handler(rows, event)


def _account_created(rows: Writing, event: Event) -> None:
    data: AccountCreated = event.data
    _write_words(rows, event.id, data.name, data.display_name)


def _profile_changed(rows: Writing, event: Event) -> None:
    data: ProfileChanged = event.data
    if not isinstance(data.display_name, str):
        return
    found = rows.one(_sql.name_of, {"account_id": event.id})
    if found is not None:
        rows.run(_sql.delete_words, {"account_id": event.id})
        _write_words(rows, event.id, found[0], data.display_name)


def _account_gone(rows: Writing, event: Event) -> None:
    rows.run(_sql.delete_words, {"account_id": event.id})


def _post_created(rows: Writing, event: Event) -> None:
    data: PostCreated = event.data
    if data.visibility == "public":
        _use(rows, event, event.actor, data.tags)


def _post_edited(rows: Writing, event: Event) -> None:
    data: PostEdited = event.data
    if rows.one(_sql.visibility_of, {"post_id": event.id}) != ("public",):
        return
    before = {tag: (account_id, day) for tag, account_id, day in rows.all(_sql.uses_of_post, {"post_id": event.id})}
    after = {tag.name for tag in data.tags}
    for tag, (account_id, day) in before.items():
        if tag not in after:
            _take_back(rows, event.id, tag, account_id=account_id, day=day)
    _use(rows, event, data.account_id, data.tags)


def _post_gone(rows: Writing, event: Event) -> None:
    for tag, account_id, day in rows.all(_sql.uses_of_post, {"post_id": event.id}):
        _take_back(rows, event.id, tag, account_id=account_id, day=day)


def _write_words(rows: Writing, account_id: int, name: str, display_name: str) -> None:
    for word in words_of(name, display_name):
        rows.run(_sql.insert_word, {"account_id": account_id, "word": word})


def _use(rows: Writing, event: Event, account_id: int, tags: Iterable[Tag]) -> None:
    day = event.time_ms // DAY_MS
    for tag in tags:
        use = {"post_id": event.id, "tag": tag.name, "account_id": account_id, "day": day}
        if rows.run(_sql.insert_use, use):
            rows.run(_sql.add_use, {"tag": tag.name, "shown": tag.shown, "now_ms": event.time_ms})
            rows.run(_sql.add_day_use, {"tag": tag.name, "account_id": account_id, "day": day})
        _show(rows, tag.name)


def _take_back(rows: Writing, post_id: int, tag: str, *, account_id: int, day: int) -> None:
    rows.run(_sql.delete_use, {"post_id": post_id, "tag": tag})
    rows.run(_sql.take_use, {"tag": tag})
    rows.run(_sql.delete_unused, {"tag": tag})
    used = {"tag": tag, "account_id": account_id, "day": day}
    rows.run(_sql.take_day_use, used)
    rows.run(_sql.delete_day_unused, used)
    _show(rows, tag)


def _show(rows: Writing, tag: str) -> None:
    """Show a hashtag as the newest post writes it that carries it now."""
    found = rows.one(_sql.newest_use, {"tag": tag})
    if found is not None:
        post_id, tags = found
        shown = next(one.shown for one in _tags.decode(tags) if one.name == tag)
        rows.run(_sql.show_as, {"tag": tag, "shown": shown, "used_ms": time_of(post_id)})


_HANDLERS: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "AccountCreated": _account_created,
    "ProfileChanged": _profile_changed,
    "AccountDeleted": _account_gone,
    "PostCreated": _post_created,
    "PostEdited": _post_edited,
    "PostDeleted": _post_gone,
}
