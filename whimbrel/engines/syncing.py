"""Having what was written on the disk, and not only in the system's memory."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return when a file's bytes, or a folder's names, are on the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
