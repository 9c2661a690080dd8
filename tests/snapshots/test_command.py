"""`whimbrel snapshot`, `verify` and `views rebuild`, with the server running and stopped."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tests.support.serving import ROOT, Server, eventually, serving
from whimbrel.engines.store.files import remove_files
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.snapshots import list_snapshots

SEEDS = random.SystemRandom()
TRIMMED_SECONDS = 30.0
WORD = "zwielicht"


@pytest.fixture
def server(tmp_path):
    """A server that trims right behind each snapshot."""
    with serving(tmp_path / "data", options={"WHIMBREL_JOURNAL_DAYS": "0", "WHIMBREL_SNAPSHOT_MINUTES": "0"}) as one:
        yield one


def post(client, text):
    answer = client.post("/api/v1/statuses", {"status": text})
    assert answer.status == 200, answer
    return answer.json["id"]


def trimmed(server):
    """Up to which record the running server has trimmed its journal."""
    client = server.client()
    engines = client.get("/readyz").json["processes"]["core"]["engines"]
    client.close()
    found = re.search(r"journal from (\d+)", engines["snapshots"]["detail"])
    return int(found[1]) - 1 if found else 0


def test_a_snapshot_is_made_listed_and_trimmed_behind_and_the_store_is_built_from_it(server: Server):
    client = server.client(server.provide(["s_ada"])["s_ada"])
    for number in range(20):
        post(client, f"number {number}")
    server.settle()
    made = json.loads(server.command("snapshot", "--json"))
    assert made["state"] == "verified"
    assert "verified" in server.command("snapshot", "--list")
    eventually(lambda: trimmed(server) >= made["sequence"] - 1, seconds=TRIMMED_SECONDS, what="the journal is trimmed")
    last = post(client, "after the snapshot")
    found = json.loads(server.command("verify", "--json"))
    assert (found["findings"], found["trimmed"] > 0, found["snapshots"]) == ([], True, 1)
    assert "up to record" in server.command("views", "rebuild", "store")
    eventually(lambda: client.get(f"/api/v1/statuses/{last}").status == 200, seconds=20, what="the post is there")
    assert server.stop() == 0
    remove_files(store_in(server.data))
    server.start()
    eventually(lambda: client.get("/api/v1/timelines/public").status == 200, seconds=20, what="the store is there")
    server.settle()
    texts = str(client.get("/api/v1/timelines/public", {"limit": 40}).json)
    assert all(f"number {number}" in texts for number in range(20))
    client.close()
    assert server.stop() == 0
    assert server.command("snapshot").startswith("snapshot of record ")
    assert server.command("verify").startswith("whole: ")
    assert len(json.loads(server.command("snapshot", "--list", "--json"))) == 2


def test_a_directory_without_a_server_is_an_error(tmp_path):
    server = Server(tmp_path / "nothing")
    server.command("snapshot", code=1)
    assert server.command("snapshot", "--list", "--json", code=1) == ""


def test_killed_at_any_moment_neither_a_snapshot_nor_a_server_that_trims_loses_anything(server: Server):
    number = SEEDS.randrange(1 << 32)
    print(f"seed {number}")
    chance = random.Random(number)
    client = server.client(server.provide(["s_grace"])["s_grace"])
    acknowledged = []
    for round_ in range(2):
        acknowledged += [post(client, f"round {round_} post {number}") for number in range(15)]
        snapshot = subprocess.Popen(
            [sys.executable, "-m", "whimbrel", "snapshot", "--data", str(server.data)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with suppress(subprocess.TimeoutExpired):
            snapshot.wait(0.3 + chance.random() / 4)
        snapshot.send_signal(signal.SIGKILL)
        snapshot.wait()
        server.command("snapshot")
        ends = time.monotonic() + chance.random() * 5
        while time.monotonic() < ends and trimmed(server) < list_snapshots(server.data)[0].sequence - 1:
            acknowledged.append(post(client, "meanwhile"))
        client.close()
        server.kill()
        server.start()
    server.settle()
    assert [id_ for id_ in acknowledged if client.get(f"/api/v1/statuses/{id_}").status != 200] == []
    client.close()
    assert server.stop() == 0
    assert server.command("verify").startswith("whole: ")
    names = {path.name for path in (server.data / "snapshots").iterdir()}
    assert all(name.isdecimal() or name == ".lock" or name.startswith(".making-") for name in names)
    server.command("snapshot")
    assert not [path for path in (server.data / "snapshots").iterdir() if path.name.startswith(".making-")]


def test_what_was_deleted_is_in_no_file_once_the_snapshots_from_before_have_gone(server: Server):
    client = server.client(server.provide(["s_edith"])["s_edith"])
    id_ = post(client, f"{WORD} is a word")
    server.settle()
    server.command("snapshot")
    assert client.ask("DELETE", f"/api/v1/statuses/{id_}").status == 200
    server.settle()
    client.close()
    assert server.stop() == 0
    assert holding(server.data) == {"store.sqlite"}  # of the snapshot from before, for seven days at the most
    for manifest in server.data.glob("snapshots/*/manifest.json"):
        age(manifest, days=8)
    server.start()
    eventually(lambda: not list_snapshots(server.data), seconds=TRIMMED_SECONDS, what="the old snapshot has gone")
    assert server.stop() == 0
    assert holding(server.data) == set()


def holding(data):
    """The names of the files in which the word stands."""
    return {path.name for path in data.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()}


def age(manifest, days):
    """Have a snapshot been made so many days earlier."""
    facts = json.loads(manifest.read_bytes())
    facts["made_ms"] -= days * 24 * 3_600_000
    manifest.write_text(json.dumps(facts))
