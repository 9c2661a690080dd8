"""The way from a process to the core: appends go in, outcomes and the news of the journal come out.

One connection carries both, so their order is given: the records of an append arrive before its answer, and are in
this process's memory views before `append` returns. The connection is made again by itself whenever it is lost.

What a caller may rely on when it fails: JournalUnavailable with `unknown` unset means that nothing was written;
with `unknown` set the request was on its way, and only a retry with the same key tells. A core that is replaced says
so (`Leaving`): then nothing fails, and new requests wait for its successor.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from whimbrel.engines.journal.feed import Feed
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.wire import (
    TO_CLIENT,
    Answers,
    Append,
    Committed,
    Failed,
    Find,
    Follow,
    Following,
    Found,
    FrameReader,
    Leaving,
    Left,
    StoreAt,
    ToClient,
    ToCore,
    frame,
)
from whimbrel.engines.sockets import address_of
from whimbrel.kernel.errors import Corrupt, Invalid, JournalUnavailable, TooLarge, WhimbrelError
from whimbrel.kernel.events import (
    DISK_FULL,
    DISK_FULL_WORDS,
    MALFORMED,
    PAYLOAD_TOO_LARGE,
    TOO_MANY_DRAFTS,
    Group,
    Outcome,
    Refused,
    Stamp,
)
from whimbrel.kernel.limits import (
    APPEND_DEADLINE_SECONDS,
    CORE_BACK_OFF_SECONDS_MAX,
    CORE_BACK_OFF_SECONDS_MIN,
    CORE_CONNECT_SECONDS,
    FRAME_BYTES_MAX,
    PENDING_GROUPS_MAX,
    READ_YOUR_WRITES_DEADLINE_SECONDS,
)

_log = logging.getLogger(__name__)

_AWAY: Final = "The server cannot write right now. Nothing was done; try again in a moment."
_UNKNOWN: Final = "The server was interrupted while writing. Try again: what was done will not be done twice."
_BUSY: Final = "The server has more to write than it can take right now. Nothing was done; try again in a moment."

_REFUSALS: Final[dict[str, Callable[[], WhimbrelError]]] = {
    DISK_FULL: lambda: JournalUnavailable(DISK_FULL_WORDS),
    TOO_MANY_DRAFTS: lambda: TooLarge("That is more than the server does in one step."),
    PAYLOAD_TOO_LARGE: lambda: TooLarge("That is more than the server takes in one piece."),
    MALFORMED: lambda: Invalid("That holds characters or numbers which cannot be stored."),
}


class CoreLink:
    """The contract's `Appender`, and the process's follower once `follow` was called. Lives on one event loop."""

    def __init__(self, socket_path: Path, head: HeadReader) -> None:
        self.head = head
        self.feed: Feed | None = None
        self.diverged: asyncio.Event = asyncio.Event()
        """Set when the journal does not hold what this process has seen, or what it has missed: begin anew."""
        self._path = socket_path
        self._connection: _Connection | None = None
        self._leaving: _Connection | None = None
        """The connection that is not written to any more, while its last answers come in."""
        self._expecting_until = 0.0
        self._connected = asyncio.Event()
        self._requests: dict[int, asyncio.Future[Any]] = {}
        self._next_request = 0
        self._keeper: asyncio.Task[None] | None = None
        self._store_waiters: set[asyncio.Future[None]] = set()

    def start(self) -> None:
        """Begin to connect, and keep connected until `close`."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep_connected())

    def follow(self, feed: Feed) -> None:
        """Feed memory views from now on. At most once."""
        assert self.feed is None, "a process has one follower"
        self.feed = feed
        feed.on_trimmed = self.diverged.set
        if self._connection is not None:
            self._ask_to_follow(self._connection, feed)

    async def close(self) -> None:
        """Let go of the connection; requests that wait fail as unknown."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        connection = self._connection or self._leaving
        if connection is not None:
            connection.transport.abort()
            self.lost(connection)
        if self.feed is not None:
            await self.feed.close()

    @property
    def connected(self) -> bool:
        """Whether the core can be asked right now."""
        return self._connection is not None

    @property
    def expecting(self) -> bool:
        """Whether the core has taken its leave just now, so that its successor is due."""
        return self._leaving is not None or time.monotonic() < self._expecting_until

    @property
    def outstanding(self) -> int:
        """How many requests wait for the core's answer."""
        return len(self._requests)

    async def wait_connected(self, deadline_seconds: float) -> bool:
        """Wait until the core can be asked; False at the deadline."""
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    async def append(self, group: Group) -> Outcome:
        """The contract's `append`. When the views are slow beyond the deadline it returns the durable outcome.

        Raises TooLarge or Invalid for a group that no journal could hold.
        """
        head: int
        outcome: Outcome
        head, outcome = await self._ask(lambda id_: Append(id_, group), unknown_when_lost=True)
        if self.feed is not None and self.feed.cursor < head:
            await self.feed.reached(head, APPEND_DEADLINE_SECONDS)
        if type(outcome) is Refused and outcome.key in _REFUSALS:
            raise _REFUSALS[outcome.key]()
        return outcome

    async def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """The contract's `find`. One round trip to the core, one look at an index for each key."""
        wanted = tuple(keys)
        stamps: dict[str, Stamp] = await self._ask(lambda id_: Find(id_, wanted), unknown_when_lost=False)
        return stamps

    def is_current(self) -> bool:
        """Whether the views hold everything that is durable now. Two loads from memory: for the hot path."""
        return self.feed is None or self.feed.cursor >= self.head.head

    async def wait_for_head(self) -> None:
        """Read your own writes: wait until the views hold what is durable now, or the deadline has come."""
        if self.feed is not None and self.feed.cursor < (head := self.head.head):
            await self.feed.reached(head, READ_YOUR_WRITES_DEADLINE_SECONDS)

    def age_seconds(self) -> float:
        """How old what the views say is: 0.0 when they hold everything durable that this process has heard of."""
        return 0.0 if self.feed is None else self.feed.age_seconds()

    async def store_reached(self, sequence: int, deadline_seconds: float) -> bool:
        """Wait until the store stands at `sequence`; False at the deadline."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + deadline_seconds
        while self.head.store < sequence:
            waiter: asyncio.Future[None] = loop.create_future()
            self._store_waiters.add(waiter)
            timer = loop.call_at(ends, _wake, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._store_waiters.discard(waiter)
            if loop.time() >= ends:
                return self.head.store >= sequence
        return True

    def take(self, message: ToClient) -> None:
        """What the core has sent. Called by the connection, in order."""
        match message:
            case Committed(records):
                if self.feed is not None:
                    self.feed.take(records)
            case Answers(head, answers):
                for answer in answers:
                    self._resolve(answer.request_id, (head, answer.outcome))
            case StoreAt(sequence):
                self._store_moved(sequence)
            case Following(head, same):
                self._following(head, same=same)
            case Found(request_id, stamps):
                self._resolve(request_id, stamps)
            case Failed(request_id, unknown, text):
                self._resolve(request_id, JournalUnavailable(text, unknown=unknown))
            case Leaving():
                self._core_leaves()

    def made(self, connection: "_Connection") -> None:
        """There is a connection; from now on it is asked. What the core says on it comes later than this."""
        self._connection = connection
        if self.feed is not None:
            self._ask_to_follow(connection, self.feed)
        self._connected.set()

    def lost(self, connection: "_Connection") -> None:
        """The connection has ended: nobody will answer what was asked on it."""
        if connection not in (self._connection, self._leaving):
            return
        self._connection = self._leaving = None
        self._connected.clear()
        for request_id in list(self._requests):
            self._resolve(request_id, JournalUnavailable(_UNKNOWN, unknown=True, log="the core went away"))

    async def _ask(self, request: Callable[[int], ToCore], *, unknown_when_lost: bool) -> Any:
        connection = self._connection or await self._connection_soon()
        if len(self._requests) >= PENDING_GROUPS_MAX:
            raise JournalUnavailable(_BUSY, log=f"{len(self._requests)} requests wait for the core")
        loop = asyncio.get_running_loop()
        self._next_request = request_id = self._next_request + 1
        data = frame(request(request_id))
        if len(data) > FRAME_BYTES_MAX:
            raise TooLarge("That is more than the server takes in one piece.", log=f"a frame of {len(data)} bytes")
        answer: asyncio.Future[Any] = loop.create_future()
        self._requests[request_id] = answer
        timer = loop.call_later(APPEND_DEADLINE_SECONDS, self._expired, request_id)
        try:
            connection.transport.write(data)
            result = await answer
        finally:
            timer.cancel()
            self._requests.pop(request_id, None)
        if isinstance(result, JournalUnavailable):
            raise result if unknown_when_lost or not result.unknown else JournalUnavailable(_AWAY, log=str(result))
        return result

    def _core_leaves(self) -> None:
        if (connection := self._connection) is None:
            return
        self._connection, self._leaving = None, connection
        self._connected.clear()
        self._expecting_until = time.monotonic() + CORE_CONNECT_SECONDS
        connection.transport.write(frame(Left()))

    async def _connection_soon(self) -> "_Connection":
        if not await self.wait_connected(CORE_CONNECT_SECONDS) or self._connection is None:
            raise JournalUnavailable(_AWAY, log="the core is away")
        return self._connection

    def _resolve(self, request_id: int, result: object) -> None:
        answer = self._requests.pop(request_id, None)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def _expired(self, request_id: int) -> None:
        self._resolve(request_id, JournalUnavailable(_UNKNOWN, unknown=True, log="no answer from the core in time"))

    def _store_moved(self, sequence: int) -> None:
        waiters, self._store_waiters = self._store_waiters, set()
        for waiter in waiters:
            _wake(waiter)
        if self.feed is not None:
            self.feed.store_moved(sequence)

    def _following(self, head: int, *, same: bool) -> None:
        if not same:
            _log.error("the journal does not hold what this process has seen", extra={"head": head})
            self.diverged.set()
        elif self.feed is not None:
            self.feed.announce(head)

    def _ask_to_follow(self, connection: "_Connection", feed: Feed) -> None:
        connection.transport.write(frame(Follow(feed.cursor, feed.chain)))

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        pause_seconds = CORE_BACK_OFF_SECONDS_MIN
        while True:
            connection = _Connection(self)
            try:
                await loop.create_unix_connection(partial(_given, connection), address_of(self._path))
            except OSError:
                await asyncio.sleep(pause_seconds)
                if not self.expecting:
                    pause_seconds = min(2 * pause_seconds, CORE_BACK_OFF_SECONDS_MAX)
                continue
            pause_seconds = CORE_BACK_OFF_SECONDS_MIN
            await connection.ended.wait()
            if not self.expecting:
                _log.warning("the core went away")


class _Connection(asyncio.Protocol):
    """One connection's life: bytes to messages."""

    transport: asyncio.Transport

    def __init__(self, link: CoreLink) -> None:
        self.ended = asyncio.Event()
        self._link = link
        self._reader: FrameReader[ToClient] = FrameReader(TO_CLIENT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class does not derive from asyncio's
        self._link.made(self)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._reader.feed(data)
        except Corrupt as error:
            _log.error("the core sent what cannot be read", extra={"error": str(error)})
            self.transport.abort()
            return
        for message in messages:
            self._link.take(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._link.lost(self)
        self.ended.set()


def _given(connection: _Connection) -> _Connection:
    return connection


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
