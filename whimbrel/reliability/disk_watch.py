"""What a process knows of the disk it writes to, and who keeps looking at it.

Each process has a `DiskWatch`, which asks the file system when it is asked itself, and at most once in
DISK_LOOK_SECONDS: so a thousand lines of log cost one look. The core has a `Lookout` besides, a thread that looks
without being asked, so that a change is told when it happens and not at the next question. A disk that cannot be
asked stays at what was known of it. Standard library only, because the supervisor logs by this.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from whimbrel.kernel.limits import DISK_LOOK_SECONDS
from whimbrel.reliability.disk import LEVELS, Level, Pressure, Space, pressure
from whimbrel.reliability.metrics import Family, gauge

_log = logging.getLogger(__name__)

_UNKNOWN: Final = Pressure("ok", Space(0, 0))


class DiskWatch:
    """Knows the level of a folder's file system. `refused` tells whether the journal has fallen back on its reserve."""

    def __init__(
        self,
        folder: Path,
        *,
        refused: Callable[[], bool] = lambda: False,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._refused, self._seconds = folder, refused, seconds
        self._known = _UNKNOWN
        self._due = float("-inf")

    @property
    def pressure(self) -> Pressure:
        """How the disk stood DISK_LOOK_SECONDS ago or later. From any thread."""
        now = self._seconds()
        if now >= self._due:
            self._due = now + DISK_LOOK_SECONDS
            self.look()
        return self._known

    def look(self) -> Pressure:
        """How the disk stands now."""
        with suppress(OSError):
            self._known = pressure(self._folder, self._known.level, refused=self._refused())
        return self._known

    def families(self) -> list[Family]:
        """The metrics of the disk."""
        level, space = self.pressure
        return [
            gauge("whimbrel_disk_free_bytes", "What the disk of the data directory has left.", space.free_bytes),
            gauge("whimbrel_disk_total_bytes", "How large it is.", space.total_bytes),
            gauge("whimbrel_disk_free_share", "How much of its bytes or inodes is free, 0 to 1.", space.free_share),
            gauge("whimbrel_disk_level", "0 ok, 1 low, 2 full.", LEVELS.index(level)),
        ]


class Lookout:
    """A thread that looks every DISK_LOOK_SECONDS from `start` to `stop`, tells `on_look`, and logs each change."""

    def __init__(self, watch: DiskWatch, on_look: Callable[[Level], None]) -> None:
        self._watch, self._on_look = watch, on_look
        self._level: Level = "ok"
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Begin, with one look at once."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._enough.wait(DISK_LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        found = self._watch.look()
        self._on_look(found.level)
        if found.level == self._level:
            return
        self._level = found.level
        say = _log.warning if found.level == "ok" else _log.error
        say("the disk is %s", found.level, extra={"disk": found.words, "free_bytes": found.space.free_bytes})
