"""Unix sockets by path, for however long the path: the system takes 107 bytes and data directories may be deep.

Standard library only, because the supervisor uses it.
"""

import os
import socket
from functools import cache
from pathlib import Path
from typing import Final

_PATH_BYTES_MAX: Final = 100


def address_of(path: Path) -> str:
    """What to bind or connect to for `path`. A long one is spelled by way of its open directory (Linux)."""
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        return str(path)
    return f"/proc/self/fd/{_directory(path.parent)}/{path.name}"


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`, open to this user only. One that was left there by a dead process is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address_of(path))
    path.chmod(0o600)
    listener.listen()
    return listener


@cache
def _directory(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
