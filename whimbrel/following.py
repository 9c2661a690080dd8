"""What the processes have in common that follow the journal through a link to the core: API and streams.

They begin when the core is there and the store has come as far as it will soon; what fills their memory is spared the
collector; and they say in the same words how alive and how current they are.
"""

import asyncio
import gc
import logging

from whimbrel.engines.journal.client import CoreLink
from whimbrel.kernel.limits import CORE_CONNECT_SECONDS, GARBAGE_THRESHOLDS, STORE_START_SECONDS
from whimbrel.reliability.control import Reply
from whimbrel.reliability.health import (
    EngineHealth,
    ProcessHealth,
    ViewHealth,
    is_ready,
    loop_answers,
    view_families,
)
from whimbrel.reliability.metrics import Family, gauge

_log = logging.getLogger(__name__)


class Following:
    """One process's link, as it begins and as it is asked about. The pages are asked for by the control thread."""

    def __init__(self, link: CoreLink) -> None:
        self._link = link
        self._loop: asyncio.AbstractEventLoop | None = None

    async def begin(self) -> None:
        """Connect, and wait: memory begins with what the store has, so one that is just being opened is waited for."""
        self._loop = asyncio.get_running_loop()
        self._link.start()
        while not await self._link.wait_connected(CORE_CONNECT_SECONDS):
            _log.warning("the core does not answer yet")
        await self._link.store_reached(self._link.head.head, STORE_START_SECONDS)

    def alive(self) -> Reply:
        """Whether the loop answers."""
        return loop_answers(self._loop)

    def ready(self, *, serving: bool) -> Reply:
        """Whether people can be served: the loop answers and the views are near the journal's head."""
        views = self._views()
        ready = serving and self.alive().status == 200 and bool(views) and is_ready(views)
        return ProcessHealth(ready, {"core": self._core()}, views).reply()

    def families(self) -> list[Family]:
        """The metrics of the link and of what follows it."""
        return [
            *view_families(self._link.head.head, self._views()),
            gauge("whimbrel_core_connected", "Whether the core can be asked.", int(self._link.connected)),
        ]

    def _core(self) -> EngineHealth:
        if self._link.connected:
            return EngineHealth(True, "")
        return EngineHealth(self._link.expecting, "is being replaced" if self._link.expecting else "not connected")

    def _views(self) -> dict[str, ViewHealth]:
        feed = self._link.feed
        if feed is None:
            return {}
        cursor, lag_seconds = feed.cursor, self._link.age_seconds()
        lag_events = max(0, self._link.head.head - cursor)
        return {
            name: ViewHealth(cursor, lag_events, lag_seconds, errors=errors) for name, errors in feed.errors.items()
        }


def spare_the_collector() -> None:
    """Take what the views hold out of the collector's sight."""
    # It stays for hours and has no cycles. Full collections that walk through it all stop every request for up to
    # 90 ms under load; so they look only at what came since, and less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
