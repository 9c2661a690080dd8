"""A server with one person on it."""

import pytest

from tests.support.browsing import Browser, Server


@pytest.fixture
def server(tmp_path):
    """A server where ada has an account."""
    server = Server(tmp_path)
    server.add_account("ada")
    yield server
    server.close()


@pytest.fixture
def browser(server):
    """A browser that was never here."""
    return Browser(server)
