"""A port for a server that is to come back on it."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

PORT_MIN, PORT_MAX = 20_000, 32_000
APART = 8
"""A server takes the ports behind its own for streams and its status page; nobody else is given these."""

_held: list[int] = []
"""Open files whose locks say which ports are given to this process."""


def free_port() -> int:
    """A free port below those that the system gives to clients: it is still free after a restart.

    It is this process's until that ends, also while nothing listens there; a server that is about to listen would
    otherwise meet another one, once in a hundred runs of many servers.
    """
    while True:
        port = random.SystemRandom().randrange(PORT_MIN, PORT_MAX, APART)
        if _is_given_to_us(port) and _is_free(port):
            return port


def _is_given_to_us(port: int) -> bool:
    folder = Path(tempfile.gettempdir()) / f"whimbrel-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    _held.append(file)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
