"""Two real servers whose apps are told to stream at the direct port, and through the main one; people on them."""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from mastodon import Mastodon
from mastodon.streaming import StreamHandle

from tests.support.ports import free_port
from tests.support.serving import Server, serving

BATCH = 32
JOIN_SECONDS = 15.0


class Person(NamedTuple):
    """Somebody with a token, as Mastodon.py speaks for them."""

    name: str
    token: str
    api: Mastodon


@pytest.fixture(scope="session")
def handles() -> Iterator[list[StreamHandle]]:
    """Streams that Mastodon.py has opened: they end with their server, and their threads with them."""
    opened: list[StreamHandle] = []
    yield opened
    for handle in opened:
        handle.join(JOIN_SECONDS)
        assert not handle.is_alive()


@pytest.fixture(scope="session", params=["directly", "through the main port"])
def server(request, tmp_path_factory, handles) -> Iterator[Server]:
    """The server; `streaming_url` is what leads apps through the main port, which is not public here."""
    folder = tmp_path_factory.mktemp("streaming")
    port = free_port()
    options = {} if request.param == "directly" else {"WHIMBREL_STREAMING_URL": f"ws://127.0.0.1:{port}"}
    with serving(folder / "data", port=port, options=options) as running:
        yield running
        for handle in handles:
            handle.closed = True  # they are not to come back


@pytest.fixture(scope="session")
def streaming_url(server) -> str:
    """Where apps are told that streams are."""
    client = server.client()
    told = client.get("/api/v2/instance").json["configuration"]["urls"]["streaming"]
    assert told == client.get("/api/v1/instance").json["urls"]["streaming_api"]
    client.close()
    return told


@pytest.fixture(scope="session")
def tokens(server) -> Iterator[tuple[str, str]]:
    """Names and bearer tokens of people who have done nothing yet."""
    return (
        pair
        for batch in itertools.count()
        for pair in server.provide([f"person_{batch}_{number}" for number in range(BATCH)]).items()
    )


@pytest.fixture
def newcomer(server, tokens) -> Iterator[Callable[[], Person]]:
    """Makes somebody who has done nothing yet."""
    made = []

    def come() -> Person:
        name, token = next(tokens)
        api = Mastodon(access_token=token, api_base_url=server.url, ratelimit_method="throw", request_timeout=20)
        api.session.trust_env = False
        made.append(api)
        return Person(name, token, api)

    yield come
    for api in made:
        api.session.close()


@pytest.fixture
def iris(newcomer) -> Person:
    """Somebody."""
    return newcomer()


@pytest.fixture
def otto(newcomer) -> Person:
    """Somebody else."""
    return newcomer()
