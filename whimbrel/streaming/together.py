"""Looks that are made together: what is asked for while one is under way is asked for at once by the next.

After a restart a thousand connect in a second, each with a token, an account and a graph of its own. One look each
would be three thousand looks; together they are some fifty.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import STREAM_KEYS_PER_LOOK_MAX

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Together(Generic[K, V]):
    """One-by-one questions to a function that answers many. `many` leaves out what does not exist."""

    def __init__(self, many: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._many = many
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def one(self, key: K) -> V | None:
        """What stands under a key; None when nothing does. Raises what `many` raises."""
        future = self._waiting.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._waiting[key] = loop.create_future()
            if self._asking is None:
                self._asking = loop.create_task(self._ask())
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Ask nothing more; who waits is left waiting."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:STREAM_KEYS_PER_LOOK_MAX]
                asked = {key: self._waiting.pop(key) for key in keys}
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: Mapping[K, "asyncio.Future[V | None]"]) -> None:
        try:
            found = await self._many(list(asked))
        except WhimbrelError as error:
            for future in asked.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # who asked may have gone; that is no accident to log
            return
        for key, future in asked.items():
            if not future.done():
                future.set_result(found.get(key))
