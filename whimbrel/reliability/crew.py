"""All children of the supervisor: those in their places, one that is to take a place, those that have left theirs.

Promises: what dies in its place is started again, with the pause that its past gives it; what was told to leave is
not. It decides nothing about restarts (replacing.py) and nothing about the whole server (whimbrel.supervisor).
Standard library only.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from whimbrel.kernel.limits import CHILD_READY_POLL_SECONDS
from whimbrel.reliability.children import Child

_log = logging.getLogger(__name__)

_CANNOT_START: Final = 127


class Crew:
    """The children, in the order in which they are started. `environment` and `sockets` are handed to each."""

    def __init__(
        self, children: Sequence[Child], environment: Mapping[str, str], sockets: Mapping[str, socket.socket]
    ) -> None:
        self.children = list(children)
        """One a place. The control thread reads it: a place is filled by one assignment."""
        self.coming: Child | None = None
        self.leaving: list[Child] = []
        self.environment, self._sockets = environment, sockets

    def everybody(self) -> list[Child]:
        """Every child that may be running."""
        return [*self.children, *([self.coming] if self.coming else []), *self.leaving]

    def start_what_is_due(self) -> None:
        """Start what is to be there and is not. What has a successor coming is left to it."""
        now = time.monotonic()
        for child in self.children:
            is_replaced = self.coming is not None and self.coming.name == child.name
            if child.pid is None and child.due <= now and not is_replaced:
                try:
                    self.start(child)
                except OSError as error:  # its installation was taken away
                    pause_seconds = child.ended(_CANNOT_START)
                    facts = {"child": child.name, "error": str(error), "again_in_seconds": pause_seconds}
                    _log.error("a process cannot be started", extra=facts)

    def start(self, child: Child, *, standby: bool = False) -> None:
        """Start it now."""
        child.start(self.environment, self._sockets, standby=standby)
        _log.info("a process was started", extra={"child": child.name, "pid": child.pid, "start": child.starts})

    def see_what_is_ready(self) -> None:
        """Ask those that were not ready yet."""
        for child in self.everybody():
            if child.pid is not None and not child.ready and child.ask("/readyz").status == 200:
                child.ready = True
                seconds = round(time.monotonic() - child.started, 3)
                _log.info("a process is ready", extra={"child": child.name, "seconds": seconds})

    def take_place(self, successor: Child) -> Child:
        """Put it in the place of the one of its name, who is leaving from now on and is returned."""
        place = [child.name for child in self.children].index(successor.name)
        predecessor, self.children[place] = self.children[place], successor
        self.coming = None
        if predecessor.pid is not None:
            self.leaving.append(predecessor)
        return predecessor

    def reap(self, on_death: Callable[[Child, int, float], None]) -> None:
        """Note who has ended; `on_death` hears of those that died in their places: child, code, pause in seconds."""
        for child in self.everybody():
            if child.pid is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                pause_seconds = child.ended(os.waitstatus_to_exitcode(status))
                if child in self.children:
                    on_death(child, child.code or 0, pause_seconds)
        self.leaving = [child for child in self.leaving if child.pid is not None]

    def pause_seconds(self) -> float | None:
        """How long nothing is to be done, if nothing happens; None: for ever."""
        if any(child.pid is not None and not child.ready for child in self.everybody()):
            return CHILD_READY_POLL_SECONDS
        due = [child.due for child in self.children if child.pid is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def kill(self, children: Sequence[Child]) -> None:
        """End them at once."""
        for child in children:
            child.send(signal.SIGKILL)
