"""A directory that is built beside under another name, and gets its own when it is whole.

Promises: whoever is interrupted leaves nothing under the wanted name; what it leaves is cleared away by the next one;
two do not build the same directory at once. Names and bytes are on the disk when `settle` has returned, as far as the
files are.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from whimbrel.engines.syncing import sync
from whimbrel.kernel.errors import Conflict, Invalid

_MARK: Final = ".restoring"


@contextmanager
def beside(data: Path) -> Iterator[Path]:
    """A directory beside `data` to build in: swept of what an interrupted restore has left, removed on an error.

    Raises Conflict when something else is there, or somebody builds there already.
    """
    building = data.with_name(f"{data.name}{_MARK}")
    mark = building / _MARK
    if building.exists() and not mark.exists() and not _is_empty(building):
        raise Conflict(f'"{building}" is in the way: a restore builds there')
    building.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f'"{data}" is being restored already') from error
        try:
            _empty(building, but=mark)
            yield building
        except BaseException:
            with suppress(OSError):  # what is left is swept by the next one, who knows it by its mark: that goes last
                _empty(building, but=mark)
                shutil.rmtree(building)
            raise
    finally:
        os.close(lock)


def settle(building: Path, data: Path) -> None:
    """Give what was built its name, for good. Raises Invalid when the disk refuses it."""
    sync(building)
    try:
        building.rename(data)
    except OSError as error:
        raise Invalid(f'"{data}" cannot be made: {error.strerror}; expected a name on one file system') from error
    (data / _MARK).unlink()
    sync(data)
    sync(data.parent)


def _is_empty(building: Path) -> bool:
    """Whether a restore was killed before it could put its mark there."""
    return building.is_dir() and not any(building.iterdir())


def _empty(folder: Path, *, but: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != but:
            path.unlink()
