"""What happens to a store: locked, hidden, replaced, overwritten, removed. Each is a block: the accident lasts as long.

After `garbage`, `overwritten` and `removed` nothing stays in the way: the server is to mend it at once.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from drill.report import hold
from tests.support.serving import ROOT

STORE: Final = "store-1.sqlite"
GARBAGE_BYTES: Final = 100_000

Accident = Callable[[Path], AbstractContextManager[None]]
"""Takes the data directory."""


@contextmanager
def locked_for_writers(data: Path) -> Iterator[None]:
    """Another process has a transaction open and does not end it."""
    with _held("writers", data / STORE):
        yield


@contextmanager
def locked_for_everybody(data: Path) -> Iterator[None]:
    """Another process holds every lock that there is."""
    with _held("everybody", data / STORE):
        yield


@contextmanager
def in_the_way(data: Path) -> Iterator[None]:
    """Something else lies at the store's place, so that none can be made there."""
    remove(data)
    (data / STORE).mkdir()
    try:
        yield
    finally:
        (data / STORE).rmdir()


@contextmanager
def read_only_directory(data: Path) -> Iterator[None]:
    """Nothing can be made in the directory, and the store is gone. (The superuser is not kept out by this.)"""
    remove(data)
    data.chmod(0o500)
    try:
        yield
    finally:
        data.chmod(0o700)


@contextmanager
def garbage(data: Path) -> Iterator[None]:
    """Another file was put in the store's place."""
    beside = data / "garbage"
    beside.write_bytes(os.urandom(GARBAGE_BYTES))
    beside.replace(data / STORE)
    yield


@contextmanager
def overwritten(data: Path) -> Iterator[None]:
    """The store's own bytes are no longer what they were."""
    with (data / STORE).open("r+b") as file:
        file.write(os.urandom((data / STORE).stat().st_size))
    yield


@contextmanager
def removed(data: Path) -> Iterator[None]:
    """The store's files are gone."""
    remove(data)
    yield


LASTING: Final[dict[str, Accident]] = {
    "locked for writers": locked_for_writers,
    "locked for everybody": locked_for_everybody,
    "something else in its place": in_the_way,
    **({} if os.geteuid() == 0 else {"directory read-only": read_only_directory}),
}
MENDED_AT_ONCE: Final[dict[str, Accident]] = {
    "replaced by garbage": garbage,
    "overwritten": overwritten,
    "removed": removed,
}


def remove(data: Path) -> None:
    """Remove the store with what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        (data / f"{STORE}{suffix}").unlink(missing_ok=True)


@contextmanager
def _held(whom: str, path: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "drill.holder", whom, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        hold(holder.stdout.readline() == "held\n", f"the drill could not lock the store for {whom}")
        yield  # leaving the block closes its standard input, which ends it
