"""The processes of a real server: what is killed comes back, what was acknowledged stays, signals are obeyed."""

import os
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPException

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.serving import ROOT, Server, eventually, serving
from whimbrel.reliability.control import ask

NAME = "ines"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with two API processes, shared by the tests of this file: each leaves it running."""
    with serving(tmp_path_factory.mktemp("processes") / "data", api_processes=2) as server:
        yield server


@pytest.fixture(scope="module")
def token(server):
    return server.provide([NAME])[NAME]


def post(client, text, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/api/v1/statuses", {"status": text}, headers)


def ids_at_home(client):
    """The ids of the reader's home timeline, over a new connection: whichever API process takes it answers."""
    client.close()
    answer = client.get("/api/v1/timelines/home")
    assert answer.status == 200, answer
    return [post["id"] for post in answer.json]


def insist(client, text, key):
    """Post until it is acknowledged, as a client does that retries with the same key."""

    def once():
        try:
            answer = post(client, text, key)
        except (OSError, HTTPException):
            client.close()
            return None
        assert answer.status in (200, 503), answer
        return answer.json["id"] if answer.status == 200 else None

    return eventually(once, seconds=20, what=f"{text!r} is acknowledged")


def test_whichever_process_answers_has_what_another_acknowledged(server, token):
    writer, reader = server.client(token), server.client(token)
    for number in range(40):
        acknowledged = post(writer, f"post {number}").json["id"]
        assert ids_at_home(reader)[0] == acknowledged
    writer.close()
    reader.close()


def test_readiness_names_each_process_view_and_engine(server):
    client = server.client()
    answer = client.get("/readyz")
    client.close()
    assert answer.status == 200
    assert set(answer.json["processes"]) == {"supervisor", "core", "api-1", "api-2", "streaming"}
    core, api = answer.json["processes"]["core"], answer.json["processes"]["api-1"]
    assert set(core["engines"]) == {"journal", "store", "disk", "snapshots"}
    assert core["views"]["store"]["parked"] == 0
    assert api["engines"]["core"]["ok"]
    assert all(
        set(view) >= {"cursor", "lag_events", "lag_seconds", "parked", "errors"} for view in api["views"].values()
    )


def test_metrics_of_all_processes_are_at_one_address(server, token):
    client = server.client(token)
    post(client, "counted")
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").json)}
    client.close()
    by_process = {sample.labels["process"] for family in families.values() for sample in family.samples}
    assert by_process == {"supervisor", "core", "api-1", "api-2", "streaming"}
    for name in ("journal_append_seconds", "journal_batch_groups", "view_lag_events", "request_seconds"):
        assert f"whimbrel_{name}" in families


