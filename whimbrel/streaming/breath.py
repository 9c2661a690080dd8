"""How a long fan-out lets the loop breathe: it gives way when it has run for as long as nobody minds."""

import asyncio
import time

from whimbrel.kernel.limits import STREAM_SLICE_SECONDS


class Breath:
    """Asked between the pieces of long work."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + STREAM_SLICE_SECONDS

    async def rest(self) -> None:
        """Give way if the slice is used up."""
        if time.monotonic() >= self._ends:
            await asyncio.sleep(0)
            self._ends = time.monotonic() + STREAM_SLICE_SECONDS
