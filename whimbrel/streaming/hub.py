"""Who listens to what, found by what happens: by author, by hashtag, by stream, by account.

An event costs in proportion to those who watch it. The author's watching followers stand under the author, so nobody
goes through followers who are not here, nor through connections that do not care.
"""

from collections.abc import Iterable
from typing import Protocol

from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.microblog.graph.reader import Reader
from whimbrel.streaming.index import Index
from whimbrel.streaming.names import DIRECT, HASHTAGS, OPEN, USER, StreamName
from whimbrel.streaming.shapes import Shape
from whimbrel.streaming.sides import Side


class Socket(Protocol):
    """One connection, as those see it who have something to send."""

    def __hash__(self) -> int: ...

    account_id: int | None

    @property
    def session_id(self) -> int | None:
        """What it was opened with."""
        ...

    def send(self, shape: Shape, subscription: "Subscription") -> None:
        """Send a message. Never raises: a socket that cannot take it is ended."""
        ...

    def end(self, reason: str) -> None:
        """End it, saying why if that can still be said."""
        ...

    @property
    def ending(self) -> bool:
        """Whether nothing can be sent any more."""
        ...

    async def drained(self) -> None:
        """Wait until it takes more, or is gone."""
        ...


class Subscription:
    """A stream that a socket listens to. Only what stands after `after` is sent; it grows with each message.

    `watcher` is the account that listens, None for somebody without one. `notified`: notifications belong to it.
    """

    __slots__ = ("after", "name", "notified", "resumes", "socket", "watcher")

    def __init__(
        self, socket: Socket, name: StreamName, watcher: "Watcher | None", *, after: int, notified: bool, resumes: bool
    ) -> None:
        self.socket, self.name, self.watcher = socket, name, watcher
        self.after, self.notified, self.resumes = after, notified, resumes

    def send(self, shape: Shape) -> None:
        """Send a message unless it was sent before."""
        if shape.position > self.after:
            self.after = shape.position
            self.socket.send(shape, self)


class Watcher:
    """One account that listens, on however many sockets. `sockets` counts those that it is kept for."""

    __slots__ = ("account_id", "home", "side", "sockets", "subscriptions")

    def __init__(self, account_id: int, side: Side) -> None:
        self.account_id, self.side = account_id, side
        self.subscriptions: list[Subscription] = []
        self.sockets = 0
        self.home = 0
        """How many of the subscriptions want to hear of those whom the account follows."""


