"""verify and views rebuild: what lies on the disk is what was written, and a view can always be made again."""

import sqlite3

import pytest

from tests.cli.command import serving
from whimbrel.engines.store.numbered import store_in
from whimbrel.upkeep import JOURNAL


@pytest.fixture
def filled(commands):
    """A data directory with a few accounts."""
    for name in ("ada", "grace", "edith"):
        commands.done("account", "create", name, "--email", f"{name}@example.org", "--no-password", "--confirmed")
        commands.done("account", "token", name)
    commands.done("account", "list")
    return commands


def change(path, *statements):
    """Change a database behind the server's back."""
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def test_a_sound_server_is_whole_stopped_and_running(filled):
    assert filled.done("verify").startswith("whole: ")
    assert filled.json("verify")["findings"] == []
    with serving(filled.data):
        assert filled.json("verify")["findings"] == []


def test_a_changed_record_is_found_and_named(filled):
    change(filled.data / JOURNAL, "UPDATE records SET payload = x'00' WHERE sequence = 2")
    ended = filled.run("verify")
    assert ended.code == 1
    assert "journal: record 2: " in ended.err


def test_a_missing_record_is_found_and_named(filled):
    change(filled.data / JOURNAL, "DELETE FROM records WHERE sequence = 3")
    ended = filled.run("verify", "--json")
    assert ended.code == 1
    assert "record 4" in ended.out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts SET followers = 7 WHERE name = 'ada'",
        "DELETE FROM credentials WHERE email = 'ada@example.org'",
        "INSERT INTO markers SELECT id, 'home', 1, 1, 1 FROM accounts WHERE name = 'ada'",
        "CREATE TABLE stray (id INTEGER)",
    ],
)
def test_a_store_that_says_something_else_is_found_and_made_again(filled, statement):
    change(store_in(filled.data), statement)
    ended = filled.run("verify")
    assert ended.code == 1
    assert "store: table " in ended.err
    assert "ada@example.org" not in ended.err
    assert filled.done("views", "rebuild", "store").startswith("store is built anew, up to record ")
    assert filled.done("verify").startswith("whole: ")


def test_a_store_that_is_gone_or_garbage_is_found_and_made_again(filled):
    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(b"nonsense" * 4_096)):
        for beside in ("-wal", "-shm"):
            (filled.data / f"{store_in(filled.data).name}{beside}").unlink(missing_ok=True)
        spoil(store_in(filled.data))
        assert filled.run("verify").code == 1
        filled.done("views", "rebuild", "all")
        assert filled.done("verify").startswith("whole: ")


def test_a_running_server_goes_on_with_a_store_that_was_made_again(filled):
    with serving(filled.data) as server:
        change_later = filled.done("account", "token", "ada")
        filled.done("views", "rebuild", "all")
        filled.done("account", "role", "ada", "admin")
        assert filled.json("account", "show", "ada")["role"] == "admin"
        assert server.get("/api/v1/accounts/verify_credentials", token=change_later)[0] == 200
    assert filled.done("verify").startswith("whole: ")


def test_nothing_is_left_behind(filled):
    filled.done("verify")
    filled.done("views", "rebuild", "all")
    names = {path.name.split("-")[0] for path in filled.data.iterdir()}
    assert not [name for name in names if name.startswith("verify") or "anew" in name]


def test_a_directory_that_holds_no_server_is_an_error_and_is_not_made(commands):
    """Accident: `migrate` made the directory, and `snapshot --list` said that there are none, with code 0."""
    for line in ("verify", "views rebuild all", "snapshot --list", "migrate", "migrate --back", "migrate --finish"):
        words = line.split()
        ended = commands.run(*words)
        assert ended.code == 1
        assert "there is no journal" in ended.err
        assert not commands.data.exists()


def test_a_journal_that_was_lost_is_not_begun_anew_beside_its_store(commands):
    """Accident: a directory whose journal had been left behind started as an empty server, which then emptied the
    store as well: the last copy of what people had written."""
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    store = (commands.data / "store-1.sqlite").read_bytes()
    for path in commands.data.glob("journal.sqlite*"):
        path.write_bytes(b"")
    ended = commands.run("account", "list")
    assert (ended.code, "The journal is gone" in ended.err) == (1, True), ended
    assert (commands.data / "store-1.sqlite").read_bytes() == store


def test_what_a_crash_has_left_of_the_published_head_does_no_harm(commands):
    """Accident: a command that met a damaged run/head ended with a traceback."""
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    (commands.data / "run" / "head").write_bytes(b"\xa5" * 4_096)
    assert "ada" in commands.done("account", "list")
