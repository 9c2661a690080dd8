"""A port for a server that is to come back on it."""

import random
import socket

PORT_MIN, PORT_MAX = 20_000, 32_000


def free_port() -> int:
    """A free port below those that the system gives to clients: it is still free after a restart."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randrange(PORT_MIN, PORT_MAX)))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
