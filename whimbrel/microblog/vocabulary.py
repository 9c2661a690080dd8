"""Every event type that this version knows, from all rooms and of the house itself."""

from typing import Final

from whimbrel.kernel import switching
from whimbrel.kernel.events import Vocabulary
from whimbrel.microblog.accounts import events as accounts
from whimbrel.microblog.graph import events as graph
from whimbrel.microblog.interactions import events as interactions
from whimbrel.microblog.notifications import events as notifications
from whimbrel.microblog.posts import events as posts

VOCABULARY = Vocabulary(
    *accounts.EVENTS,
    *graph.EVENTS,
    *posts.EVENTS,
    *interactions.EVENTS,
    *notifications.EVENTS,
    *switching.EVENTS,
)

DELETIONS: Final = frozenset({"PostDeleted", "AccountDeleted"})
"""Types that delete what they are about."""
