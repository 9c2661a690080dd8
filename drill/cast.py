"""Who takes part in a drill: writers who follow each other, a reader who follows them, quiet accounts to follow."""

import random
import socket
from pathlib import Path
from typing import NamedTuple

from drill.report import hold
from tests.support.serving import Client, Server

READER = "reader"
PORT_MIN, PORT_MAX = 20_000, 32_000


class Cast(NamedTuple):
    """Names, with the bearer token and the account id of each."""

    writers: tuple[str, ...]
    birds: tuple[str, ...]
    tokens: dict[str, str]
    ids: dict[str, str]

    @property
    def everybody(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self.tokens)


def make(data: Path, *, writers: int, birds: int) -> tuple[Server, Cast]:
    """A server that runs on a fresh data directory, with everybody in it; followed as the module says."""
    server = Server(data, options={"WHIMBREL_LOG_LEVEL": "info"}, port=_port_of_our_own())
    writing = tuple(f"writer{number}" for number in range(writers))
    quiet = tuple(f"bird{number}" for number in range(birds))
    tokens = server.provide([READER, *writing, *quiet])
    server.start()
    try:
        ids = {name: own_id(server.client(token)) for name, token in tokens.items()}
        cast = Cast(writing, quiet, tokens, ids)
        for follower in (READER, *writing):
            _follow(server.client(tokens[follower]), [ids[name] for name in writing if name != follower])
    except BaseException:
        server.close()
        raise
    return server, cast


def own_id(client: Client) -> str:
    """The account id of whoever asks."""
    reply = client.get("/api/v1/accounts/verify_credentials")
    hold(reply.status == 200, f"verify_credentials answered {reply.status}: {reply.json}")
    client.close()
    return str(reply.json["id"])


def _port_of_our_own() -> int:
    """A free port below those that the system gives to clients: one of these may be in use when the server is back."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randrange(PORT_MIN, PORT_MAX)))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port


def _follow(client: Client, ids: list[str]) -> None:
    for account_id in ids:
        reply = client.post(f"/api/v1/accounts/{account_id}/follow")
        hold(reply.status == 200, f"follow answered {reply.status}: {reply.json}")
    client.close()
