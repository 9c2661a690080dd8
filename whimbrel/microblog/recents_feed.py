"""What events mean to the window of recent entries: the memory view that keeps `Window` true."""

from collections.abc import Iterable

from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.microblog.posts.events import PostCreated, PostEdited, Reblogged
from whimbrel.microblog.recents import Entry, Window


def entry_of_post(id_: int, author: int, data: PostCreated) -> Entry:
    """The entry of a new post. A reply to oneself is a thread, and reads like any post."""
    other = data.in_reply_to_account_id if data.in_reply_to_account_id != author else None
    return Entry(
        id_,
        author,
        data.visibility,
        reply_to=other or 0,
        language=data.language or "",
        mentions=tuple(mention.account_id for mention in data.mentions),
        tags=tuple(tag.name for tag in data.tags) if data.visibility == "public" else (),
    )


def entry_of_reblog(id_: int, author: int, data: Reblogged) -> Entry:
    """The entry of a reblog, which is read by the rules of what it shows."""
    return Entry(
        id_,
        author,
        data.visibility,
        reblog_of=data.post_id,
        reblog_author=data.author_id,
        language=data.language or "",
        mentions=tuple(mention.account_id for mention in data.mentions),
    )


class RecentsInMemory:
    """Feeds a window from the journal. Until `load` has been called after a start, the window claims nothing."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._handlers = {
            "PostCreated": self._created,
            "PostEdited": self._edited,
            "PostDeleted": self._deleted,
            "Reblogged": self._reblogged,
            "AccountDeleted": self._author_gone,
        }
        self._by_id = (self._deleted, self._author_gone)

    def load(self, entries: Iterable[Entry], *, floor_id: int) -> None:
        """Begin with the store's newest entries (ascending); the follower then starts at the store's cursor."""
        self.window.load(entries, floor_id=floor_id)

    def extend(self, entries: Iterable[Entry]) -> None:
        """Go on loading: the next entries, ascending."""
        for entry in entries:
            self.window.add(entry)

    def apply(self, event: Event) -> None:
        """Take in one event."""
        handler = self._handlers.get(event.type)
        if handler is not None and (handler in self._by_id or not isinstance(event.data, BlankedEvent)):
            handler(event)

    def forget(self) -> None:
        """Know nothing: everything up to now must be asked of the store."""
        newest = self.window.newest_id()
        self.window.load((), floor_id=newest)

    def _created(self, event: Event) -> None:
        data: PostCreated = event.data
        self.window.add(entry_of_post(event.id, event.actor, data))

    def _reblogged(self, event: Event) -> None:
        data: Reblogged = event.data
        self.window.add(entry_of_reblog(event.id, event.actor, data))

    def _edited(self, event: Event) -> None:
        data: PostEdited = event.data
        old = self.window.find(event.id)
        if old is None:
            return
        mentions = tuple(mention.account_id for mention in data.mentions)
        tags = tuple(tag.name for tag in data.tags) if old.visibility == "public" else ()
        self.window.replace(old._replace(language=data.language or "", mentions=mentions, tags=tags))

    def _deleted(self, event: Event) -> None:
        self.window.remove(event.id)

    def _author_gone(self, event: Event) -> None:
        self.window.remove_author(event.id)
