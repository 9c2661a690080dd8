"""Servers whose operator chose this or that."""

import pytest

from tests.support.browsing import Server


@pytest.fixture
def serve(tmp_path):
    """Starts servers, each in a folder of its own, and ends them."""
    servers = []

    def start(**options):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(Server(folder, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def token_of():
    """A token for an account by its name, with scopes."""

    def issue(server, name, *scopes):
        account = server.run(server.doors.accounts.by_name(name))
        return server.run(
            server.doors.access.issue_token(account_id=account.id, app_id=None, scopes=scopes or ("read", "write"))
        )

    return issue
