"""The status program as the supervisor's child, and after everything else has gone."""

import json
import os
import signal
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.serving import Server, eventually, serving

ON = {"WHIMBREL_STATUS": "on", "WHIMBREL_STATUS_PORT": "0"}


def ask(url, path):
    """One request to the status page; None where nobody answers."""
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname, address.port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def said_by(server, path):
    """What the watched server itself answers."""
    client = server.client()
    try:
        return client.get(path).json
    finally:
        client.close()


def status_of(server):
    """Where the server says that its status page is."""
    return said_by(server, "/api/v2/instance")["configuration"]["urls"]["status"]


def summary(url):
    found = ask(url, "/api/v2/summary.json")
    return json.loads(found[1]) if found and found[0] == 200 else None


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("watched") / "data", options=ON) as running:
        yield running


def test_the_ready_line_and_the_instance_say_where_the_page_is(server):
    assert server.ready_line.startswith(f"ready: {server.url} status: http://127.0.0.1:")
    assert status_of(server) == server.ready_line.split()[-1]
    assert summary(status_of(server))["page"]["url"] == status_of(server)


def test_the_page_is_one_of_the_processes_whose_readiness_is_said(server):
    processes = said_by(server, "/readyz")["processes"]
    assert processes["status"]["ready"] is True


def test_a_page_that_dies_is_there_again(server):
    url = status_of(server)
    server.kill_child("status")
    eventually(lambda: summary(url), seconds=10.0, what="the page is there again")


def test_the_end_of_the_history_is_published_for_whoever_wants_to_keep_it(server):
    status, body = ask(status_of(server), "/api/history/head.json")
    head = json.loads(body)
    assert (status, len(head["chain"])) == (200, 64)
    assert head["sequence"] > 0


def test_a_server_that_is_told_so_has_no_page(tmp_path):
    with serving(tmp_path / "data", options={"WHIMBREL_STATUS": "off"}) as running:
        assert running.ready_line.strip() == f"ready: {running.url}"
        assert "status" not in running.children()


def test_the_page_outlives_everything_else_and_leaves_when_the_next_server_comes(tmp_path):
    server = Server(tmp_path / "data", options=ON).start()
    url = status_of(server)
    page = server.children()["status"]
    try:
        server.kill_all_but("status")
        assert summary(url) is not None
        server.start()
        eventually(lambda: not _lives(page), seconds=10.0, what="the old page has left")
        assert summary(status_of(server)) is not None
    finally:
        server.close()
        with suppress(ProcessLookupError):
            os.kill(page, signal.SIGKILL)


def test_a_wedged_server_does_not_keep_the_page_from_answering(server):
    url = status_of(server)
    api = server.children()["api-1"]
    os.kill(api, signal.SIGSTOP)
    try:
        began = time.monotonic()
        while time.monotonic() < began + 1.0:
            assert summary(url) is not None
    finally:
        os.kill(api, signal.SIGCONT)


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
