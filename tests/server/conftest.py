"""One real server for the whole suite; each test file asks it for people of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.serving import Client, Server, serving


class Person:
    """Somebody with an account: a name, an id, and a client that is signed in."""

    def __init__(self, name: str, client: Client) -> None:
        self.name, self.client = name, client
        self.id = client.get("/api/v1/accounts/verify_credentials").json["id"]

    def post(self, text: str, **more: object) -> int:
        """Publish something; returns its id."""
        reply = self.client.post("/api/v1/statuses", {"status": text, "language": "en", **more})
        assert reply.status == 200, reply
        return int(reply.json["id"])

    def does(self, path: str, **body: object) -> object:
        """Do something that must succeed; returns what the server said."""
        reply = self.client.post(f"/api/v1/{path}", body)
        assert reply.status == 200, (path, reply)
        return reply.json

    def follows(self, *others: "Person", **settings: object) -> None:
        """Follow people."""
        for other in others:
            self.does(f"accounts/{other.id}/follow", **settings)

    def ids(self, path: str, **query: object) -> list[int]:
        """The ids of a list."""
        reply = self.client.get(f"/api/v1/{path}", {"limit": 40, **query})
        assert reply.status == 200, (path, reply)
        return [int(one["id"]) for one in reply.json]

    def home(self, **query: object) -> list[int]:
        """The ids of one's home timeline."""
        return self.ids("timelines/home", **query)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a free port."""
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def people(server: Server) -> Iterator[Callable[..., list[Person]]]:
    """Makes accounts: call it with their names."""
    made: list[Person] = []

    def make(*names: str) -> list[Person]:
        tokens = server.provide(names)
        new = [Person(name, server.client(tokens[name])) for name in names]
        made.extend(new)
        return new

    yield make
    for person in made:
        person.client.close()
