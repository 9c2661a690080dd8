"""How an event loop reads the store: in threads of the store's own, with a deadline, as fresh as was asked for.

A query that overruns its deadline keeps its thread until it ends; the caller has been told long before. More callers
than STORE_READS_PENDING_MAX are turned away at once: a queue that nobody can wait out helps nobody.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from whimbrel.engines.journal.head import HeadReader
from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Store
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import (
    READ_YOUR_WRITES_DEADLINE_SECONDS,
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

    @property
    def pending(self) -> int:
        """How many queries run or wait for a thread."""
        return self._pending

    async def read(self, query: Callable[[Reading], T], *, fresh: bool = True) -> T:
        """The contract's `read`."""
        if fresh and self._head.store < (head := self._head.head) and self._is_following():
            await self._cursor.store_reached(head, READ_YOUR_WRITES_DEADLINE_SECONDS)
        if self._pending >= STORE_READS_PENDING_MAX:
            raise StoreUnavailable(_SLOW, log=f"{self._pending} queries wait for the store")
        look = self._threads.submit(self._look, query)
        self._pending += 1
        loop = asyncio.get_running_loop()
        look.add_done_callback(lambda _: self._ended(loop))
        try:
            async with asyncio.timeout(STORE_READ_DEADLINE_SECONDS):
                return await asyncio.wrap_future(look)
        except TimeoutError:
            raise StoreUnavailable(_SLOW, log="a query has overrun its deadline") from None

    def age_seconds(self) -> float:
        """The contract's `age_seconds`."""
        return self._head.store_age_seconds(self._clock())

    def close(self) -> None:
        """Wait for the queries that run and let go of the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _is_following(self) -> bool:
        """Whether waiting makes sense: a store that has long been behind would only make every page slow as well."""
        return self.age_seconds() < STORE_WAITED_FOR_SECONDS_MAX

    def _look(self, query: Callable[[Reading], T]) -> T:
        store: Store | None = getattr(self._own, "store", None)
        if store is None:
            store = self._own.store = self._open_store()
        with store.reading() as rows:
            return query(rows)

    def _ended(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._count_ended)

    def _count_ended(self) -> None:
        self._pending -= 1
