"""Disk space that is kept so that what must go on can go on when the disk is full.

Given back to the disk at the first refusal (`release`), taken again once there is room for it twice (`hold`). A last
part stays for openings on a full disk, and is given back piece by piece (`lend`): SQLite makes its shared memory anew
then.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Sizes(NamedTuple):
    """In bytes: the whole, the part that is lent, one piece of it, and below how much free a disk counts as full."""

    whole: int
    spare: int
    piece: int
    needed: int


class Reserve:
    """The file at `path` that takes this space. `free_bytes` is for tests."""

    def __init__(self, path: Path, sizes: Sizes, *, free_bytes: Callable[[], int] | None = None) -> None:
        self._path, self._sizes = path, sizes
        self._free_bytes = free_bytes or self._free_on_disk

    def hold(self) -> bool:
        """Take the space if it is not taken and there is plenty; returns whether it is held."""
        if self._size() >= self._sizes.whole:
            return True
        if self._free_bytes() < 2 * self._sizes.whole:
            return False
        try:
            self._allocate()
        except OSError:
            self.release()
            return False
        return True

    def is_needed(self) -> bool:
        """Whether the disk has less left than its owner needs to go on."""
        return self._free_bytes() < self._sizes.needed

    def release(self) -> None:
        """Give the space back, but for the part that is lent."""
        self._shrink_to(self._sizes.spare)

    def lend(self) -> bool:
        """Give back a piece of what is left; False when nothing is."""
        size = self._size()
        self._shrink_to(max(0, size - self._sizes.piece))
        return size > 0

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def _shrink_to(self, size_bytes: int) -> None:
        if self._size() > size_bytes:
            with suppress(FileNotFoundError):
                os.truncate(self._path, size_bytes)

    def _allocate(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, self._sizes.whole)
        finally:
            os.close(file)

    def _free_on_disk(self) -> int:
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize
