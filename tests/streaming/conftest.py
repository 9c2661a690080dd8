"""One server with people, and a process of streams beside it, for the whole suite."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.streaming.beside import Streaming, streaming_beside
from tests.streaming.people import Person, people
from tests.support.serving import Server, serving

_numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own for each file of tests."""
    with serving(tmp_path_factory.mktemp("streams") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def streaming(server: Server) -> Iterator[Streaming]:
    """The process of streams beside it."""
    with streaming_beside(server) as running:
        yield running


@pytest.fixture
def ada_bob_cleo(server: Server) -> Iterator[list[Person]]:
    """Three people who have never met."""
    number = next(_numbers)
    persons = people(server, [f"ada{number}", f"bob{number}", f"cleo{number}"])
    yield persons
    for person in persons:
        person.client.close()
