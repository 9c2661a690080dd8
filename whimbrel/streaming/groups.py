"""The groups of notifications, as far as streams must know them: a notification carries the key of its group.

Which group something joins depends on the one before it. The newest key of each is kept here once it is known, the
rule being pure (notifications/rules.py); what is not known is asked of the store, which then has the event itself.
"""

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import STREAM_GROUPS_MAX
from whimbrel.microblog.notifications import rows
from whimbrel.microblog.notifications.memory import ACTOR_CONCERNED
from whimbrel.microblog.notifications.rules import group_key, group_prefix, ungrouped_key
from whimbrel.streaming.rules import Notice


class Groups:
    """The newest group of each kind about each thing, for accounts that were told of it while they listened."""

    def __init__(self) -> None:
        self._latest: dict[tuple[int, str], str] = {}

    def knows(self, account_id: int, notice: Notice) -> bool:
        """Whether `key` needs no look at the store."""
        prefix = group_prefix(notice.kind, notice.post_id)
        return prefix is None or (account_id, prefix) in self._latest

    def learn(self, look: Reading, account_id: int, notice: Notice) -> str | None:
        """The newest group in the store; to be handed to `key`. In a thread of the store."""
        prefix = group_prefix(notice.kind, notice.post_id)
        return None if prefix is None else rows.latest_group(look, account_id, prefix)

    def key(self, account_id: int, notice: Notice, event: Event, latest: str | None) -> str:
        """The key of the group that a notification belongs to. `latest` is what the store said, if it was asked."""
        prefix = group_prefix(notice.kind, notice.post_id)
        if prefix is None:
            return ungrouped_key(event.event_id)
        place = (account_id, prefix)
        found = group_key(prefix, event.time_ms, self._latest.get(place) or latest)
        if len(self._latest) >= STREAM_GROUPS_MAX:
            self._latest.clear()
        self._latest[place] = found
        return found

    def apply(self, event: Event) -> None:
        """Forget the groups that an event may have taken something out of."""
        if isinstance(event.data, BlankedEvent):
            return
        if event.type == "Unfavourited":
            self._latest.pop((event.data.author_id, f"favourite-{event.id}-"), None)
        elif event.type == "Unfollowed":
            self._latest.pop((event.id, "follow-"), None)
        elif event.type in ACTOR_CONCERNED:
            self._forget([place for place in self._latest if place[0] == event.actor])
        elif event.type == "PostDeleted" and event.data.reblog_of_id is not None:
            prefix = f"reblog-{event.data.reblog_of_id}-"
            self._forget([place for place in self._latest if place[1] == prefix])
        elif event.type == "AccountDeleted":
            self._latest.clear()

    def _forget(self, places: list[tuple[int, str]]) -> None:
        for place in places:
            del self._latest[place]
