"""One server, with its process of streams, for the whole suite; and people who have never met, for each test."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.streaming.beside import Streaming
from tests.streaming.people import Person, people
from tests.support.serving import Server, serving

_numbers = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server."""
    with serving(tmp_path_factory.mktemp("streams") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def streaming(server: Server) -> Streaming:
    """Its process of streams."""
    return Streaming(server)


@pytest.fixture
def ada_bob_cleo(server: Server) -> Iterator[list[Person]]:
    """Three people who have never met."""
    number = next(_numbers)
    persons = people(server, [f"ada{number}", f"bob{number}", f"cleo{number}"])
    yield persons
    for person in persons:
        person.client.close()
