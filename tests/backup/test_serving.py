"""Backups of a server that runs, through the command line: what was acknowledged before is in the restored one."""

import fcntl
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

from tests.backup.looking import backed_up, is_sound, objects
from tests.support.serving import ROOT, Server, eventually, serving
from whimbrel.backing_up import BackupRuns
from whimbrel.cli import main

NAMES = ("ada", "grace", "edith")
KILLS = 4
SEED = 11
ASKED = (
    "/api/v1/timelines/home?limit=40",
    "/api/v1/timelines/public?limit=40",
    "/api/v1/notifications",
    "/api/v1/accounts/verify_credentials",
    "/api/v1/bookmarks",
    "/api/v1/favourites",
    "/api/v2/instance",
)


@contextmanager
def posting(server: Server, token: str):
    """Somebody who posts without a pause for as long as the block runs; yields the ids that were acknowledged."""
    acknowledged: list[str] = []
    ended = threading.Event()

    def post() -> None:
        client = server.client(token)
        while not ended.is_set():
            reply = client.post("/api/v1/statuses", {"status": f"Post {len(acknowledged)} of the storm"})
            assert reply.status == 200
            acknowledged.append(reply.json["id"])
        client.close()

    writer = threading.Thread(target=post)
    writer.start()
    try:
        yield acknowledged
    finally:
        ended.set()
        writer.join()


def whimbrel(*words: str, code: int = 0) -> tuple[str, str]:
    """Run one command line; returns what it printed on standard output and on standard error."""
    out, err = io.StringIO(), io.StringIO()
    mask = os.umask(0o077)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            ended = main(words)
    finally:
        os.umask(mask)
    assert ended == code, out.getvalue() + err.getvalue()
    return out.getvalue(), err.getvalue()


def answers(server: Server, token: str) -> dict[str, object]:
    """What one person is shown, without the server's address."""
    client = server.client(token)
    try:
        replies = {path: client.get(path) for path in ASKED}
        assert {reply.status for reply in replies.values()} == {200}
        return {path: json.loads(json.dumps(reply.json).replace(server.url, "")) for path, reply in replies.items()}
    finally:
        client.close()


def test_what_was_acknowledged_before_the_backup_began_is_in_the_restored_server(tmp_path):
    place, new = tmp_path / "place", tmp_path / "new"
    with serving(tmp_path / "data") as server:
        tokens = server.provide(NAMES)
        with posting(server, tokens["ada"]) as acknowledged:
            eventually(lambda: len(acknowledged) > 10, seconds=30, what="ten posts are acknowledged")
            server.command("backup", str(place))
            before = list(acknowledged)
            assert json.loads(server.command("backup", str(place), "--json"))["image"] == ""
    whimbrel("restore", str(place), "--data", str(new))
    with serving(new) as restored:
        client = restored.client(tokens["ada"])
        assert {client.get(f"/api/v1/statuses/{id_}").status for id_ in before} == {200}
        client.close()
    assert is_sound(new)


def test_the_restored_server_gives_the_same_answers(tmp_path):
    place, new = tmp_path / "place", tmp_path / "new"
    with serving(tmp_path / "data", options={"WHIMBREL_PUBLIC_URL": "https://birds.test"}) as server:
        tokens = server.provide(NAMES)
        _busy_morning(server, tokens)
        server.command("backup", str(place))
        _busy_morning(server, tokens)
        server.settle()
        server.command("backup", str(place))
        wanted = {name: answers(server, token) for name, token in tokens.items()}
    whimbrel("restore", str(place), "--data", str(new))
    with serving(new, options={"WHIMBREL_PUBLIC_URL": "https://birds.test"}) as restored:
        restored.settle()
        assert {name: answers(restored, token) for name, token in tokens.items()} == wanted


