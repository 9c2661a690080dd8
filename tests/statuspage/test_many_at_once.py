"""Many who hold a connection and say nothing, as thousands of browsers do in an outage, keep nobody else waiting."""

import resource
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.support.raw import line_to, request
from tests.support.status_page import StatusPage, served
from whimbrel.embedded_server import connections_max
from whimbrel.kernel.limits import CONNECTIONS_MAX, LISTEN_BACKLOG

HELD = LISTEN_BACKLOG + 76


@pytest.fixture
def site(tmp_path):
    """A status page behind a real server."""
    made = []

    async def make(url):
        made.append(StatusPage(tmp_path / "status.sqlite", url=url))
        await made[0].begin()
        await made[0].turn()
        return made[0].app

    with served(make) as site:
        yield site
    made[0].close()


def test_more_connections_than_may_wait_to_be_let_in_leave_the_page_answering(site):
    address = urlsplit(site.url)
    with ExitStack() as held:
        for _ in range(HELD):
            one = held.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        line = held.enter_context(line_to(site.url))
        assert line.send(request("GET", "/badge.svg")).hear().status == 200


def test_a_process_takes_no_more_connections_than_it_may_open_files():
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 1 <= connections_max() <= CONNECTIONS_MAX
    assert connections_max() < most or most == resource.RLIM_INFINITY
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
