"""Readers in the memory of a process, kept true by the journal and changed in place.

What an event does to a reader is said twice, here and in apply.py; a test compares the two after random events.
"""

from collections.abc import Callable
from typing import Final

from whimbrel.kernel.contracts import Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import READERS_CACHED_MAX
from whimbrel.microblog.graph import rows
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings
from whimbrel.microblog.shelf import Shelf


class GraphInMemory:
    """The readers that this process has met; one follower feeds it."""

    def __init__(self, reads: Reads, tail: Tail) -> None:
        self.readers: Shelf[int, Reader] = Shelf(
            reads, tail, query=rows.readers, touched=touched, change=change, items_max=READERS_CACHED_MAX
        )

    def apply(self, event: Event) -> None:
        """Take one event in."""
        if event.type in _TOUCHED:
            self.readers.apply(event)

    def forget(self) -> None:
        """Drop everything."""
        self.readers.forget()


def touched(event: Event) -> tuple[int, ...]:
    """Ids of the accounts whose readers an event changes."""
    by_whom = _TOUCHED.get(event.type)
    if by_whom is None or (event.data.__class__ is BlankedEvent and by_whom is not _subject):
        return ()
    return by_whom(event)


def change(account_id: int, reader: Reader, event: Event) -> Reader | None:
    """The reader after an event that touches it, changed in place; None when its account was deleted."""
    if event.type == "AccountDeleted":
        return None
    _CHANGES[event.type](account_id, reader, event)
    reader.version += 1
    reader.derived = None
    return reader


def _followed(_: int, reader: Reader, event: Event) -> None:
    reader.follows[event.id] = _settings(event)


def _unfollowed(_: int, reader: Reader, event: Event) -> None:
    reader.follows.pop(event.id, None)


def _requested(_: int, reader: Reader, event: Event) -> None:
    reader.requested[event.id] = _settings(event)


def _request_ended(_: int, reader: Reader, event: Event) -> None:
    reader.requested.pop(event.id, None)


def _blocked(account_id: int, reader: Reader, event: Event) -> None:
    if account_id == event.actor:
        reader.blocks.add(event.id)
    else:
        reader.blocked_by.add(event.actor)


def _unblocked(account_id: int, reader: Reader, event: Event) -> None:
    if account_id == event.actor:
        reader.blocks.discard(event.id)
    else:
        reader.blocked_by.discard(event.actor)


def _muted(_: int, reader: Reader, event: Event) -> None:
    reader.mutes[event.id] = MuteSettings(event.data.notifications, event.data.expires_ms)


def _unmuted(_: int, reader: Reader, event: Event) -> None:
    reader.mutes.pop(event.id, None)


def _tag_followed(_: int, reader: Reader, event: Event) -> None:
    reader.tags[event.data.tag] = event.data.shown


def _tag_unfollowed(_: int, reader: Reader, event: Event) -> None:
    reader.tags.pop(event.data.tag, None)


def _settings(event: Event) -> FollowSettings:
    data = event.data
    if data.reblogs and not data.notify and not data.languages:
        return rows.FOLLOW_AS_USUAL
    return FollowSettings(data.reblogs, data.notify, data.languages)


def _follower(event: Event) -> tuple[int, ...]:
    return (event.data.account_id,)


def _actor(event: Event) -> tuple[int, ...]:
    return (event.actor,)


def _both(event: Event) -> tuple[int, ...]:
    return (event.actor, event.id)


def _subject(event: Event) -> tuple[int, ...]:
    return (event.id,)


_CHANGES: Final[dict[str, Callable[[int, Reader, Event], None]]] = {
    "Followed": _followed,
    "FollowChanged": _followed,
    "Unfollowed": _unfollowed,
    "FollowRequested": _requested,
    "FollowRequestEnded": _request_ended,
    "Blocked": _blocked,
    "Unblocked": _unblocked,
    "Muted": _muted,
    "Unmuted": _unmuted,
    "TagFollowed": _tag_followed,
    "TagUnfollowed": _tag_unfollowed,
}

_TOUCHED: Final[dict[str, Callable[[Event], tuple[int, ...]]]] = {
    "Followed": _follower,
    "FollowChanged": _follower,
    "Unfollowed": _follower,
    "FollowRequested": _follower,
    "FollowRequestEnded": _follower,
    "Blocked": _both,
    "Unblocked": _both,
    "Muted": _actor,
    "Unmuted": _actor,
    "TagFollowed": _actor,
    "TagUnfollowed": _actor,
    "AccountDeleted": _subject,
}
