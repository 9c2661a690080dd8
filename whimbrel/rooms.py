"""What follows the journal into the store: every room's tables and what it makes of an event, in order.

Apart from wiring.py, because the core needs this and nothing of HTTP: importing both would triple its memory.
"""

from typing import Final

from whimbrel.engines.store.applier import Follows
from whimbrel.engines.store.migrations import migrations_in
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import Event
from whimbrel.kernel.sql import schema
from whimbrel.microblog.accounts import apply as accounts
from whimbrel.microblog.graph import apply as graph
from whimbrel.microblog.interactions import apply as interactions
from whimbrel.microblog.notifications import apply as notifications
from whimbrel.microblog.posts import apply as posts
from whimbrel.microblog.search import apply as search
from whimbrel.microblog.vocabulary import VOCABULARY

ROOM_NAMES: Final = ("accounts", "graph", "posts", "interactions", "notifications", "search")
ROOMS: Final = (accounts, graph, posts, interactions, notifications, search)

ESSENTIAL: Final = ("PostDeleted", "Unpinned", "AccountDeleted", "AccountDisabled", "PasswordChanged", "TokenRevoked")
"""What is still let in, from space kept for it, when the journal's disk is full: taking away, and shutting out."""


def schemas() -> list[str]:
    """Every room's tables, in the order in which rooms may refer to each other."""
    return [schema(f"whimbrel.microblog.{room}") for room in ROOM_NAMES]


def apply(rows: Writing, event: Event) -> None:
    """What an event means to the store: each room writes its own tables, in this order."""
    for room in ROOMS:
        room.apply(rows, event)


def follows() -> Follows:
    """What the core's applier needs to know of the rooms."""
    return Follows(schemas(), VOCABULARY.decode, apply, migrations=migrations_in("whimbrel.migrations"))
