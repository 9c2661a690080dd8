"""Holds a lock on a SQLite store until its standard input ends: `python -m drill.holder writers|everybody PATH`

`writers` keeps others from writing, as a shell with an open transaction does. `everybody` takes all locks of the shared
memory, as a recovery that hangs does: nobody can even read. Prints `held` when it has what it
wants. Standard library only.
"""

import fcntl
import os
import sqlite3
import sys

LOCKS_START, LOCKS_COUNT = 120, 8
"""Where SQLite's locks on its shared memory lie (source: sqlite.org/walformat.html, 2.3.1)."""


def main() -> None:
    """Take the lock, say so, keep it."""
    whom, path = sys.argv[1:]
    held = _against_writers(path) if whom == "writers" else _against_everybody(path)
    print("held", flush=True)
    sys.stdin.read()
    held.close() if isinstance(held, sqlite3.Connection) else os.close(held)


def _against_writers(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    return db


def _against_everybody(path: str) -> int:
    memory = os.open(f"{path}-shm", os.O_RDWR)
    fcntl.lockf(memory, fcntl.LOCK_EX, LOCKS_COUNT, LOCKS_START)
    return memory


if __name__ == "__main__":
    main()