def _busy_morning(server: Server, tokens: dict[str, str]) -> None:
    people = {name: server.client(token) for name, token in tokens.items()}
    ids = {name: client.get("/api/v1/accounts/verify_credentials").json["id"] for name, client in people.items()}
    for name, client in people.items():
        for other, id_ in ids.items():
            if other != name:
                client.post(f"/api/v1/accounts/{id_}/follow")
        posts = [client.post("/api/v1/statuses", {"status": f"Good morning @{other} #birds"}).json for other in ids]
        people["ada"].post(f"/api/v1/statuses/{posts[0]['id']}/favourite")
        people["edith"].post(f"/api/v1/statuses/{posts[1]['id']}/bookmark")
        people["grace"].post(f"/api/v1/statuses/{posts[1]['id']}/reblog")
        client.ask("DELETE", f"/api/v1/statuses/{posts[2]['id']}")
    for client in people.values():
        client.close()


def test_a_backup_that_is_killed_leaves_the_last_good_one_and_the_next_one_is_good(town, tmp_path):
    """Each kill hits another line of progress; what was sent is of use to the next, and a restore works at any time."""
    place, chance = tmp_path / "place", random.Random(SEED)
    town.rest()
    whimbrel("backup", str(place), "--data", str(town.data))
    for number in range(KILLS):
        town.live(30)
        town.rest()
        before = set((place / "backups").iterdir())
        _killed_after(chance.randint(1, 12), "backup", str(place), "--full", "--data", str(town.data))
        assert before <= set((place / "backups").iterdir())
        new = tmp_path / f"new-{number}"
        whimbrel("restore", str(place), "--data", str(new))
        assert is_sound(new), f"seed {SEED}, kill {number}"
    whimbrel("backup", str(place), "--data", str(town.data))
    assert "whole" in whimbrel("restore", "--check", str(place))[0]


def test_a_restore_that_is_killed_leaves_no_directory_and_the_next_one_works(town, tmp_path):
    place, new, chance = tmp_path / "place", tmp_path / "new", random.Random(SEED)
    town.rest()
    whimbrel("backup", str(place), "--data", str(town.data))
    for _ in range(3):
        _killed_after(chance.randint(1, 4), "restore", str(place), "--data", str(new))
        if new.exists():
            break
        assert not (new / "journal.sqlite").exists()
    if not new.exists():
        whimbrel("restore", str(place), "--data", str(new))
    assert is_sound(new)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".restoring")]


def _killed_after(lines: int, *words: str) -> None:
    """Run a command, and kill it when it has said so many lines of progress (or has ended before)."""
    command = [sys.executable, "-m", "whimbrel", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for _ in range(lines):
        if not process.stderr.readline():
            break
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    process.stderr.close()


def test_two_backups_of_one_directory_at_once_are_refused(town, place):
    (town.data / "run").mkdir()
    with (town.data / "run" / "backup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BackupRuns):
            backed_up(town.data, place)
    assert backed_up(town.data, place).sequence == town.head


@pytest.mark.parametrize("words", [("backup",), ("restore",)])
def test_a_command_without_its_place_says_what_it_wants(words):
    assert re.search(r"place|PLACE", whimbrel(*words, code=2)[1])


def test_progress_goes_to_standard_error_and_the_result_to_standard_output(town, tmp_path):
    town.rest()
    place = str(tmp_path / "place")
    out, err = whimbrel("backup", place, "--data", str(town.data))
    assert len(out.splitlines()) == 1
    assert "store sent: 100 %" in err
    listed = json.loads(whimbrel("backup", place, "--list", "--json")[0])
    assert [one["sequence"] for one in listed] == [town.head - 1]
    assert len(whimbrel("backup", place, "--list")[0].splitlines()) == 2
    assert json.loads(whimbrel("restore", "--check", place, "--json")[0])["findings"] == []
    assert len(objects(tmp_path / "place")) > 3


def test_a_restore_wants_to_know_where(tmp_path):
    assert "--data NEW" in whimbrel("restore", str(tmp_path), code=2)[1]
    assert "either" in whimbrel("restore", str(tmp_path), "--check", "--data", str(tmp_path / "new"), code=2)[1]


def test_a_backup_gives_way_before_its_libraries_are_imported():
    script = (
        "import os, sys\n"
        "sys.argv = ['whimbrel', 'backup', '--help']\n"
        "from whimbrel.cli import main\n"
        "main()\n"
        "print(os.sched_getscheduler(0) == os.SCHED_IDLE)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "True"
