"""The streams of a process: connections come in by two sockets, become streams, listen, and leave.

Promises: nobody is refused for coming in a crowd (up to the named limits, which answer 503 and say when to come
back); a stream that has been opened hears everything that begins to be told after it; at the end everybody is told
when to come back, each at another moment.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import BadRequest, TooMany, Unauthenticated, Unavailable, WhimbrelError
from whimbrel.kernel.limits import (
    LISTEN_BACKLOG,
    STREAM_CLOSE_SECONDS,
    STREAM_CONNECTIONS_MAX,
    STREAM_CONNECTIONS_PER_ACCOUNT_MAX,
    STREAM_HEAD_SECONDS,
    STREAM_HEARTBEAT_SECONDS,
    STREAM_PING_SECONDS,
    STREAM_RECONNECTS_PER_SECOND,
)
from whimbrel.streaming import answers
from whimbrel.streaming.admission import Admission, Guest, check_scopes, offered_protocol, token_in
from whimbrel.streaming.callers import Callers
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.deliveries import Deliveries
from whimbrel.streaming.heads import Head
from whimbrel.streaming.hub import Hub, Subscription, Watcher
from whimbrel.streaming.knock import Knock, check_upgrade, is_upgrade, kind_asked
from whimbrel.streaming.names import StreamName, name_of
from whimbrel.streaming.positions import parse_position
from whimbrel.streaming.resume import Resumes
from whimbrel.streaming.sides import SidesInMemory
from whimbrel.streaming.sockets import GOING_AWAY, EventSource, Stream, WebSocket, restart_hint
from whimbrel.streaming.wheel import Wheel

_log = logging.getLogger(__name__)

NOW: Final = "now"
"""What a client says that wants to resume later and has seen nothing yet."""

_FILES_BESIDE: Final = 256
"""Files that the process needs for other things than streams."""


class Parts(NamedTuple):
    """What streams are made of, as streaming_wiring.py puts it together."""

    hub: Hub
    sides: SidesInMemory
    admission: Admission
    deliveries: Deliveries
    resumes: Resumes
    callers: Callers
    counts: Counts
    clock: Clock


class Streams:
    """Every connection of this process. `files_max`: how many files it may have open."""

    def __init__(self, parts: Parts, *, files_max: int) -> None:
        self._parts, self.counts = parts, parts.counts
        self._connections_max = min(STREAM_CONNECTIONS_MAX, files_max - _FILES_BESIDE)
        self._knocks: Wheel[Knock] = Wheel(STREAM_HEAD_SECONDS)
        self._wheels: dict[str, Wheel[Any]] = {
            "websocket": Wheel(STREAM_PING_SECONDS),
            "eventsource": Wheel(STREAM_HEARTBEAT_SECONDS),
        }
        self._per_account: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._left = asyncio.Event()
        self._going = False

    @property
    def position(self) -> int:
        """Everything up to here has been told to those who listened."""
        return self._parts.deliveries.done

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self.counts.open.total()

    async def listen_on(self, listener: socket.socket, *, tls: ssl.SSLContext | None = None) -> None:
        """Take connections from a listening socket."""
        loop = asyncio.get_running_loop()
        serving = (
            await loop.create_unix_server(lambda: Knock(self), sock=listener, backlog=LISTEN_BACKLOG)
            if listener.family == socket.AF_UNIX
            else await loop.create_server(lambda: Knock(self), sock=listener, backlog=LISTEN_BACKLOG, ssl=tls)
        )
        self._servers.append(serving)
        if self._timer is None:
            self._timer = loop.call_later(1.0, self._turn)

    async def close(self) -> None:
        """Take nobody more, tell everybody when to come back, and end."""
        self._going = True
        for serving in self._servers:
            serving.close()
        if self._timer is not None:
            self._timer.cancel()
        everybody = self._parts.hub.sockets()
        for count, stream in enumerate(everybody):
            stream.end(f"{GOING_AWAY} {restart_hint(len(everybody), STREAM_RECONNECTS_PER_SECOND)}")
            if count % 100 == 0:
                await asyncio.sleep(0)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STREAM_CLOSE_SECONDS):
                while self.open:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            _log.info("some readers were too slow to hear the end", extra={"connections": self.open})
        await self._parts.admission.close()

    # A connection before it is a stream (knock.Desk)

    def knocked(self, knock: Knock) -> bool:
        """A connection has come; False when there is not even room to answer it."""
        if self._going or self.open > self._connections_max + _FILES_BESIDE // 2:
            return False
        self.counts.open["handshake"] += 1
        knock.place = self._knocks.put(knock)
        return True

    def left(self, knock: Knock) -> None:
        """It is gone, or a stream now."""
        self.counts.open["handshake"] -= 1
        self._left.set()
        self._knocks.take(knock, knock.place)

    def refused(self, status: int) -> None:
        """It became no stream."""
        self.counts.refused[str(status)] += 1

    def opened(self, knock: Knock, head: Head) -> None:
        """Make a stream of it, or refuse it."""
        knock.task = self.own(self._open(knock, head))

    async def _open(self, knock: Knock, head: Head) -> None:
        try:
            await self._admit(knock, head)
        except WhimbrelError as error:
            knock.refuse(error)

    async def _admit(self, knock: Knock, head: Head) -> None:
        upgrade = is_upgrade(head)
        key = check_upgrade(head) if upgrade else ""
        kind = kind_asked(head, upgrade=upgrade)
        if self.open > self._connections_max:
            raise Unavailable("The server has as many streams as it can take")
        name = None if kind is None else name_of(kind, tag=head.query.get("tag"), list_id=head.query.get("list"))
        since = head.headers.get("last-event-id") or head.query.get("since")
        check_since(since)
        guest, watcher = await self.let_in(token_in(head), name)
        # Nothing is waited for between these checks and the beginning: a crowd would pass them together.
        address = self._parts.callers.address(knock.transport, head)
        try:
            self._check_room(guest, address)
        except WhimbrelError:
            self._unwatch(watcher)
            raise
        if knock.transport.is_closing():
            self._unwatch(watcher)
            return
        shape = WebSocket if upgrade else EventSource
        stream = shape(self, knock.transport, guest, watcher)
        self._begin(knock, stream, address)
        if not upgrade and head.method == "HEAD":
            knock.transport.write(answers.event_source(bodiless=True))
            knock.transport.close()
            return
        knock.transport.write(answers.switching(key, offered_protocol(head)) if upgrade else answers.event_source())
        if name is not None:
            await self.listen(stream, name, since)
        if knock.early and upgrade:
            stream.data_received(knock.early)

    async def let_in(self, token: str | None, name: StreamName | None) -> tuple[Guest, Watcher | None]:
        """Who presents a token, watched for, with the right to `name`; true in the moment in which this returns.

        Raises what Admission.admit and check_scopes raise.
        """
        while True:
            guest = await self._parts.admission.admit(token)
            if name is not None:
                check_scopes(guest, name)
            watcher = await self._watcher(guest)
            if self._parts.admission.holds(guest):
                return guest, watcher
            # It was taken back (or let go by memory) while the side was loaded, when no open stream could be ended.
            self._unwatch(watcher)

    def _check_room(self, guest: Guest, address: str) -> None:
        if guest.account_id and self._per_account[guest.account_id] >= STREAM_CONNECTIONS_PER_ACCOUNT_MAX:
            raise TooMany("You have as many streams open as an account may have", retry_after_seconds=60)
        self._parts.callers.check(address)

    def _begin(self, knock: Knock, stream: "WebSocket | EventSource", address: str) -> None:
        stream.address = address
        self._parts.callers.came(address)
        knock.task = None
        self.left(knock)
        knock.transport.set_protocol(stream)
        self.counts.open[stream.kind] += 1
        if stream.account_id is not None:
            self._per_account[stream.account_id] += 1
        stream.place = self._wheels[stream.kind].put(stream)
        self._parts.hub.enter(stream)

    async def _watcher(self, guest: Guest) -> Watcher | None:
        if guest.account_id is None:
            return None
        sides = self._parts.sides.shelf
        side = sides.held(guest.account_id)
        while side is None:
            found = await self._parts.admission.sides.one(guest.account_id)
            if found is None:
                raise Unauthenticated("Invalid access token")
            # It may have been let go between being loaded and now: only what memory holds is kept true.
            side = sides.held(guest.account_id)
        return self._parts.hub.watch(guest.account_id, side)

    def _unwatch(self, watcher: Watcher | None) -> None:
        if watcher is not None and self._parts.hub.unwatch(watcher):
            self._parts.sides.shelf.drop(watcher.account_id)

    # An open stream (sockets.Keeper)

    async def listen(self, stream: Stream, name: StreamName, since: str | None) -> None:
        """Let an open stream listen; a second time to the same is nothing. Raises WhimbrelError when it may not."""
        guest = Guest(stream.session, stream.account_id)
        check_scopes(guest, name)
        check_since(since)
        if any((one.name.kind, one.name.key) == (name.kind, name.key) for one in stream.subscriptions):
            return
        after = self._parts.deliveries.taken
        replays = since is not None and since not in (NOW, "")
        if replays:
            found = parse_position(since or "")
            after = found if found is not None else after
        subscription = Subscription(
            stream,
            name,
            stream.watcher,
            after=after,
            notified=guest.reads_notifications,
            resumes=since is not None,
        )
        stream.subscriptions = (*stream.subscriptions, subscription)
        if replays:
            await self._take_up(stream, subscription)
        else:
            self._parts.hub.subscribe(subscription)
        if subscription.resumes:
            stream.tell_position(subscription)

    async def _take_up(self, stream: Stream, subscription: Subscription) -> None:
        try:
            await self._parts.admission.catch_up()
            await self._parts.resumes.join(subscription)
        except Exception:
            stream.end("disturbed")  # it would stay silent for ever
            raise
        if stream.ending or subscription not in stream.subscriptions:
            self._parts.hub.unsubscribe(subscription)

    def ignore(self, stream: Stream, subscription: Subscription) -> None:
        """Let it listen to this no more."""
        stream.subscriptions = tuple(one for one in stream.subscriptions if one is not subscription)
        self._parts.hub.unsubscribe(subscription)

    def await_end(self, stream: Stream) -> None:
        """It is closing: visit it when a whole turn has passed."""
        wheel = self._wheels[stream.kind]
        wheel.take(stream, stream.place)
        stream.place = wheel.put(stream)

    def gone(self, stream: Stream) -> None:
        """The connection has ended."""
        self.counts.open[stream.kind] -= 1
        self._left.set()
        self._wheels[stream.kind].take(stream, stream.place)
        for subscription in stream.subscriptions:
            self._parts.hub.unsubscribe(subscription)
        stream.subscriptions = ()
        self._parts.hub.leave(stream)
        self._parts.callers.left(stream.address)
        if stream.account_id is not None:
            self._per_account[stream.account_id] -= 1
            if not self._per_account[stream.account_id]:
                del self._per_account[stream.account_id]
        self._unwatch(stream.watcher)

    def own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something, and see to it that it ends with the process. What it raises is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a stream's task failed", exc_info=error)

    def _turn(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(1.0, self._turn)
        now_ms = self._parts.clock()
        for knock in self._knocks.turn():
            knock.late()
        for wheel in self._wheels.values():
            for stream in wheel.turn():
                if stream.expires_ms is not None and stream.expires_ms <= now_ms:
                    stream.end("revoked")
                else:
                    stream.visit()


def check_since(since: str | None) -> None:
    """Raise BadRequest for what is no id that this server gives."""
    if since not in (None, "", NOW) and parse_position(since or "") is None:
        raise BadRequest("This is not the id of a message: repeat the newest one that you have seen, or say now")
