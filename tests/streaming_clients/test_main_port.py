"""What the main port alone has to see to: its processes end while streams are open, and clients vanish silently."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.serving import eventually, serving

SECONDS = 15.0
TOKEN_IN = "?access_token="


@pytest.fixture
def server(tmp_path):
    """A server of this test's own."""
    with serving(tmp_path / "data") as running:
        yield running


def main_port(server):
    """The main port as an address for WebSockets."""
    return server.url.replace("http", "ws", 1) + "/api/v1/streaming"


def test_open_streams_do_not_hold_up_the_end_and_are_told_to_come_back(server):
    token = server.provide(["iris"])["iris"]
    address = urlsplit(server.url)
    with (
        connect(f"{main_port(server)}{TOKEN_IN}{token}&stream=user", proxy=None) as listening,
        socket.create_connection((address.hostname, address.port), SECONDS) as events,
    ):
        events.sendall(f"GET /api/v1/streaming/user{TOKEN_IN}{token} HTTP/1.1\r\nHost: birds\r\n\r\n".encode())
        assert events.recv(65_536).startswith(b"HTTP/1.1 200")
        assert server.stop() == 0
        with pytest.raises(ConnectionClosed) as ended:
            listening.recv(timeout=SECONDS)
        assert ended.value.rcvd.code == 1012
        while events.recv(65_536):
            pass


def test_a_client_that_vanished_is_looked_for_by_the_kernel(server):
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: birds\r\n\r\n")
        assert client.recv(65_536)
        here, there = address.port, client.getsockname()[1]
        eventually(lambda: timer_of(here, there) == "02", seconds=SECONDS, what="a keepalive timer runs")


def timer_of(port, peer):
    """Which timer runs for a connection to a port of this machine (proc_net_tcp: 02 is keepalive)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (int(fields[1][-4:], 16), int(fields[2][-4:], 16)) == (port, peer):
            return fields[5].partition(":")[0]
    return None


def test_nothing_but_a_stream_becomes_a_websocket_and_the_rest_is_answered_as_ever(server):
    for path in ("/", "/api/v1/timelines/public", "/@nobody"):
        with pytest.raises(InvalidStatus) as refused, connect(server.url.replace("http", "ws", 1) + path, proxy=None):
            pass
        assert refused.value.response.status_code == 404
    client = server.client()
    assert client.get("/api/v1/timelines/public").status == 200
    assert client.get("/api/v1/streaming/health").json == "OK"
    client.close()