def test_a_core_killed_under_load_loses_nothing_and_doubles_nothing(server, token):
    acknowledged = {}

    def keep_posting(writer_number):
        client = server.client(token)
        for number in range(25):
            text = f"writer {writer_number} post {number}"
            acknowledged[text] = insist(client, text, key=text)
        client.close()

    writers = [threading.Thread(target=keep_posting, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    server.kill_child("core")
    server.kill_child("core")
    for writer in writers:
        writer.join()
    client = server.client(token)
    assert len(acknowledged) == 100
    assert len(set(acknowledged.values())) == 100
    for text, post_id in acknowledged.items():
        assert text in client.get(f"/api/v1/statuses/{post_id}").json["content"]
    account_id = client.get("/api/v1/accounts/verify_credentials").json["id"]
    texts = _texts(client, account_id)
    assert sorted(text for text in texts if text.startswith("writer")) == sorted(acknowledged)
    client.close()


def test_an_api_process_that_was_killed_comes_back_with_everything(server, token):
    client = server.client(token)
    newest = post(client, "before the kill").json["id"]
    for name in ("api-1", "api-2"):
        server.kill_child(name)
        assert ids_at_home(client)[0] == newest
    client.close()


def test_a_second_server_on_the_same_data_is_refused_and_does_no_harm(server, token):
    second = Server(server.data, api_processes=1)
    with pytest.raises(AssertionError, match="already running"):
        second.start()
    second.close()
    client = server.client(token)
    assert post(client, "still here").status == 200
    client.close()


def test_commands_work_beside_the_running_server_and_without_it(tmp_path):
    with serving(tmp_path / "data") as server:
        server.command("account", "create", "odile", "--email", "odile@mail.test", "--no-password", "--confirmed")
        token = server.command("account", "token", "odile").strip()
        client = server.client(token)
        assert client.get("/api/v1/accounts/verify_credentials").json["username"] == "odile"
        client.close()
        assert server.stop() == 0
        server.command("account", "create", "pavel", "--email", "pavel@mail.test", "--no-password", "--confirmed")
        server.start()
        client = server.client(token)
        assert client.get("/api/v1/accounts/lookup", {"acct": "pavel"}).status == 200
        client.close()


def test_a_request_that_has_begun_is_finished_before_the_server_ends(tmp_path):
    with serving(tmp_path / "data") as server:
        token = server.provide([NAME])[NAME]
        host, port = server.url.removeprefix("http://").split(":")
        body = b'{"status": "last words"}'
        head = (
            f"POST /api/v1/statuses HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        with socket.create_connection((host, int(port)), timeout=15) as connection:
            connection.sendall(head.encode())
            assert connection.recv(65_536).startswith(b"HTTP/1.1 100")  # sent when the product reads the body
            os.kill(server.children()["api-1"], signal.SIGTERM)
            connection.sendall(body)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        assert server.stop() == 0


def test_after_everything_was_killed_at_once_the_next_start_has_it_all(tmp_path):
    with serving(tmp_path / "data") as server:
        token = server.provide([NAME])[NAME]
        client = server.client(token)
        acknowledged = [post(client, str(number)).json["id"] for number in range(20)]
        client.close()
        server.kill()
        server.start()
        client = server.client(token)
        assert ids_at_home(client) == acknowledged[::-1]
        client.close()


def test_when_the_supervisor_is_killed_no_child_lives_on(tmp_path):
    with serving(tmp_path / "data") as server:
        children = server.children()
        os.kill(_parent_of(children["core"]), signal.SIGKILL)
        for pid in children.values():
            eventually(lambda pid=pid: _is_gone(pid), seconds=10, what=f"process {pid} ends with its parent")


def test_a_second_signal_ends_everything_at_once(tmp_path):
    with serving(tmp_path / "data") as server:
        children = server.children()
        os.kill(children["core"], signal.SIGSTOP)  # a core that cannot drain
        os.kill(_parent_of(children["core"]), signal.SIGTERM)
        eventually(lambda: "api-1" not in server.children(), seconds=10, what="the API process has drained")
        assert server.stop() == 1
        eventually(lambda: _is_gone(children["core"]), seconds=10, what="the core is gone as well")


def test_an_address_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = Server(tmp_path / "data")
        done = server.command("serve", "--port", port, code=71)
    assert done == ""


def test_a_port_that_a_dying_child_of_a_killed_server_still_holds_is_waited_for(tmp_path):
    """Accident: a child that had just been started held the port for as long as its imports took; the next start
    found it taken, and ended."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(tmp_path / "data", port=taken.getsockname()[1])
        (server.data / "run").mkdir(parents=True)
        (server.data / "run" / "supervisor.sock").touch()
        starting = threading.Thread(target=server.start)
        starting.start()
        eventually(
            lambda: server.log.exists() and "a port is waited for" in server.log.read_text("utf-8"),
            seconds=20,
            what="it waits for the port",
        )
    starting.join()
    client = server.client()
    try:
        assert client.get("/livez").status == 200
    finally:
        client.close()
        server.close()


def test_a_server_whose_ready_line_nobody_reads_serves_all_the_same(tmp_path):
    """Accident: `whimbrel serve | head -0` ended with a traceback when it was ready."""
    reads, writes = os.pipe()
    os.close(reads)
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "whimbrel", "serve", "--data", tmp_path / "data", "--port", "0", "--no-status"],
            stdout=writes,
            stderr=log,
            cwd=ROOT,
        ) as process,
    ):
        os.close(writes)
        supervisor = tmp_path / "data" / "run" / "supervisor.sock"
        try:
            eventually(
                lambda: "the ready line could not be written" in (tmp_path / "log").read_text("utf-8"),
                seconds=30,
                what="it is ready",
            )
            assert ask(supervisor, "/readyz").status == 200
        finally:
            process.terminate()
        assert process.wait(15) == 0


def _texts(client, account_id):
    texts, max_id = [], None
    while True:
        query = {"limit": 40} | ({"max_id": max_id} if max_id else {})
        page = client.get(f"/api/v1/accounts/{account_id}/statuses", query).json
        if not page:
            return texts
        texts += [post["content"].removeprefix("<p>").removesuffix("</p>") for post in page]
        max_id = page[-1]["id"]


def _parent_of(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def _is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_server_that_is_started_within_a_checkout_runs_what_is_installed(tmp_path):
    checkout, script = tmp_path / "checkout", tmp_path / "whimbrel"
    (checkout / "whimbrel").mkdir(parents=True)
    (checkout / "whimbrel" / "__init__.py").write_text('raise SystemExit("the checkout was imported")')
    script.write_text("import sys\nfrom whimbrel.cli import main\nsys.exit(main())\n")
    server = Server(tmp_path / "data")
    server.program, server.directory = (sys.executable, str(script)), checkout
    server.start()
    try:
        before = server.children()
        server.command("restart")
        server.command("snapshot")
        assert server.children().keys() == before.keys()
        assert not set(server.children().values()) & set(before.values())
        assert server.stop() == 0
    finally:
        server.close()
