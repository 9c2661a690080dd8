"""Tasks of the status program that go on for ever: one round after the other, whatever surprises one of them.

Promises: a round that fails is logged, told by `failing` until one goes well (`/readyz` shows it), and followed by the
next after a pause, because a task that dies in silence is the one failure that nobody would see. Cancelling ends it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import ROUND_AFTER_SURPRISE_SECONDS

_log = logging.getLogger("whimbrel.status")


class Rounds:
    """Calls `make`, which returns the seconds until it wants to be called again. `name`: for whoever reads the log."""

    def __init__(self, name: str, make: Callable[[], Awaitable[float]]) -> None:
        self._name, self._make = name, make
        self.failing = ""
        """Why the last round failed; empty when it did not."""

    async def for_ever(self) -> None:
        """Go round until cancelled."""
        while True:
            pause_seconds = await self._once()
            await asyncio.sleep(pause_seconds)

    async def _once(self) -> float:
        try:
            pause_seconds = await self._make()
        except WhimbrelError as error:
            _log.error("a round failed", extra={"round": self._name, "error": str(error)})
            self.failing = f"{self._name}: {error}"
        except Exception as error:  # noqa: BLE001 - whatever it is, the next round may be well, and somebody must look
            _log.exception("a round was surprised", extra={"round": self._name})
            self.failing = f"{self._name}: {type(error).__name__}: {error}"
        else:
            self.failing = ""
            return pause_seconds
        return ROUND_AFTER_SURPRISE_SECONDS
