"""What every test may ask for: a journal, a store and memory in a folder of its own; asyncio as the one event loop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.appending import Appending
from tests.support.people import Doors, doors_of
from whimbrel.microblog.accounts.passwords import Passwords


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, which is what the server runs on."""
    return "asyncio"


@pytest.fixture
def appending(tmp_path: Path) -> Iterator[Appending]:
    """The rooms of accounts and of the graph over real engines."""
    with_rooms = Appending(tmp_path)
    yield with_rooms
    with_rooms.close()


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    """The threads that hash passwords."""
    hashing = Passwords()
    yield hashing
    hashing.close()


@pytest.fixture
def doors(appending: Appending, passwords: Passwords) -> Doors:
    """The front doors of accounts and of the graph."""
    return doors_of(appending, passwords)
