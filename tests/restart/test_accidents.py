"""What goes wrong in a restart leaves the server as it was, says what it met, and is right the next time."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.restart.installation import MARK, interpreter
from tests.support.load import load_on
from tests.support.serving import ROOT, eventually, serving

NAME = "ines"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server, shared by the tests of this file: each leaves it running."""
    with serving(tmp_path_factory.mktemp("accidents") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def token(server):
    return server.provide([NAME])[NAME]


def failing(server, *words):
    """What `whimbrel restart` says when it ends with code 1."""
    done = subprocess.run(
        [sys.executable, "-m", "whimbrel", "restart", *words, "--data", str(server.data)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done
    return done.stderr.splitlines()[-1]


def left_aside(server):
    return [*(server.data / "run").glob("*.leaving.sock")]


def readiness(server):
    client = server.client()
    try:
        return client.get("/readyz").status
    finally:
        client.close()


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_of_another(pid):
    return MARK[1] in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({"supervisor": "exit 3"}, "cannot run the supervisor: it ended with code 3"),
        ({"core": "exit 4"}, "core: its successor ended with code 4"),
        ({"api_process": "exit 5"}, "api-1: its successor ended with code 5"),
        ({"streaming_process": "exit 6"}, "streaming: its successor ended with code 6"),
        ({"core": "exec sleep 600"}, "core: its successor gave no sign of life"),
    ],
)
def test_a_successor_that_cannot_take_over_leaves_everything_serving(server, token, tmp_path, instead, said):
    with load_on(server, token) as people:
        line = failing(server, "--python", interpreter(tmp_path / "python", **instead))
        assert said in line
        assert line.startswith("whimbrel: The server goes on as it was")
    assert [person.failures for person in people] == [[], [], [], []]
    for pid in server.children().values():
        assert not is_of_another(pid), "a process of the other installation was left in its place"
    eventually(lambda: readiness(server) == 200, seconds=30, what="all are ready")


def test_after_a_failure_the_next_restart_works(server, tmp_path):
    failing(server, "--python", interpreter(tmp_path / "python", core="exit 4"))
    before = server.children()
    assert server.command("restart") == "restarted\n"
    assert not {*before.values()} & {*server.children().values()}
    eventually(lambda: not left_aside(server), seconds=10, what="no socket is left of who has left")


def test_an_interpreter_that_is_not_there_is_refused_before_anything_is_touched(server, tmp_path):
    before = server.children()
    assert "no program that could be started" in failing(server, "--python", str(tmp_path / "nowhere"))
    assert server.children() == before


def test_a_second_restart_is_refused_while_one_is_under_way(server):
    first = threading.Thread(target=server.command, args=("restart",))
    before = server.children()
    first.start()
    eventually(lambda: server.children() != before, seconds=30, what="the restart is under way")
    assert "a restart is under way" in failing(server)
    first.join()


def test_without_a_server_it_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "whimbrel", "restart", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, f"whimbrel: No server runs on {tmp_path}.\n")


def test_another_installation_takes_over_and_back_and_all_ends_with_its_supervisor(tmp_path):
    with serving(tmp_path / "data") as server:
        token = server.provide([NAME])[NAME]
        with load_on(server, token) as people:
            server.command("restart", "--python", interpreter(tmp_path / "python"))
            theirs = server.children()
            assert all(map(is_of_another, theirs.values()))
            server.command("restart", "--python", sys.executable)
            assert not any(map(is_of_another, server.children().values()))
        assert [person.failures for person in people] == [[], [], [], []]
        children = server.children()
        os.kill(parent_of(children["core"]), signal.SIGKILL)
        for pid in children.values():
            eventually(lambda pid=pid: is_gone(pid), seconds=10, what=f"process {pid} ends with its parent")


def test_when_the_supervisor_is_killed_in_a_restart_everything_ends_and_the_next_start_is_fine(tmp_path):
    with serving(tmp_path / "data") as server:
        token = server.provide([NAME])[NAME]
        before = server.children()
        supervisor = parent_of(before["core"])
        os.kill(supervisor, signal.SIGHUP)
        eventually(lambda: server.children() != before, seconds=30, what="the restart is under way")
        server.kill()
        for pid in before.values():
            eventually(lambda pid=pid: is_gone(pid), seconds=10, what=f"process {pid} ends with its parent")
        (server.data / "run" / "api-1.leaving.sock").touch()  # as it lies there when the kill comes a moment later
        server.start()
        assert not left_aside(server)
        client = server.client(token)
        assert client.post("/api/v1/statuses", {"status": "here again"}).status == 200
        client.close()
        assert server.command("restart") == "restarted\n"


def test_told_to_stop_in_a_restart_it_drains_and_leaves_nothing_behind(tmp_path):
    with serving(tmp_path / "data") as server:
        before = server.children()
        os.kill(parent_of(before["core"]), signal.SIGHUP)
        eventually(lambda: server.children() != before, seconds=30, what="the restart is under way")
        everybody = {*before.values(), *server.children().values()}
        assert server.stop() == 0
        assert all(map(is_gone, everybody))
