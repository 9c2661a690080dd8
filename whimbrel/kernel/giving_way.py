"""How work that nobody waits for stays out of everybody's way: copies, checksums, backups.

Promises: on Linux the thread that asks, and whatever it starts from then on, runs when nobody else wants the processor
(SCHED_IDLE, sched(7)) and has the disk last (ioprio_set(2)). Where the kernel refuses the one, the lowest priority
there is must do. There is no way back, so a program that does other things too gives a thread of its own to such work.

Not for work that others wait for: beside a machine that is busy on every core this one hardly moves. Measured beside a
process that computes without end, home's p99 is what it is without one; the lowest priority (nice 19) added two thirds.
"""

import ctypes
import os
import platform
import sys
import threading
from contextlib import suppress
from typing import Final

_LOWEST: Final = 19
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30}
_LAST_AT_THE_DISK: Final = 2 << 13 | 7
"""Best effort, the lowest of its levels. The idle class would never be served beside a busy journal."""
_THIS_THREAD: Final = 1


def give_way() -> None:
    """Let every other thread of the machine go before this one, for as long as this one lives. Elsewhere: nothing."""
    if sys.platform != "linux":
        return
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, _THIS_THREAD, 0, _LAST_AT_THE_DISK)
