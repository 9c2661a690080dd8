"""People of a running server, who do things by its API."""

from collections.abc import Sequence
from typing import Any

from tests.support.serving import Client, Server


class Person:
    """Somebody with a token."""

    def __init__(self, server: Server, name: str, token: str) -> None:
        self.name, self.token = name, token
        self.client: Client = server.client(token)
        self.id: str = self.get("/api/v1/accounts/verify_credentials")["id"]

    def get(self, path: str, query: Any = None) -> Any:
        """Read something."""
        reply = self.client.get(path, query)
        assert reply.status == 200, reply
        return reply.json

    def do(self, path: str, body: Any = None) -> Any:
        """Do something that must be taken."""
        reply = self.client.post(path, body)
        assert reply.status == 200, reply
        return reply.json

    def post(self, text: str, **more: Any) -> Any:
        """Write a post."""
        return self.do("/api/v1/statuses", {"status": text, **more})

    def reblog(self, post: Any) -> Any:
        """Show a post again."""
        return self.do(f"/api/v1/statuses/{post['id']}/reblog")

    def favourite(self, post: Any) -> Any:
        """Like a post."""
        return self.do(f"/api/v1/statuses/{post['id']}/favourite")

    def edit(self, post: Any, text: str) -> Any:
        """Have a post say something else."""
        reply = self.client.ask("PUT", f"/api/v1/statuses/{post['id']}", body={"status": text})
        assert reply.status == 200, reply
        return reply.json

    def delete(self, post: Any) -> None:
        """Take a post away."""
        assert self.client.ask("DELETE", f"/api/v1/statuses/{post['id']}").status == 200

    def follow(self, other: "Person", **settings: Any) -> None:
        """Follow somebody."""
        self.do(f"/api/v1/accounts/{other.id}/follow", settings)

    def block(self, other: "Person") -> None:
        """Block somebody."""
        self.do(f"/api/v1/accounts/{other.id}/block")

    def mute(self, other: "Person", **settings: Any) -> None:
        """Mute somebody."""
        self.do(f"/api/v1/accounts/{other.id}/mute", settings)

    def notifications(self) -> list[Any]:
        """What the person was told, newest first."""
        found: list[Any] = self.get("/api/v1/notifications", {"limit": 80})
        return found

    def home(self) -> list[Any]:
        """The person's home, newest first."""
        found: list[Any] = self.get("/api/v1/timelines/home", {"limit": 40})
        return found


def people(server: Server, names: Sequence[str]) -> list[Person]:
    """Accounts with tokens."""
    tokens = server.provide(names)
    return [Person(server, name, tokens[name]) for name in names]
