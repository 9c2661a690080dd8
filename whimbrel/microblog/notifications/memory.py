"""The newest notifications of the readers that were active lately, in the memory of a process.

Design note. Which events tell whom is decided in the store, where the facts are (apply.py). Memory does not decide
it a second time: it keeps a reader's newest rows until an event may have changed them, and drops them then. Naming
too many is harmless (one more query); naming too few would show an old page, so a test compares the two after every
event. An edited post tells those who reblogged it, whom the event does not name, and a deleted account leaves
everybody's pages: both are rare, and drop everything. What costs: a page read again while its reader is being told
things costs one look at the store each time.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from whimbrel.kernel.contracts import Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import READERS_CACHED_MAX
from whimbrel.microblog.notifications import rows
from whimbrel.microblog.notifications.rows import Newest
from whimbrel.microblog.notifications.values import Marker
from whimbrel.microblog.shelf import Shelf

Markers = Mapping[str, Marker]

EVERYBODY: Final = frozenset({"PostEdited", "AccountDeleted"})
AUTHOR_TOLD: Final = frozenset({"Reblogged", "Favourited", "Unfavourited"})
BOTH_CONCERNED: Final = frozenset({"Followed", "Unfollowed", "FollowRequested", "FollowRequestEnded", "FollowChanged"})
ACTOR_CONCERNED: Final = frozenset({"Blocked", "NotificationsDismissed", "NotificationsCleared"})


class NotificationsInMemory:
    """Newest notifications and markers by reader (a MemoryView)."""

    def __init__(self, reads: Reads, tail: Tail, *, items_max: int = READERS_CACHED_MAX) -> None:
        self._reads, self._tail, self._items_max = reads, tail, items_max
        self._held: dict[int, Newest] = {}
        self._watchers: dict[int, set[int]] = {}
        self._about: dict[int, set[int]] = {}
        self.held = self._held.get
        """A reader's newest notifications if memory has them, else None; never waits."""
        self.markers: Shelf[int, Markers] = Shelf(
            reads, tail, query=rows.markers, touched=_moved_by, change=_moved, items_max=items_max
        )

    async def newest(self, reader_id: int) -> Newest:
        """A reader's newest notifications, from memory or else from the store.

        Raises StoreUnavailable when memory lacks them and the store is away.
        """
        if (held := self._held.get(reader_id)) is not None:
            return held
        loaded, cursor = await self._reads.read(lambda look: (rows.newest(look, reader_id), look.cursor), fresh=False)
        missed = self._tail.since(cursor) if cursor < self._tail.cursor else ()
        if any(concerns(reader_id, loaded, event) for event in missed):
            # The store is behind what this reader has been told: wait for it, and hold nothing.
            return await self._reads.read(lambda look: rows.newest(look, reader_id))
        self._hold(reader_id, loaded)
        return loaded

    def apply(self, event: Event) -> None:
        """Drop what one event may have changed."""
        if isinstance(event.data, BlankedEvent):
            return
        self.markers.apply(event)
        if event.type in EVERYBODY:
            self._forget_pages()
        else:
            for reader_id in self._concerned(event):
                self._drop(reader_id)

    def forget(self) -> None:
        """Hold nothing."""
        self._forget_pages()
        self.markers.forget()

    def _concerned(self, event: Event) -> list[int]:
        concerned = list(named(event))
        if event.type == "PostCreated":
            concerned += self._watchers.get(event.actor, ())
        elif event.type == "PostDeleted":
            for post_id in (event.id, event.data.reblog_of_id):
                concerned += self._about.get(post_id, ())
        return concerned

    def _hold(self, reader_id: int, loaded: Newest) -> None:
        self._drop(reader_id)
        if len(self._held) >= self._items_max:
            self._drop(next(iter(self._held)))
        self._held[reader_id] = loaded
        for account_id in loaded.watched:
            self._watchers.setdefault(account_id, set()).add(reader_id)
        for post_id in _posts(loaded):
            self._about.setdefault(post_id, set()).add(reader_id)

    def _drop(self, reader_id: int) -> None:
        held = self._held.pop(reader_id, None)
        if held is not None:
            _unlist(self._watchers, held.watched, reader_id)
            _unlist(self._about, _posts(held), reader_id)

    def _forget_pages(self) -> None:
        self._held.clear()
        self._watchers.clear()
        self._about.clear()


def named(event: Event) -> Iterable[int]:
    """The readers whom an event names, and whose notifications it may change."""
    kind, data = event.type, event.data
    if kind == "PostCreated":
        return [mention.account_id for mention in data.mentions]
    if kind in AUTHOR_TOLD:
        return (data.author_id,)
    if kind in BOTH_CONCERNED:
        return event.id, data.account_id
    return (event.actor,) if kind in ACTOR_CONCERNED else ()


def concerns(reader_id: int, newest: Newest, event: Event) -> bool:
    """Whether an event may change what a reader was told, as it is known so far. Pure."""
    if isinstance(event.data, BlankedEvent):
        return False
    if event.type in EVERYBODY or reader_id in named(event):
        return True
    if event.type == "PostCreated":
        return event.actor in newest.watched
    return event.type == "PostDeleted" and not _posts(newest).isdisjoint((event.id, event.data.reblog_of_id))


def _posts(newest: Newest) -> set[int]:
    return {one.post_id for one in newest.rows if one.post_id is not None}


def _unlist(readers: dict[int, set[int]], keys: Iterable[int], reader_id: int) -> None:
    for key in keys:
        if (listed := readers.get(key)) is not None:
            listed.discard(reader_id)
            if not listed:
                del readers[key]


def _moved_by(event: Event) -> Iterable[int]:
    return (event.actor,) if event.type in ("MarkerMoved", "AccountDeleted") else ()


def _moved(_reader_id: int, markers: Markers, event: Event) -> Markers | None:
    if event.type == "AccountDeleted":
        return None
    data = event.data
    before = markers.get(data.timeline)
    if before is not None and before.last_read_id >= data.last_read_id:
        return markers
    version = before.version + 1 if before else 1
    return {**markers, data.timeline: Marker(data.timeline, data.last_read_id, version, event.time_ms)}
