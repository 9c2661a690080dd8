"""Keeps a copy of the page up to date: at each change, and once a minute so that its age says that we are alive.

Promises: the loop is not held up (files are made and written in a thread, one copy at a time); a folder that cannot be
written to is said once in the log, told by `failing`, and tried again. The copy needs nothing of us to be read.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import EXPORT_EVERY_SECONDS, EXPORT_RETRY_SECONDS, EXPORT_ROOMS_SECONDS
from whimbrel.statuspage.export import copying
from whimbrel.statuspage.export.copying import Found, Mark, Room
from whimbrel.statuspage.export.folder import Folder
from whimbrel.statuspage.pages.charts import Charts, Figures
from whimbrel.statuspage.pages.layout import Layout, machine_time
from whimbrel.statuspage.pages.look import Look, Looking

_log = logging.getLogger("whimbrel.status")
_NEVER: Final = -(10**12)


class Export:
    """Writes copies. For the program's one loop."""

    def __init__(
        self,
        folder: Folder,
        *,
        layout: Layout,
        looking: Looking,
        clock: Clock,
        charts: tuple[Charts, ...] = (),
        rooms: tuple[Room, ...] = (),
    ) -> None:
        self._folder = folder
        self._layout, self._looking, self._clock, self._charts = layout, looking, clock, charts
        self._rooms, self._found = rooms, list[Found]()
        self._marks: dict[str, Mark] = {}
        self._change: Mark | None = None
        self._made_ms = self._tried_ms = self._found_ms = _NEVER
        self._copying: asyncio.Task[None] | None = None
        self.failing = ""
        """Why the newest copy could not be written; empty when it could."""

    def turn(self) -> None:
        """Begin a copy if one is due and none is being made."""
        now_ms = self._clock()
        if self._copying is not None and not self._copying.done():
            return
        if self.failing and now_ms - self._tried_ms < 1_000 * EXPORT_RETRY_SECONDS:
            return
        changed = self._looking.change() != self._change
        if changed or now_ms - self._made_ms >= 1_000 * EXPORT_EVERY_SECONDS:
            self._copying = asyncio.create_task(self.copy(whole=changed or bool(self.failing)))

    async def copy(self, *, whole: bool) -> None:
        """Write the copy of now: all of it, or the first page and the documents only."""
        self._tried_ms, change = self._clock(), self._looking.change()
        try:
            look = await self._looking.look()
            figures = await self._figures(look) if whole else {}
            if self._rooms_due(look, whole=whole):
                self._found = [await room.found(look, self._marks) for room in self._rooms]
                self._found_ms = look.now_ms
            await asyncio.to_thread(self._write, look, figures, whole=whole)
        except (OSError, WhimbrelError) as error:
            if not self.failing:
                _log.error("the copy of the page cannot be written", extra={"error": str(error)})
            self.failing = str(error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the page itself goes on, and ends well
            _log.exception("the copy of the page was surprised")
            self.failing = str(error) or type(error).__name__
            return
        self.failing, self._change, self._made_ms = "", change, look.now_ms

    async def stop(self) -> None:
        """Let the copy that is being made come to its end."""
        if self._copying is not None:
            with suppress(asyncio.CancelledError):
                await self._copying

    def _rooms_due(self, look: Look, *, whole: bool) -> bool:
        return whole or look.now_ms - self._found_ms >= 1_000 * EXPORT_ROOMS_SECONDS

    async def _figures(self, look: Look) -> Mapping[str, Sequence[Figures]]:
        found: dict[str, list[Figures]] = {}
        for component in look.shown.components:
            for source in self._charts:
                found.setdefault(component.id, []).extend(await source.figures(component.id, look.now_ms))
        return found

    def _write(self, look: Look, figures: Mapping[str, Sequence[Figures]], *, whole: bool) -> None:
        """In a thread. The first page is written last: what it links to is there by then."""
        others, fronts = list(copying.pages(look, figures)), list(copying.fronts(look))
        rooms = [page for found in self._found for page in found.pages]
        files = [file for found in self._found for file in found.files]
        due = [one for one in [*(others if whole else ()), *rooms, *fronts] if self._marks.get(one.path) != one.mark]
        nav = [entry for room in self._rooms for entry in room.nav]
        bodies = chain(
            copying.data(look),
            ((one.path, one.body) for one in files if one.body is not None and self._marks.get(one.path) != one.mark),
            chain.from_iterable(copying.rendered(self._layout, one, look.now_ms, nav) for one in due),
        )
        belongs = {place for one in (*others, *rooms, *fronts) for place in copying.places(one)} | copying.paths()
        belongs |= {file.path for file in files}
        self._folder.put(bodies, belongs, made_ms=look.now_ms, made_at=machine_time(look.now_ms))
        self._marks |= {one.path: one.mark for one in due} | {file.path: file.mark for file in files}
