"""Turns events into the rows of the graph. The only file that writes them."""

from collections.abc import Callable
from typing import Final

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.microblog.graph.rows import SQL

_ADD_FOLLOW = SQL.add_follow
_REMOVE_FOLLOW = SQL.remove_follow
_ERASURES = (SQL.erase_notes, SQL.erase_mutes, SQL.erase_tag_follows, SQL.erase_endorsements)


def apply(rows: Writing, event: Event) -> None:
    """Write what an event means for this room; nothing when it means nothing here, or its content was erased."""
    write = _WRITES.get(event.type)
    if write is not None and (event.data.__class__ is not BlankedEvent or write is _account_deleted):
        write(rows, event)


def _followed(rows: Writing, event: Event) -> None:
    rows.run(_ADD_FOLLOW, {"edge_id": event.event_id, **_follow(event)})


def _follow_changed(rows: Writing, event: Event) -> None:
    rows.run(SQL.change_follow, _follow(event))


def _unfollowed(rows: Writing, event: Event) -> None:
    rows.run(_REMOVE_FOLLOW, {"account_id": event.data.account_id, "target_id": event.id})


def _requested(rows: Writing, event: Event) -> None:
    rows.run(SQL.add_request, {"edge_id": event.event_id, **_follow(event)})


def _request_ended(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_request, {"account_id": event.data.account_id, "target_id": event.id})


def _blocked(rows: Writing, event: Event) -> None:
    rows.run(SQL.add_block, {"edge_id": event.event_id, **_pair(event)})


def _unblocked(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_block, _pair(event))


def _muted(rows: Writing, event: Event) -> None:
    data = event.data
    settings = {"notifications": int(data.notifications), "expires_ms": data.expires_ms}
    rows.run(SQL.put_mute, {"edge_id": event.event_id, **_pair(event), **settings})


def _unmuted(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_mute, _pair(event))


def _note_written(rows: Writing, event: Event) -> None:
    pair = {"account_id": event.actor, "target_id": event.data.target_id}
    if event.data.comment:
        rows.run(SQL.put_note, {**pair, "comment": event.data.comment})
    else:
        rows.run(SQL.remove_note, pair)


def _endorsed(rows: Writing, event: Event) -> None:
    rows.run(SQL.add_endorsement, {"edge_id": event.event_id, **_pair(event)})


def _unendorsed(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_endorsement, _pair(event))


def _tag_followed(rows: Writing, event: Event) -> None:
    data = event.data
    tag = {"account_id": event.actor, "tag": data.tag, "shown": data.shown}
    rows.run(SQL.add_tag_follow, {"edge_id": event.event_id, **tag})


def _tag_unfollowed(rows: Writing, event: Event) -> None:
    rows.run(SQL.remove_tag_follow, {"account_id": event.actor, "tag": event.data.tag})


def _account_deleted(rows: Writing, event: Event) -> None:
    # What is counted or seen by others (follows, requests, blocks) is undone by events of its own.
    for sql in _ERASURES:
        rows.run(sql, {"account_id": event.id})


def _pair(event: Event) -> dict[str, int]:
    return {"account_id": event.actor, "target_id": event.id}


def _follow(event: Event) -> dict[str, int | str]:
    data = event.data
    return {
        "account_id": data.account_id,
        "target_id": event.id,
        "reblogs": int(data.reblogs),
        "notify": int(data.notify),
        "languages": " ".join(data.languages),
    }


_WRITES: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "Followed": _followed,
    "FollowChanged": _follow_changed,
    "Unfollowed": _unfollowed,
    "FollowRequested": _requested,
    "FollowRequestEnded": _request_ended,
    "Blocked": _blocked,
    "Unblocked": _unblocked,
    "Muted": _muted,
    "Unmuted": _unmuted,
    "NoteWritten": _note_written,
    "Endorsed": _endorsed,
    "Unendorsed": _unendorsed,
    "TagFollowed": _tag_followed,
    "TagUnfollowed": _tag_unfollowed,
    "AccountDeleted": _account_deleted,
}
