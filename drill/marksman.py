"""Kills processes at the moment that a file changes: `python -m drill.marksman head|file PATH SECONDS PID...`

A process of its own, because nothing else may keep it from looking. `head` looks at the first word of a mapped file
(the core publishes its durable head there, after a commit and before the answer); `file` looks at a file's time of
change (SQLite writes its main file in a checkpoint only). After SECONDS it kills anyway. Prints `armed`, then
`moved` or `late`. Standard library only, so that it is armed at once.
"""

import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress


def main() -> None:
    """Wait for the change, kill, say which it was."""
    what, path, seconds, *pids = sys.argv[1:]
    look = _head(path) if what == "head" else _changed(path)
    ends = time.monotonic() + float(seconds)
    print("armed", flush=True)
    moved = _wait(look, ends)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    print("moved" if moved else "late", flush=True)


def _wait(look: Callable[[], int], ends: float) -> bool:
    before = look()
    while look() == before:
        if time.monotonic() > ends:
            return False
    return True


def _head(path: str) -> Callable[[], int]:
    handle = os.open(path, os.O_RDONLY)
    words = memoryview(mmap.mmap(handle, 4_096, prot=mmap.PROT_READ)).cast("q")
    return lambda: words[0]


def _changed(path: str) -> Callable[[], int]:
    return lambda: os.stat(path).st_mtime_ns


if __name__ == "__main__":
    main()
