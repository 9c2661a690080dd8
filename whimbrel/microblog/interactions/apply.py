"""What events mean to favourites, bookmarks and muted conversations. A deleted post takes its edges with it."""

from collections.abc import Callable
from typing import Final

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.sql import Queries

_sql: Final = Queries("whimbrel.microblog.interactions")


def apply(rows: Writing, event: Event) -> None:
    """Write what one event means to what people have done with posts."""
    handler = _HANDLERS.get(event.type)
    if handler is not None and not isinstance(event.data, BlankedEvent):
        handler(rows, event)


def _edge(sql: str) -> Callable[[Writing, Event], None]:
    def write(rows: Writing, event: Event) -> None:
        rows.run(sql, {"account_id": event.actor, "post_id": event.id, "event_id": event.event_id})

    return write


def _conversation(sql: str) -> Callable[[Writing, Event], None]:
    def write(rows: Writing, event: Event) -> None:
        conversation_id = event.data.conversation_id
        rows.run(sql, {"account_id": event.actor, "conversation_id": conversation_id, "event_id": event.event_id})

    return write


def _account_gone(rows: Writing, event: Event) -> None:
    # Favourites are counted, so they are taken back by events of their own (cascades); nobody counts these.
    rows.run(_sql.forget_bookmarks, {"account_id": event.id})
    rows.run(_sql.forget_conversation_mutes, {"account_id": event.id})


_HANDLERS: Final[dict[str, Callable[[Writing, Event], None]]] = {
    "Favourited": _edge(_sql.insert_favourite),
    "Unfavourited": _edge(_sql.delete_favourite),
    "Bookmarked": _edge(_sql.insert_bookmark),
    "Unbookmarked": _edge(_sql.delete_bookmark),
    "ConversationMuted": _conversation(_sql.insert_conversation_mute),
    "ConversationUnmuted": _conversation(_sql.delete_conversation_mute),
    "AccountDeleted": _account_gone,
}
