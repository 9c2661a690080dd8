"""One real server for all clients, people on it, and a look at every answer after each test."""

import itertools
from collections.abc import Callable, Iterator

import pytest
import requests
from mastodon import Mastodon

from tests.support.described import faults_of
from tests.support.recording import Recorder, recording
from tests.support.serving import Server, serving
from tests.support.signing_in import Person

BATCH = 64
PASSWORD = "a long enough password"
OPTIONS = {"WHIMBREL_REGISTRATIONS": "open", "WHIMBREL_CONFIRM_EMAIL": "false"}


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """The server, with rate limits off and open to sign-ups."""
    with serving(tmp_path_factory.mktemp("clients") / "data", options=OPTIONS) as running:
        yield running


@pytest.fixture(scope="session")
def tokens(server) -> Iterator[str]:
    """Bearer tokens of people who have done nothing yet, one after the other; they are provided by the batch."""
    return (
        token
        for batch in itertools.count()
        for token in server.provide([f"person_{batch}_{number}" for number in range(BATCH)]).values()
    )


@pytest.fixture(scope="session")
def person(server) -> Person:
    """Somebody with a password."""
    server.command(
        "account", "create", "wren", "--email", "wren@mail.test", "--confirmed", "--password-stdin", sent=PASSWORD
    )
    return Person("wren", PASSWORD)


@pytest.fixture(scope="session")
def proxy() -> Iterator[Recorder]:
    """What the clients talk through."""
    with recording() as recorder:
        yield recorder


@pytest.fixture(autouse=True)
def _every_answer_is_as_described(proxy) -> Iterator[None]:
    proxy.exchanges.clear()
    yield
    faults = list(dict.fromkeys(itertools.chain.from_iterable(map(faults_of, proxy.exchanges))))
    assert not faults, "\n".join(faults)


@pytest.fixture
def session(proxy) -> requests.Session:
    """What Mastodon.py sends its requests with."""
    through = requests.Session()
    through.trust_env = False
    through.proxies = {"http": proxy.url}
    yield through
    through.close()


@pytest.fixture
def anonymous(server, session) -> Mastodon:
    """Mastodon.py without a token."""
    return Mastodon(api_base_url=server.url, session=session, ratelimit_method="throw")


@pytest.fixture
def newcomer(server, session, tokens) -> Callable[[], Mastodon]:
    """Makes Mastodon.py for somebody who has done nothing yet."""

    def come() -> Mastodon:
        return Mastodon(access_token=next(tokens), api_base_url=server.url, session=session, ratelimit_method="throw")

    return come


@pytest.fixture
def iris(newcomer) -> Mastodon:
    """Somebody."""
    return newcomer()


@pytest.fixture
def otto(newcomer) -> Mastodon:
    """Somebody else."""
    return newcomer()
