"""The two kinds of open streams, as small as an idle connection should be: server-sent events, and a WebSocket.

Promises: a reader that lags has at most STREAM_QUEUE_BYTES_MAX waiting here and is then ended with a reason; one that
has gone silent is found by a ping that is not answered within a turn of the wheel; nothing is sent after the end.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, Final, Protocol, cast

import msgspec

from whimbrel.kernel.errors import BadRequest, TooMany, WhimbrelError
from whimbrel.kernel.limits import STREAM_QUEUE_BYTES_MAX, STREAM_SUBSCRIPTIONS_MAX
from whimbrel.streaming.admission import Guest
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.hub import Subscription, Watcher
from whimbrel.streaming.incoming import Incoming, Refused, Said, is_empty_pong
from whimbrel.streaming.names import StreamName, name_of
from whimbrel.streaming.positions import shown_position
from whimbrel.streaming.shapes import PING, Shape, close_frame, error_frame, pong_frame, position_frame

_WAITING_SUBSCRIPTIONS_MAX: Final = 16

GOING_AWAY: Final = "restart"
"""Why streams end when the process does; the client is told when to come back."""

_CLOSE_CODES: Final = {
    "slow": (4008, "You were too slow to take what happened"),
    "revoked": (4001, "The access token is invalid"),
    "behind": (1013, "The server could not follow; please come back"),
    "disturbed": (1013, "The server was disturbed; please come back"),
    "silent": (4007, "You did not answer"),
}


class Keeper(Protocol):
    """The process, as an open stream needs it (server.Streams)."""

    counts: Counts

    @property
    def position(self) -> int:
        """Everything up to here has been told to those who listened."""
        ...

    async def listen(self, socket: "Stream", name: StreamName, since: str | None) -> None:
        """Let an open stream listen. Raises WhimbrelError when it may not."""
        ...

    def ignore(self, socket: "Stream", subscription: Subscription) -> None:
        """Let it listen to this no more."""
        ...

    def await_end(self, socket: "Stream") -> None:
        """It is closing: visit it when a whole turn has passed."""
        ...

    def gone(self, socket: "Stream") -> None:
        """The connection has ended."""
        ...

    def own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something asynchronous, and see to it that it ends."""
        ...


