"""How an event loop reads the store: in threads of the store's own, with a deadline, as fresh as was asked for.

A query that overruns its deadline keeps its thread until it ends; the caller has been told long before. More callers
than STORE_READS_PENDING_MAX are turned away at once: a queue that nobody can wait out helps nobody.

A store that is known to be away costs nobody time, so that what memory answers without it is answered at once: after a
look that failed, the next ones are given STORE_AWAY_PATIENCE_SECONDS, and while one that has overrun is still inside
the file, none at all. The first look that succeeds ends this.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from whimbrel.engines.journal.head import HeadReader
from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Store
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import (
    READ_YOUR_WRITES_DEADLINE_SECONDS,
    STORE_AWAY_PATIENCE_SECONDS,
    STORE_POLL_SECONDS,
    STORE_READ_DEADLINE_SECONDS,
    STORE_READERS,
    STORE_READS_PENDING_MAX,
    STORE_WAITED_FOR_SECONDS_MAX,
)

T = TypeVar("T")

_SLOW: Final = "The server is slow to answer right now. Please try again in a moment."


class StoreCursor(Protocol):
    """Who is told when the store has moved on."""

    async def store_reached(self, sequence: int, deadline_seconds: float) -> bool:
        """Wait until the store stands at `sequence`; False at the deadline."""
        ...


class StoreReads:
    """The contract's `Reads`. `open_store` makes one store for each thread, for that thread only."""

    def __init__(self, open_store: Callable[[], Store], cursor: StoreCursor, head: HeadReader, *, clock: Clock) -> None:
        self._open_store, self._cursor, self._head, self._clock = open_store, cursor, head, clock
        self._threads = ThreadPoolExecutor(STORE_READERS, thread_name_prefix="store-reader")
        self._own = threading.local()
        self._pending = 0
        self._answers = True
        self._overrun: set[Future[Any]] = set()

    @property
    def pending(self) -> int:
        """How many queries run or wait for a thread."""
        return self._pending

    async def read(self, query: Callable[[Reading], T], *, fresh: bool = True) -> T:
        """The contract's `read`."""
        head = self._head.head if fresh and self.age_seconds() < STORE_WAITED_FOR_SECONDS_MAX else 0
        if self._must_wait(head) and not await self._cursor.store_reached(head, READ_YOUR_WRITES_DEADLINE_SECONDS):
            head = 0
        if self._pending >= STORE_READS_PENDING_MAX:
            raise StoreUnavailable(_SLOW, log=f"{self._pending} queries wait for the store")
        if self._overrun:
            raise StoreUnavailable(_SLOW, log="a query that has overrun its deadline is still under way")
        wait_seconds = READ_YOUR_WRITES_DEADLINE_SECONDS if self._answers else STORE_AWAY_PATIENCE_SECONDS / 2
        look = self._threads.submit(self._look, query, head, wait_seconds)
        self._pending += 1
        loop = asyncio.get_running_loop()
        look.add_done_callback(lambda ended: self._ended(loop, ended))
        return await self._patiently(look)

    def age_seconds(self) -> float:
        """The contract's `age_seconds`."""
        return self._head.store_age_seconds(self._clock())

    def close(self) -> None:
        """Wait for the queries that run and let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _patiently(self, look: "Future[T]") -> T:
        try:
            async with asyncio.timeout(STORE_READ_DEADLINE_SECONDS if self._answers else STORE_AWAY_PATIENCE_SECONDS):
                found = await asyncio.wrap_future(look)
        except TimeoutError:
            if not look.done():  # else it had only waited for a thread, and says nothing of the store
                self._answers = False
                self._overrun.add(look)
            raise StoreUnavailable(_SLOW, log="a query has overrun its deadline") from None
        except StoreUnavailable:
            self._answers = False
            raise
        self._answers = True
        return found

    def _must_wait(self, head: int) -> bool:
        """Whether the store is behind `head`, and answers: one that is away would only make every page slow as well."""
        return self._answers and self._head.store < head

    def _look(self, query: Callable[[Reading], T], head: int, wait_seconds: float) -> T:
        """Look when the store stands at `head`: while releases take over from each other, the core's is another one.

        Also the first look after it was away: it may have been built anew, and not have come as far as its reader.
        """
        store: Store | None = getattr(self._own, "store", None)
        if store is None:
            store = self._own.store = self._open_store()
        ends = time.monotonic() + wait_seconds
        while True:
            with store.reading() as rows:
                if rows.cursor >= head or time.monotonic() > ends:
                    return query(rows)
            time.sleep(STORE_POLL_SECONDS)

    def _ended(self, loop: asyncio.AbstractEventLoop, look: "Future[Any]") -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count_ended, look)

    def _count_ended(self, look: "Future[Any]") -> None:
        self._pending -= 1
        self._overrun.discard(look)
