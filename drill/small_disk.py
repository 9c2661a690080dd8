"""A file system of a drill's own, of some tens of MB: a tmpfs that only this process and its children can see.

It is mounted in a mount namespace of its own (util-linux's `unshare`), as the superuser or, where the system allows
it, as anybody. So nothing has to be tidied up however the drill ends: with its last process the file system is gone.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.serving import ROOT

NOT_HERE: Final = (
    "this machine lets nobody mount a file system: the drill needs the superuser, or unprivileged user namespaces, "
    "and util-linux's unshare and mount"
)

_WAYS: Final = (("unshare", "--map-root-user", "--mount"), ("unshare", "--mount"))
_PIECE_BYTES: Final = 1024 * 1024
_EATS_EVERY_SECONDS: Final = 0.001


def way_in() -> tuple[str, ...] | None:
    """The command in front of a command that gives it mounts of its own; None where this machine does not let us."""
    trial = ("mount", "-t", "tmpfs", "-o", "size=1m", "whimbrel-trial", "/mnt")
    for way in _WAYS:
        with suppress(OSError):
            if subprocess.run([*way, *trial], capture_output=True, check=False).returncode == 0:
                return way
    return None


def run_inside(way: Sequence[str], module: str, arguments: Sequence[str]) -> int:
    """Run a module of ours where it can mount; returns its exit code."""
    return subprocess.run([*way, sys.executable, "-m", module, *arguments], cwd=ROOT, check=False).returncode


@contextmanager
def mounted(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A tmpfs of this size at `folder`; only for a process that `run_inside` has started."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=700", "whimbrel-drill", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


class Ballast:
    """A file that takes the room of a disk, as somebody's forgotten copy would, and a program that goes on writing."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / "ballast"
        self._eating: threading.Thread | None = None
        self._enough = threading.Event()

    def leave(self, free_bytes: int) -> None:
        """Grow until so much is left."""
        disk = os.statvfs(self._folder)
        self._grow(max(0, disk.f_bavail * disk.f_frsize - free_bytes))

    def eat_everything(self) -> None:
        """Take every byte, and from now on every byte that somebody gives back."""
        self._take_all()
        self._eating = threading.Thread(target=self._eat, name="ballast")
        self._eating.start()

    def vanish(self) -> None:
        """Give all of it back."""
        if self._eating is not None:
            self._enough.set()
            self._eating.join()
            self._eating = None
            self._enough.clear()
        self._path.unlink(missing_ok=True)

    def _eat(self) -> None:
        while not self._enough.wait(_EATS_EVERY_SECONDS):
            self._take_all()

    def _take_all(self) -> None:
        piece = _PIECE_BYTES
        while piece:
            try:
                self._grow(piece)
            except OSError:
                piece //= 2

    def _grow(self, by_bytes: int) -> None:
        with self._path.open("ab") as file:
            if by_bytes:
                os.posix_fallocate(file.fileno(), file.tell(), by_bytes)