class Stream(asyncio.Protocol, ABC):
    """What both kinds share. Not sent to after `transport` has begun to close."""

    __slots__ = (
        "_full",
        "account_id",
        "address",
        "keeper",
        "place",
        "session",
        "subscriptions",
        "transport",
        "watcher",
    )
    kind = ""

    def __init__(self, keeper: Keeper, transport: asyncio.Transport, guest: Guest, watcher: Watcher | None) -> None:
        self.keeper, self.transport, self.watcher = keeper, transport, watcher
        self.session, self.account_id = guest.session, guest.account_id
        self.subscriptions: tuple[Subscription, ...] = ()
        self.address = ""
        self.place = 0
        self._full: asyncio.Event | None = None

    @property
    def session_id(self) -> int | None:
        """What it was opened with."""
        return self.session.id if self.session is not None else None

    @property
    def expires_ms(self) -> int | None:
        """When that ends, if it ends by itself."""
        return self.session.expires_ms if self.session is not None else None

    @abstractmethod
    def send(self, shape: Shape, subscription: Subscription) -> None:
        """Send a message."""

    @abstractmethod
    def tell_position(self, subscription: Subscription) -> None:
        """Say how far the stream has come."""

    def visit(self) -> None:
        """Once a turn of the wheel. One that should have ended by now has nobody at its other end."""
        if self.transport.is_closing():
            self.transport.abort()
        else:
            self.prod()

    @abstractmethod
    def prod(self) -> None:
        """Find out whether somebody is there."""

    def write(self, data: bytes) -> bool:
        """Send bytes; False when the reader lags too far (then it is being ended) or is gone."""
        transport = self.transport
        if transport.is_closing():
            return False
        if transport.get_write_buffer_size() > STREAM_QUEUE_BYTES_MAX:
            self.end("slow")
            return False
        transport.write(data)
        return True

    def end(self, reason: str) -> None:
        """End it, saying why if that can still be said."""
        if self.transport.is_closing():
            return
        self.keeper.counts.ended[reason.partition(" ")[0]] += 1
        # What waits is still sent to one that takes it up again before the wheel has come round (see `visit`).
        self.transport.write(self.farewell(reason))
        self.transport.close()
        self.keeper.await_end(self)

    @property
    def ending(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.transport.is_closing()

    @abstractmethod
    def farewell(self, reason: str) -> bytes:
        """The last words."""

    async def drained(self) -> None:
        """Wait until it takes more, or is gone."""
        if self._full is not None:
            await self._full.wait()

    def pause_writing(self) -> None:
        """asyncio: more waits than is good."""
        self._full = asyncio.Event()

    def resume_writing(self) -> None:
        """asyncio: there is room again."""
        if self._full is not None:
            self._full.set()
            self._full = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """asyncio: it has ended, on whichever side."""
        self.resume_writing()
        self.keeper.gone(self)


class EventSource(Stream):
    """Server-sent events. Listens to one stream from beginning to end."""

    __slots__ = ()
    kind = "eventsource"

    def send(self, shape: Shape, subscription: Subscription) -> None:  # noqa: ARG002 - it has one
        """Send a message."""
        if self.write(shape.event_source()):
            self.keeper.counts.messages[shape.event] += 1

    def prod(self) -> None:
        """A sign of life; and, for who resumes, how far the stream has come."""
        self.write(b":thump\n")
        for subscription in self.subscriptions:
            if subscription.resumes:
                self.tell_position(subscription)

    def tell_position(self, subscription: Subscription) -> None:
        """Say how far the stream has come, without an event."""
        self.write(f"id: {shown_position(max(subscription.after, self.keeper.position))}\n\n".encode())

    def data_received(self, data: bytes) -> None:
        """asyncio: nobody speaks here but us."""

    def farewell(self, reason: str) -> bytes:
        """A comment; for a restart the time after which to come back."""
        if reason.startswith(GOING_AWAY):
            return f"retry: {reason.partition(' ')[2]}\n".encode()
        return f":{_CLOSE_CODES[reason][1]}\n".encode()


class WebSocket(Stream):
    """A WebSocket. `awaited`: a ping was sent and nothing has come back yet."""

    __slots__ = ("_incoming", "_pending", "awaited")
    kind = "websocket"

    def __init__(self, keeper: Keeper, transport: asyncio.Transport, guest: Guest, watcher: Watcher | None) -> None:
        super().__init__(keeper, transport, guest, watcher)
        self.awaited = False
        self._incoming: Incoming | None = None
        self._pending = 0

    def send(self, shape: Shape, subscription: Subscription) -> None:
        """Send a message."""
        if self.write(shape.frame(subscription.name)):
            self.keeper.counts.messages[shape.event] += 1

    def prod(self) -> None:
        """A ping, and the end of one that has not answered the last."""
        if self.awaited:
            self.end("silent")
            return
        self.awaited = True
        self.write(PING)
        for subscription in self.subscriptions:
            if subscription.resumes:
                self.tell_position(subscription)

    def tell_position(self, subscription: Subscription) -> None:
        """Say how far the stream has come."""
        self.write(position_frame(subscription.name, max(subscription.after, self.keeper.position)))

    def data_received(self, data: bytes) -> None:
        """asyncio: something came."""
        self.awaited = False
        if self._incoming is None and is_empty_pong(data):
            return
        incoming = self._incoming or Incoming()
        self._incoming = None
        try:
            for said in incoming.feed(data):
                self._heard(said)
        except Refused as refused:
            self.close(refused.code, refused.reason)
            return
        if not incoming.idle:
            self._incoming = incoming

    def close(self, code: int, reason: str = "") -> None:
        """Send the last frame and end."""
        if not self.transport.is_closing():
            self.transport.write(close_frame(code, reason))
            self.transport.close()
            self.keeper.await_end(self)

    def farewell(self, reason: str) -> bytes:
        """A close frame; for a restart with the milliseconds after which to come back."""
        if reason.startswith(GOING_AWAY):
            return close_frame(1012, msgspec.json.encode({"retry_ms": int(reason.partition(" ")[2])}).decode())
        return close_frame(*_CLOSE_CODES[reason])

    def _heard(self, said: Said) -> None:
        if said.kind == "text":
            self._asked(said.text)
        elif said.kind == "ping":
            self.write(pong_frame(said.payload))
        elif said.kind == "close":
            self.close(1000)

    def _asked(self, text: str) -> None:
        try:
            asked = _asking(text)
            name = name_of(asked.stream, tag=asked.tag, list_id=None if asked.list is None else str(asked.list))
            if asked.type == "unsubscribe":
                self._unsubscribe(name)
            elif len(self.subscriptions) + self._pending >= STREAM_SUBSCRIPTIONS_MAX:
                raise TooMany(f"A socket listens to at most {STREAM_SUBSCRIPTIONS_MAX} streams", retry_after_seconds=0)
            elif self._pending >= _WAITING_SUBSCRIPTIONS_MAX:
                raise TooMany("Please wait for the streams that were asked for", retry_after_seconds=1)
            else:
                self._pending += 1
                self.keeper.own(self._subscribe(name, asked.since))
        except WhimbrelError as error:
            self.write(error_frame(error.public, error.status))

    async def _subscribe(self, name: StreamName, since: str | None) -> None:
        try:
            await self.keeper.listen(self, name, since)
        except WhimbrelError as error:
            self.write(error_frame(error.public, error.status))
        finally:
            self._pending -= 1

    def _unsubscribe(self, name: StreamName) -> None:
        for subscription in self.subscriptions:
            if (subscription.name.kind, subscription.name.key) == (name.kind, name.key):
                self.keeper.ignore(self, subscription)


class Asking(msgspec.Struct, frozen=True):
    """What a client of a WebSocket wants. `since` is our own: the newest id that it has seen of this stream."""

    type: str = ""
    stream: str | None = None
    tag: str | None = None
    list: str | int | None = None
    since: str | None = None


_decode = msgspec.json.Decoder(Asking).decode


def _asking(text: str) -> Asking:
    try:
        asked = _decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"This is not a message that is understood here: {error}") from error
    if asked.type not in ("subscribe", "unsubscribe"):
        raise BadRequest("Unknown message type")
    return asked


def restart_hint(open_streams: int, per_second: int) -> int:
    """Milliseconds after which one of so many streams should come back, at random, so that they do not come at once."""
    spread_ms = max(1_000, open_streams * 1_000 // per_second)
    return 100 + random.randrange(spread_ms)


def transport_of(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """uvloop's own classes do not derive from asyncio's."""
    return cast(asyncio.Transport, transport)
