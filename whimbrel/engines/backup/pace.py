"""How a backup stays out of everybody's way: low priority, short pieces of work, and as long a pause after each.

Priorities are of a thread on Linux (setpriority(2), ioprio_set(2)), so a program that only makes a backup among other
things does not slow down for ever. Where the kernel refuses or the machine is of another kind, the pauses must do.
"""

import ctypes
import os
import platform
import sys
import threading
import time
from contextlib import suppress
from typing import Final

from whimbrel.kernel.limits import BACKUP_PAUSE_SECONDS_MAX

_NICE: Final = 19
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30}
_IDLE_DISK: Final = 2 << 13 | 7
"""Best effort, the lowest of its levels. The idle class would never be served beside a busy journal."""
_THIS_THREAD: Final = 1


def step_back() -> None:
    """Let every other thread of the machine go before this one, for as long as this one lives."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, _THIS_THREAD, 0, _IDLE_DISK)


class Pace:
    """Pauses between pieces of work: as long as the piece took, so that at most half of the time is ours.

    Not `gentle`, no pauses: nobody is there to be disturbed.
    """

    def __init__(self, *, gentle: bool) -> None:
        self._gentle = gentle
        self._since = time.perf_counter()

    def pause(self) -> None:
        """A piece is done."""
        if self._gentle:
            time.sleep(min(time.perf_counter() - self._since, BACKUP_PAUSE_SECONDS_MAX))
        self._since = time.perf_counter()
