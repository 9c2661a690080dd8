"""A restart that nobody notices: readers and writers go on while every process of the server is replaced."""

import json
import os
import signal
import threading
from contextlib import suppress

import pytest

from tests.support.load import load_on, posted
from tests.support.serving import eventually, serving
from whimbrel.reliability.control import ask

NAME = "ines"
ASKING_PAUSE_SECONDS = 0.005


def supervisor_of(server):
    """The process that the children of the server are children of."""
    with open(f"/proc/{server.children()['core']}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def restarting(server):
    return json.loads(ask(server.data / "run" / "supervisor.sock", "/restarting", deadline_seconds=10).text)


def have_it_restart_by_signal(server):
    before = server.children()
    os.kill(supervisor_of(server), signal.SIGHUP)
    eventually(
        lambda: restarting(server)["state"] == "done" and not set(before.values()) & set(server.children().values()),
        seconds=60,
        what="every process is another one",
    )


class Asking(threading.Thread):
    """Asks the process of streams how it is, again and again, until the block ends."""

    def __init__(self, server):
        super().__init__()
        self._path, self._ended = server.data / "run" / "streaming.control.sock", threading.Event()
        self.cores = set()
        """Everything that it said of the core."""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()

    def run(self):
        """Ask."""
        while not self._ended.wait(ASKING_PAUSE_SECONDS):
            with suppress(OSError, ValueError):
                reply = ask(self._path, "/readyz", deadline_seconds=10)
                if reply.status == 200:
                    self.cores.add(json.loads(reply.text)["engines"]["core"]["ok"])


@pytest.mark.parametrize("api_processes", [1, 2])
def test_no_request_fails_and_no_post_is_lost_while_everything_is_replaced(tmp_path, api_processes):
    with serving(tmp_path / "data", api_processes=api_processes) as server:
        token = server.provide([NAME])[NAME]
        supervisor, before = supervisor_of(server), server.children()
        with load_on(server, token) as people, Asking(server) as asking:
            for _ in range(2):
                assert server.command("restart") == "restarted\n"
            have_it_restart_by_signal(server)
        assert [person.failures for person in people] == [[], [], [], []]
        assert asking.cores == {True}
        assert supervisor_of(server) == supervisor
        assert server.children().keys() == before.keys()
        client = server.client(token)
        acknowledged = people[0].acknowledged | people[1].acknowledged
        assert len(acknowledged) > 10
        assert posted(client) == acknowledged
        started = [line for line in client.get("/metrics").json.splitlines() if "child_starts_total{" in line]
        assert [line.rpartition(" ")[2] for line in started] == ["4"] * len(before), started
        client.close()
        assert server.stop() == 0


def test_a_restart_of_a_server_whose_core_is_busy_loses_nothing(tmp_path):
    with serving(tmp_path / "data") as server:
        token = server.provide([NAME])[NAME]
        with load_on(server, token) as first, load_on(server, token) as second, load_on(server, token) as third:
            server.command("restart")
        people = [*first, *second, *third]
        assert [failure for person in people for failure in person.failures] == []
        client = server.client(token)
        assert posted(client).keys() == {id_ for person in people for id_ in person.acknowledged}
        client.close()
