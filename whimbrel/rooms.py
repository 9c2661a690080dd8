"""What follows the journal into the store: every room's tables and what it makes of an event, in order.

Apart from wiring.py, because the core needs this and nothing of HTTP: importing both would triple its memory.
"""

from typing import Final

from whimbrel.engines.store.applier import Follows
from whimbrel.engines.store.migrations import migrations_in
from whimbrel.engines.store.parked import Subjects
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import Event
from whimbrel.kernel.sql import schema
from whimbrel.microblog.accounts import apply as accounts
from whimbrel.microblog.graph import apply as graph
from whimbrel.microblog.interactions import apply as interactions
from whimbrel.microblog.notifications import apply as notifications
from whimbrel.microblog.posts import apply as posts
from whimbrel.microblog.search import apply as search
from whimbrel.microblog.vocabulary import DELETIONS, VOCABULARY

ROOM_NAMES: Final = ("accounts", "graph", "posts", "interactions", "notifications", "search")
ROOMS: Final = (accounts, graph, posts, interactions, notifications, search)

ESSENTIAL: Final = ("PostDeleted", "Unpinned", "AccountDeleted", "AccountDisabled", "PasswordChanged", "TokenRevoked")
"""What is still let in, from space kept for it, when the journal's disk is full: taking away, and shutting out."""


def schemas() -> list[str]:
    """Every room's tables, in the order in which rooms may refer to each other."""
    return [schema(f"whimbrel.microblog.{room}") for room in ROOM_NAMES]


def apply(rows: Writing, event: Event) -> None:
    """What an event means to the store: each room writes its own tables, in this order.

    No clock, no network, no randomness: a replay makes the same rows.
    """
    for room in ROOMS:
        room.apply(rows, event)


_BESIDE: Final = frozenset({"ConversationMuted", "ConversationUnmuted"})
"""What somebody does at a post, and not to it: it holds whatever becomes of the post."""


def touches(event: Event) -> tuple[int, ...]:
    """What an event is about, who did it, and whom else it speaks of: a block ends somebody else's follow."""
    if event.type in _BESIDE:
        return (event.actor,)
    return event.id, event.actor, getattr(event.data, "account_id", 0)


def follows() -> Follows:
    """What the core's applier needs to know of the rooms."""
    return Follows(
        schemas(), VOCABULARY.decode, apply, Subjects(touches, DELETIONS), migrations_in("whimbrel.migrations")
    )
