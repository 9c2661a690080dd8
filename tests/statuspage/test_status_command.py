"""`whimbrel status ...`: on the book beside the program, and at a running program's address with a key."""

import asyncio
import json
import os
import sys

import apsw
import pytest

from tests.cli.command import Commands
from tests.statuspage.page_in_test import PASSWORD, opened_page, secret_of
from tests.support.asgi import asked
from whimbrel.cli import main
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book

OPEN = ("status", "incident", "open", "Home is slow", "--body", "Posts come late.")
WINDOW = ("status", "maintenance", "schedule", "A new disk", "--body", "We change a disk.")


@pytest.fixture
def status(tmp_path, monkeypatch):
    """Commands on a status page that has run before and does not run now."""
    with opened_page(tmp_path):
        pass
    return Commands(tmp_path, monkeypatch)


def create(status, name="ada"):
    return status.done("status", "operator", "create", name, stdin=f"{PASSWORD}\n")


def test_operators_are_made_listed_given_keys_and_removed(status):
    first = create(status)
    assert first.startswith("otpauth://totp/")
    assert len(secret_of(first)) == 20
    second = status.done("status", "operator", "password", "ada", stdin="another password\n")
    assert secret_of(second) != secret_of(first)
    key = status.done("status", "operator", "key", "ada", "--label", "deploys")
    assert key.startswith("wsk_")
    (one,) = status.json("status", "operator", "list")
    assert (one["name"], [held["label"] for held in one["keys"]]) == ("ada", ["deploys"])
    assert "deploys" in status.done("status", "operator", "list")
    status.done("status", "operator", "key", "ada", "--revoke", one["keys"][0]["id"])
    status.done("status", "operator", "remove", "ada")
    assert status.json("status", "operator", "list") == []


def test_an_operator_can_be_made_before_the_program_has_ever_run(tmp_path, monkeypatch):
    fresh = Commands(tmp_path / "new" / "status", monkeypatch)
    create(fresh)
    assert (tmp_path / "new" / "status" / "status.sqlite").stat().st_mode & 0o077 == 0


def test_an_incident_is_opened_updated_resolved_and_listed(status):
    create(status)
    id_ = status.done(*OPEN, "--component", "home=partial_outage", "--next-update", "20")
    said = status.json("status", "incident", "update", id_, "--body", "Found it.", "--status", "identified")
    assert (said["status"], said["components"], said["updates"][0]["actor"]) == (
        "identified",
        {"home": "partial_outage"},
        "ada",
    )
    assert status.done("status", "incident", "resolve", id_) == id_
    (listed,) = status.json("status", "incident", "list")
    assert (listed["status"], listed["updates"][0]["body"]) == ("resolved", "It is over.")
    assert "Home is slow" in status.done("status", "incident", "list")


def test_a_window_is_announced_begun_and_completed(status):
    create(status)
    times = ("--from", "2090-10-16T02:00Z", "--until", "2090-10-16T03:00Z")
    id_ = status.done(*WINDOW, *times, "--component", "home", "--component", "media", "--recurs", "FREQ=WEEKLY")
    assert status.json("status", "maintenance", "start", id_)["status"] == "in_progress"
    assert status.json("status", "maintenance", "complete", id_)["components"] == ["home", "media"]
    listed = status.json("status", "maintenance", "list")
    assert [one["status"] for one in listed] == ["scheduled", "completed"]
    assert "A new disk" in status.done("status", "maintenance", "list")


