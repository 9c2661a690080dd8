"""One real server for everything that is thrown at it."""

from collections.abc import Iterator

import pytest

from tests.support.serving import Server, serving

OPTIONS = {"WHIMBREL_REGISTRATIONS": "open", "WHIMBREL_CONFIRM_EMAIL": "false"}


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """The server, with rate limits off."""
    with serving(tmp_path_factory.mktemp("fuzz") / "data", options=OPTIONS) as running:
        yield running


@pytest.fixture(scope="session")
def tokens(server) -> dict[str, str]:
    """Two people's tokens, by name."""
    return server.provide(["ada", "berta"])
