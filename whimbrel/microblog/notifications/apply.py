"""What events mean to notifications: rows derived from what other rooms' events say, with facts looked up by key.

The events of those rooms have written their rows already (wiring's order of rooms), so a post is there when people
are told of it. What is undone takes its notification back; a deleted post takes its own by cascade.
"""

from collections.abc import Callable
from typing import Final

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.graph.events import Followed, FollowRequested
from whimbrel.microblog.interactions.events import Favourited
from whimbrel.microblog.notifications.events import MarkerMoved, NotificationsCleared, NotificationsDismissed
from whimbrel.microblog.notifications.rules import Facts, for_watchers, group_key, group_prefix, wanted
from whimbrel.microblog.posts.events import PostCreated, PostDeleted, PostEdited, Reblogged

_sql: Final = Queries("whimbrel.microblog.notifications")


def apply(rows: Writing, event: Event) -> None:
    """Tell those whom one event concerns, or take back what it undoes."""
    handler = _HANDLERS.get(event.type)
    if handler is not None and not isinstance(event.data, BlankedEvent):
        handler(rows, event)


def _created(rows: Writing, event: Event) -> None:
    data: PostCreated = event.data
    for account_id in dict.fromkeys(mention.account_id for mention in data.mentions):
        _tell(rows, event, "mention", account_id, post_id=event.id)
    if for_watchers(event.actor, data):
        told = {"id": event.event_id, "from_id": event.actor, "post_id": event.id, "now_ms": event.time_ms}
        rows.run(_sql.insert_for_watchers, {**told, "language": data.language or ""})


def _edited(rows: Writing, event: Event) -> None:
    data: PostEdited = event.data
    for (account_id,) in rows.all(_sql.named_by, {"post_id": event.id, "event_id": event.event_id}):
        _tell(rows, event, "mention", account_id, post_id=event.id)
    told = {"id": event.event_id, "from_id": data.account_id, "post_id": event.id, "now_ms": event.time_ms}
    rows.run(_sql.insert_for_rebloggers, told)


def _deleted(rows: Writing, event: Event) -> None:
    data: PostDeleted = event.data
    if data.reblog_of_id is not None:
        undone = {"post_id": data.reblog_of_id, "from_id": data.account_id, "kind": "reblog"}
        rows.run(_sql.delete_about, undone)


def _reblogged(rows: Writing, event: Event) -> None:
    data: Reblogged = event.data
    _tell(rows, event, "reblog", data.author_id, post_id=data.post_id)


def _favourited(rows: Writing, event: Event) -> None:
    data: Favourited = event.data
    _tell(rows, event, "favourite", data.author_id, post_id=event.id)


def _unfavourited(rows: Writing, event: Event) -> None:
    rows.run(_sql.delete_about, {"post_id": event.id, "from_id": event.actor, "kind": "favourite"})


def _followed(rows: Writing, event: Event) -> None:
    data: Followed = event.data
    _tell(rows, event, "follow", event.id, from_id=data.account_id)


def _requested(rows: Writing, event: Event) -> None:
    data: FollowRequested = event.data
    _tell(rows, event, "follow_request", event.id, from_id=data.account_id)


def _ended(kind: str) -> Callable[[Writing, Event], None]:
    def take_back(rows: Writing, event: Event) -> None:
        rows.run(_sql.delete_of_kind, {"from_id": event.data.account_id, "account_id": event.id, "kind": kind})

    return take_back


def _blocked(rows: Writing, event: Event) -> None:
    rows.run(_sql.delete_from, {"from_id": event.id, "account_id": event.actor})


def _account_gone(rows: Writing, event: Event) -> None:
    rows.run(_sql.delete_up_to, {"account_id": event.id, "up_to_id": event.event_id})
    rows.run(_sql.delete_from_everywhere, {"from_id": event.id})
    rows.run(_sql.delete_markers, {"account_id": event.id})


def _cleared(rows: Writing, event: Event) -> None:
    data: NotificationsCleared = event.data
    rows.run(_sql.delete_up_to, {"account_id": event.actor, "up_to_id": data.up_to_id})


def _dismissed(rows: Writing, event: Event) -> None:
    data: NotificationsDismissed = event.data
    rows.run(_sql.delete_these, {"account_id": event.actor, "ids": data.notification_ids})


def _marker_moved(rows: Writing, event: Event) -> None:
    data: MarkerMoved = event.data
    marker = {"account_id": event.actor, "timeline": data.timeline, "last_read_id": data.last_read_id}
    rows.run(_sql.move_marker, {**marker, "now_ms": event.time_ms})


def _tell(
    rows: Writing, event: Event, kind: str, account_id: int, *, post_id: int | None = None, from_id: int | None = None
) -> None:
    sender = event.actor if from_id is None else from_id
    if account_id == sender:
        return
    told = {"account_id": account_id, "from_id": sender, "post_id": post_id, "now_ms": event.time_ms}
    found = rows.one(_sql.facts, told)
    if found is None:
        return
    state, severed, muted, quiet = found
    if wanted(kind, Facts(state, bool(severed), bool(muted), bool(quiet))):
        key = _group_key(rows, kind, account_id, post_id, event.time_ms)
        rows.run(_sql.insert, {**told, "id": event.event_id, "kind": kind, "group_key": key})


def _group_key(rows: Writing, kind: str, account_id: int, post_id: int | None, now_ms: int) -> str | None:
    prefix = group_prefix(kind, post_id)
    if prefix is None:
        return None
    # "." is the character after "-": the range holds every key that begins with the prefix.
    span = {"account_id": account_id, "lowest": prefix, "above": prefix[:-1] + "."}
    found = rows.one(_sql.latest_group, span)
    return group_key(prefix, now_ms, found[0] if found else None)


_HANDLERS: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "PostCreated": _created,
    "PostEdited": _edited,
    "PostDeleted": _deleted,
    "Reblogged": _reblogged,
    "Favourited": _favourited,
    "Unfavourited": _unfavourited,
    "Followed": _followed,
    "Unfollowed": _ended("follow"),
    "FollowRequested": _requested,
    "FollowRequestEnded": _ended("follow_request"),
    "Blocked": _blocked,
    "AccountDeleted": _account_gone,
    "NotificationsCleared": _cleared,
    "NotificationsDismissed": _dismissed,
    "MarkerMoved": _marker_moved,
}