class Hub:
    """The indexes. Changed by sockets that come and go, and by events that change whom a watcher follows."""

    def __init__(self) -> None:
        self.watchers: dict[int, Watcher] = {}
        self._sockets: set[Socket] = set()
        self.by_session: Index[int, Socket] = Index()
        self.by_account: Index[int, Socket] = Index()
        self._followers: Index[int, Watcher] = Index()
        self._notified: Index[int, Watcher] = Index()
        self._tag_followers: Index[str, Watcher] = Index()
        self._streams: Index[tuple[str, str], Subscription] = Index()

    def enter(self, socket: Socket) -> None:
        """A socket is open."""
        self._sockets.add(socket)
        if socket.session_id is not None:
            self.by_session.add(socket.session_id, socket)
        if socket.account_id is not None:
            self.by_account.add(socket.account_id, socket)

    def leave(self, socket: Socket) -> None:
        """A socket is gone, and listens to nothing any more."""
        self._sockets.discard(socket)
        if socket.session_id is not None:
            self.by_session.discard(socket.session_id, socket)
        if socket.account_id is not None:
            self.by_account.discard(socket.account_id, socket)

    def sockets(self) -> list[Socket]:
        """Every socket."""
        return list(self._sockets)

    def watch(self, account_id: int, side: Side) -> Watcher:
        """The watcher of an account, made for its first socket."""
        watcher = self.watchers.get(account_id)
        if watcher is None:
            watcher = self.watchers[account_id] = Watcher(account_id, side)
        watcher.sockets += 1
        return watcher

    def unwatch(self, watcher: Watcher) -> bool:
        """A socket of the watcher is gone; whether nobody watches for the account any more."""
        watcher.sockets -= 1
        if watcher.sockets or self.watchers.get(watcher.account_id) is not watcher:
            return False
        del self.watchers[watcher.account_id]
        return True

    def forget_watchers(self) -> None:
        """Their sides are not kept true any more: who comes from now on gets a watcher with a side that is."""
        self.watchers.clear()

    def subscribe(self, subscription: Subscription) -> None:
        """Begin to hear."""
        name, watcher = subscription.name, subscription.watcher
        if name.kind in OPEN:
            self._streams.add((name.kind, name.key), subscription)
            return
        assert watcher is not None, "streams of an account are opened with an account"
        watcher.subscriptions.append(subscription)
        if name.kind != DIRECT:
            watcher.home += 1
            if watcher.home == 1:
                self._index(watcher, watcher.side.reader)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Hear no more; nothing happens when it did not hear."""
        name, watcher = subscription.name, subscription.watcher
        if name.kind in OPEN:
            self._streams.discard((name.kind, name.key), subscription)
        elif watcher is not None and subscription in watcher.subscriptions:
            watcher.subscriptions.remove(subscription)
            if name.kind != DIRECT:
                watcher.home -= 1
                if watcher.home == 0:
                    self._unindex(watcher, watcher.side.reader)

    def listening(self, kind: str, key: str = "") -> list[Subscription]:
        """Who listens to an open stream; to any hashtag, when none is given."""
        if kind in HASHTAGS and not key:
            places = [place for place in self._streams.keys() if place[0] == kind]  # noqa: SIM118 - not a dict
            return [subscription for place in places for subscription in self._streams.members(place)]
        return self._streams.members((kind, key))

    def everybody(self) -> list[Watcher]:
        """Every watcher."""
        return list(self.watchers.values())

    def flags(self, watcher: Watcher, post_id: int) -> int:  # noqa: ARG002 - what everybody's answer is
        """The watcher's flags on a post that has just been written: none yet."""
        return 0

    def counts(self) -> dict[str, int]:
        """How many subscriptions there are, by kind."""
        found: dict[str, int] = {}
        for kind, key in self._streams.keys():  # noqa: SIM118 - an Index is not a dict
            found[kind] = found.get(kind, 0) + self._streams.count((kind, key))
        for watcher in self.watchers.values():
            for subscription in watcher.subscriptions:
                found[subscription.name.kind] = found.get(subscription.name.kind, 0) + 1
        return found

    def audience(self, author: int, tags: Iterable[str] = (), others: Iterable[int] = ()) -> list[Watcher]:
        """The watchers whom something by an author may concern: itself, its followers, those of the tags, others."""
        found = dict.fromkeys(self._followers.members(author))
        for tag in tags:
            found.update(dict.fromkeys(self._tag_followers.members(tag)))
        for account_id in (author, *others):
            if (watcher := self.watchers.get(account_id)) is not None:
                found[watcher] = None
        return list(found)

    def to_be_told(self, author: int, named: Iterable[int]) -> list[Watcher]:
        """The watchers who may be told of a new post: those who want to hear of each by its author, and the named."""
        found = dict.fromkeys(self._notified.members(author))
        found.update((self.watchers[one], None) for one in named if one in self.watchers)
        return list(found)

    def apply(self, event: Event) -> None:
        """Keep the indexes true. The sides have taken the event in already."""
        if isinstance(event.data, BlankedEvent):
            return
        if event.type in ("Followed", "FollowChanged", "Unfollowed"):
            watcher = self.watchers.get(event.data.account_id)
            if watcher is not None and watcher.home:
                self._unfollow(watcher, event.id)
                if event.type != "Unfollowed":
                    self._follow(watcher, event.id, notify=event.data.notify)
        elif event.type in ("TagFollowed", "TagUnfollowed"):
            watcher = self.watchers.get(event.actor)
            if watcher is not None and watcher.home:
                tag = self._tag_followers
                (tag.add if event.type == "TagFollowed" else tag.discard)(event.data.tag, watcher)

    def _index(self, watcher: Watcher, reader: Reader) -> None:
        for account_id, settings in reader.follows.items():
            self._follow(watcher, account_id, notify=settings.notify)
        for tag in reader.tags:
            self._tag_followers.add(tag, watcher)

    def _unindex(self, watcher: Watcher, reader: Reader) -> None:
        for account_id in reader.follows:
            self._unfollow(watcher, account_id)
        for tag in reader.tags:
            self._tag_followers.discard(tag, watcher)

    def _follow(self, watcher: Watcher, account_id: int, *, notify: bool) -> None:
        self._followers.add(account_id, watcher)
        if notify:
            self._notified.add(account_id, watcher)

    def _unfollow(self, watcher: Watcher, account_id: int) -> None:
        self._followers.discard(account_id, watcher)
        self._notified.discard(account_id, watcher)


def wants_home(watcher: Watcher) -> bool:
    """Whether anybody listens to the account's own stream."""
    return any(subscription.name.kind == USER for subscription in watcher.subscriptions)