def test_whose_words_they_are_has_to_be_said_when_there_are_several(status):
    assert status.run(*OPEN).code == 2
    create(status)
    create(status, "bob")
    assert "ada, bob" in status.run(*OPEN).err
    status.done(*OPEN, "--by", "bob")
    assert status.run(*OPEN, "--by", "eve").code == 1
    assert status.json("status", "incident", "list")[0]["updates"][0]["actor"] == "bob"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((*OPEN, "--component", "home"), 2, "ID=STATE"),
        ((*OPEN, "--component", "attic=major_outage"), 1, "attic"),
        ((*OPEN, "--component", "home=broken"), 1, "broken"),
        ((*OPEN, "--since", "yesterday"), 1, "yesterday"),
        ((*OPEN, "--next-update", "0"), 1, "next_update"),
        ((*OPEN, "--status", "fine"), 2, "fine"),
        (("status", "incident", "update", "none", "--body", "x"), 1, "none"),
        (("status", "maintenance", "start", "none"), 1, "none"),
        (("status", "operator", "create", "x y"), 1, "name"),
        (("status", "operator", "key", "ada"), 2, "--label"),
        ((*OPEN, "--url", "http://127.0.0.1:1"), 2, "--key-file"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_done(status, words, code, said):
    create(status)
    ended = status.run(*words, stdin=f"{PASSWORD}\n")
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert status.json("status", "incident", "list") == []


def test_a_directory_without_a_status_page_is_an_error_and_stays_as_it_is(tmp_path, monkeypatch):
    nowhere = Commands(tmp_path / "nowhere", monkeypatch)
    for words in (("status", "verify"), ("status", "incident", "list"), OPEN):
        assert nowhere.run(*words).code == 1
    assert not (tmp_path / "nowhere").exists()


def test_a_servers_directory_leads_to_the_status_page_in_it(tmp_path, monkeypatch):
    with opened_page(tmp_path / "data" / "status"):
        pass
    assert "whole" in Commands(tmp_path / "data", monkeypatch).done("status", "verify")


def test_verify_says_where_the_history_was_changed(status):
    create(status)
    status.done(*OPEN)
    assert status.json("status", "verify")["faults"] == []
    book = status.data / "status.sqlite"
    with apsw.Connection(str(book)) as db:
        (record,) = db.execute("SELECT sequence FROM history WHERE action = 'incident opened'").fetchone()
        db.execute("UPDATE history SET actor = 'bob' WHERE sequence = ?", (record,))
    db.close()
    ended = status.run("status", "verify")
    assert ended.code == 1
    assert f"record {record}:" in ended.err
    assert status.run("status", "verify", "--json").code == 1


def test_two_processes_that_write_at_once_keep_one_chain(tmp_path, monkeypatch):
    with opened_page(tmp_path) as page:
        commands = Commands(tmp_path, monkeypatch)
        create(commands)

        async def beside_the_program():
            writing = [page.speaking.operators.add_key("ada", f"key {number}", actor="ada") for number in range(30)]
            words = [*OPEN, "--data", str(tmp_path)]
            environment = {"PYTHONPATH": os.getcwd(), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "whimbrel", *words, env=environment, stdout=asyncio.subprocess.PIPE
            )
            await asyncio.gather(*writing)
            await process.communicate()
            return process.returncode

        assert page.run(beside_the_program()) == 0
        page.turn()
        assert [one.name for one in page.program.rooms.showing.shown.incidents] == ["Home is slow"]
        with page.book.look() as look:
            assert list(history.faults(look)) == []


def test_from_elsewhere_it_takes_an_address_and_a_key(tmp_path, capsys):
    with opened_page(tmp_path / "page") as page:
        page.operator()
        key = page.run(page.speaking.operators.add_key("ada", "shell", actor="ada"))
        key_file = tmp_path / "key"
        key_file.write_text(key)
        key_file.chmod(0o600)
        server = page.run(_served(page))
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async def command(*words):
            place = ["--url", url, "--key-file", str(key_file), "--json"]
            code = await asyncio.to_thread(main, [*words, *place])
            return code, capsys.readouterr()

        code, told = page.run(command(*OPEN, "--component", "home=major_outage"))
        assert code == 0, told.err
        incident = json.loads(told.out)
        assert incident["updates"][0]["actor"] == "ada"
        code, told = page.run(command("status", "incident", "resolve", incident["id"]))
        assert json.loads(told.out)["status"] == "resolved"
        code, told = page.run(command("status", "incident", "update", "none", "--body", "x"))
        assert (code, told.out) == (1, "")
        assert 'no incident "none"' in told.err
        key_file.chmod(0o644)
        code, told = page.run(command("status", "incident", "list"))
        assert code == 4
        server.close()
    key_file.chmod(0o600)
    words = ["status", "incident", "list", "--url", "http://127.0.0.1:1", "--key-file", str(key_file)]
    assert main(words) == 3


async def _served(page):
    """The application behind a few lines of HTTP, because the command connects to a socket."""

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        method, path, _ = line.split()
        headers = dict(field.split(": ", 1) for field in fields)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        reply = await asked(page.app, method, path, headers=headers, chunks=(body,))
        writer.write(f"HTTP/1.1 {reply.status} Said\r\nContent-Length: {len(reply.body)}\r\n\r\n".encode() + reply.body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def test_the_history_of_a_new_book_is_whole(tmp_path):
    book = Book(tmp_path / "status.sqlite", [])
    book.close()
    assert main(["status", "verify", "--data", str(tmp_path)]) == 0
