"""The one follower of a process: feeds its memory views in journal order, exactly once, and never stops.

Records arrive as pushes from the core. Where something is missing (a start, a reconnect, pushes left out because
this process was slow) the journal's own file is read, in a thread and in bounded pieces, until the pushes join on.
Nothing above the head that the core announced is read from the file: what is there may not be durable (rule 7).

All views of a process share one cursor (rule 5), so answers never mix ages. A view whose `apply` raises is told to
forget everything, which costs it its warmth and nobody else anything.
"""

import asyncio
import heapq
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import msgspec

from whimbrel.engines.journal.tail import EventTail
from whimbrel.kernel.contracts import MemoryView
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.events import Event, Record, UnknownEvent, Vocabulary
from whimbrel.kernel.limits import (
    FOLLOW_READ_RECORDS_MAX,
    FOLLOW_RETRY_SECONDS,
    FOLLOW_SLICE_RECORDS_MAX,
    TAIL_KEPT_SECONDS,
)

_log = logging.getLogger(__name__)

UNREADABLE: Final = "!"
"""Put before the type of an event whose payload does not fit it. No event's type begins so, so no view handles it."""


class JournalFile(Protocol):
    """The journal as somebody reads it who does not write it."""

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` and not above `up_to`, oldest first."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


OpenJournalFile = Callable[[], JournalFile]


class Feed:
    """Feeds `views` with everything above `tail.cursor`. Lives on one event loop."""

    def __init__(
        self, views: Sequence[MemoryView], vocabulary: Vocabulary, tail: EventTail, open_file: OpenJournalFile
    ) -> None:
        self.tail = tail
        self.head = tail.cursor
        self.chain = b""
        self.errors = dict.fromkeys((type(view).__name__ for view in views), 0)
        """How often each view's `apply` has raised, by the view's class."""
        self.on_trimmed: Callable[[], None] = _nothing
        """Called when the journal no longer holds what the views lack: they can only be made anew, from the store."""
        self._views, self._vocabulary = views, vocabulary
        self._open_file = open_file
        self._file: JournalFile | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self._ahead: deque[Record] = deque(maxlen=FOLLOW_READ_RECORDS_MAX)
        self._catching_up: asyncio.Task[None] | None = None
        self._waiters: list[tuple[int, int, asyncio.Future[bool]]] = []
        self._tickets = itertools.count()
        self._stored = 0
        self._behind_since: float | None = None
        self._letting_go: asyncio.TimerHandle | None = None

    @property
    def cursor(self) -> int:
        """Every view has taken in everything up to here."""
        return self.tail.cursor

    def age_seconds(self) -> float:
        """For how long the views have lacked something that this process has heard of."""
        return 0.0 if self._behind_since is None else time.monotonic() - self._behind_since

    def take(self, records: Sequence[Record]) -> None:
        """Take in pushed records; on a gap, begin to catch up from the file. Applies before it returns if it can."""
        self.head = max(self.head, records[-1].sequence)
        if self._catching_up is None and records[0].sequence <= self.tail.cursor + 1:
            self._apply_all(records)
            return
        if self._ahead and self._ahead[-1].sequence + 1 != records[0].sequence:
            self._ahead.clear()  # pushes between were left out: these are to be read from the file as well
        self._ahead.extend(records)
        self._catch_up()

    def announce(self, head: int) -> None:
        """The journal is durable up to `head`; what is missing below is not going to be pushed."""
        self.head = max(self.head, head)
        if self.tail.cursor < self.head:
            self._catch_up()

    def store_moved(self, sequence: int) -> None:
        """The store stands at `sequence`: a while later nobody needs the tail up to there."""
        self._stored = sequence
        if self._letting_go is None:
            loop = asyncio.get_running_loop()
            self._letting_go = loop.call_later(TAIL_KEPT_SECONDS, self._let_go, sequence)

    async def reached(self, sequence: int, deadline_seconds: float) -> bool:
        """Wait until the views stand at `sequence`; False when the deadline came first."""
        if self.tail.cursor >= sequence:
            return True
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        heapq.heappush(self._waiters, (sequence, next(self._tickets), waiter))
        timer = loop.call_later(deadline_seconds, _give_up, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()

    async def close(self) -> None:
        """Stop catching up and let go of the file."""
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)
        if self._letting_go is not None:
            self._letting_go.cancel()
        self._thread.shutdown(wait=True)
        self._close_file()

    def _apply_all(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.sequence > self.tail.cursor:
                self._apply(self._decode(record))
        self.chain = records[-1].chain
        if self.tail.cursor >= self.head:
            self._behind_since = None
        while self._waiters and self._waiters[0][0] <= self.tail.cursor:
            _wake(heapq.heappop(self._waiters)[2])

    def _decode(self, record: Record) -> Event:
        try:
            return self._vocabulary.decode(record)
        except msgspec.DecodeError as error:
            # The store parks it; to memory views it is of a type that nobody knows, so that all views agree.
            _log.error("an event cannot be decoded", extra={"sequence": record.sequence, "error": str(error)})
            return Event(*record[:6], UnknownEvent(record.payload))._replace(type=f"{UNREADABLE}{record.type}")

    def _apply(self, event: Event) -> None:
        for view in self._views:
            try:
                view.apply(event)
            except Exception as error:  # noqa: BLE001 - whatever a view does wrong, the others go on being fed
                self._forget(view, event, error)
        self.tail.add(event)

    def _forget(self, view: MemoryView, event: Event, error: Exception) -> None:
        name = type(view).__name__
        self.errors[name] += 1
        _log.error(
            "a view could not take an event in and starts afresh",
            exc_info=error,
            extra={"view": name, "sequence": event.sequence, "type": event.type},
        )
        view.forget()

    def _let_go(self, sequence: int) -> None:
        self._letting_go = None
        self.tail.let_go(sequence)
        if self._stored > sequence:
            self.store_moved(self._stored)

    def _catch_up(self) -> None:
        if self._catching_up is None:
            self._behind_since = time.monotonic()
            self._catching_up = asyncio.get_running_loop().create_task(self._read_what_is_missing())

    async def _read_what_is_missing(self) -> None:
        try:
            while not self._joined():
                records = await self._read()
                if records and records[0].sequence > self.tail.cursor + 1:
                    _log.error("the journal was trimmed past these views", extra={"cursor": self.tail.cursor})
                    self.on_trimmed()
                    return
                for start in range(0, len(records), FOLLOW_SLICE_RECORDS_MAX):
                    self._apply_all(records[start : start + FOLLOW_SLICE_RECORDS_MAX])
                    await asyncio.sleep(0)  # requests are answered between the slices
        finally:
            self._catching_up = None

    def _joined(self) -> bool:
        """Take in pushes that follow on the cursor; whether nothing is missing then."""
        while self._ahead and self._ahead[0].sequence <= self.tail.cursor:
            self._ahead.popleft()
        if self._ahead and self._ahead[0].sequence == self.tail.cursor + 1:
            self._apply_all(self._ahead)
            self._ahead.clear()
        return self.tail.cursor >= self.head

    async def _read(self) -> list[Record]:
        loop = asyncio.get_running_loop()
        try:
            records = await loop.run_in_executor(self._thread, self._read_piece, self.tail.cursor, self.head)
        except (WhimbrelError, OSError) as error:
            _log.error("the journal's file cannot be read", extra={"error": str(error)})
            self._close_file()
            records = []
        if not records:
            await asyncio.sleep(FOLLOW_RETRY_SECONDS)
        return records

    def _read_piece(self, after: int, up_to: int) -> list[Record]:
        if self._file is None:
            self._file = self._open_file()
        return self._file.read(after=after, limit=FOLLOW_READ_RECORDS_MAX, up_to=up_to)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _nothing() -> None:
    """Nobody has asked to be told."""


def _wake(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(True)


def _give_up(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)
