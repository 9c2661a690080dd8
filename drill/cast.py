"""Who takes part in a drill: writers who follow each other, a reader who follows them, quiet accounts to follow."""

from pathlib import Path
from typing import NamedTuple

from drill.report import hold
from tests.support.ports import free_port
from tests.support.serving import Client, Server

READER = "reader"


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
    server = Server(data, options={"WHIMBREL_LOG_LEVEL": "info"}, port=free_port())
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


def _follow(client: Client, ids: list[str]) -> None:
    for account_id in ids:
        reply = client.post(f"/api/v1/accounts/{account_id}/follow")
        hold(reply.status == 200, f"follow answered {reply.status}: {reply.json}")
    client.close()
