"""Unix sockets by path, for however long the path: the system takes 107 bytes and data directories may be deep.

Standard library only, because the supervisor uses it.
"""

import fcntl
import os
import socket
from functools import cache
from pathlib import Path
from typing import Final

_PATH_BYTES_MAX: Final = 100
_HANDLE_MIN: Final = 10


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


Identity = tuple[int, int]
"""Which file it is, whatever it is called: device and number."""


def identity_of(path: Path) -> Identity | None:
    """The file that is called `path` now; None when there is none."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def remove_if_ours(path: Path, ours: Identity | None) -> None:
    """Remove the socket that `listen` made, unless a successor listens under its name already."""
    if ours is not None and identity_of(path) == ours:
        path.unlink(missing_ok=True)


@cache
def _directory(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def listen_tcp(host: str, port: int, *, backlog: int) -> socket.socket:
    """A listening socket at an address of this machine. Raises OSError when it is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(backlog)
        # Kept away from the number under which children find it: dup2 onto itself would leave it closed for them.
        return socket.socket(fileno=fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, _HANDLE_MIN))
    finally:
        listener.close()
