"""Accounts from the command line, with the server stopped and with it running."""

import json
import re
import zipfile

import pytest

from tests.cli.command import serving

CREATE_ADA = ("account", "create", "ada", "--email", "ada@example.org", "--confirmed", "--no-password")


def test_an_account_is_made_shown_and_listed(commands):
    id_ = commands.done(*CREATE_ADA, "--role", "moderator")
    assert re.fullmatch(r"[0-9]+", id_)
    shown = commands.json("account", "show", "ADA")
    assert (shown["id"], shown["name"], shown["email"]) == (id_, "ada", "ada@example.org")
    assert (shown["role"], shown["state"], shown["password"]) == ("moderator", "active", False)
    assert [account["name"] for account in commands.json("account", "list")] == ["ada"]
    table = commands.done("account", "list").splitlines()
    assert table[0].split() == ["id", "name", "role", "state", "created"]
    assert table[1].split()[:4] == [id_, "ada", "moderator", "active"]
    assert "ada@example.org" in commands.done("account", "show", "@ada")


def test_everything_that_is_made_is_for_the_owner_only(commands):
    commands.done(*CREATE_ADA)
    assert not [path for path in (commands.data, *commands.data.rglob("*")) if path.stat().st_mode & 0o077]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ADA", "--email", "other@example.org"), "name is already taken"),
        (("grace", "--email", "Ada@example.org"), "email is already taken"),
        (("gr ace", "--email", "grace@example.org"), "name must contain only"),
        (("grace", "--email", "nowhere"), "email is not a valid"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused_with_the_reason(commands, words, said):
    commands.done(*CREATE_ADA)
    ended = commands.run("account", "create", *words, "--no-password")
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert len(commands.json("account", "list")) == 1


def test_the_password_comes_from_standard_input_and_stays_there(commands):
    secret = "correct horse battery"
    words = ("account", "create", "ada", "--email", "ada@example.org", "--password-stdin")
    commands.done(*words, stdin=f"{secret}\n")
    assert commands.json("account", "show", "ada")["password"] is True
    assert not [path for path in commands.data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    ended = commands.run("account", "create", "grace", "--email", "grace@example.org", "--password-stdin", stdin="\n")
    assert ended.code == 2
    commands.done("account", "password", "ada", "--no-password")
    assert commands.json("account", "show", "ada")["password"] is False


def test_a_name_that_nobody_has_is_named_in_the_error(commands):
    commands.done(*CREATE_ADA)
    for words in (("show",), ("token",), ("disable",), ("confirm",), ("delete", "--yes"), ("export",)):
        ended = commands.run("account", words[0], "grace", *words[1:])
        assert (ended.code, ended.out) == (1, "")
        assert ended.err == 'whimbrel: account: "grace": there is no account of this name\n'


def test_a_directory_that_holds_no_server_is_an_error_and_stays_away(commands):
    ended = commands.run("account", "list")
    assert ended.code == 1
    assert f'data: "{commands.data}": there is no journal' in ended.err
    assert not commands.data.exists()


def test_an_account_waits_until_it_is_confirmed(commands):
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    assert commands.json("account", "show", "ada")["state"] == "unconfirmed"
    commands.done("account", "confirm", "ada")
    commands.done("account", "confirm", "ada")
    commands.done("account", "approve", "ada")
    assert commands.json("account", "show", "ada")["state"] == "active"


def test_a_token_is_printed_alone_and_opens_the_running_server(commands):
    commands.done(*CREATE_ADA)
    before = commands.done("account", "token", "ada")
    with serving(commands.data) as server:
        beside = commands.done("account", "token", "ada", "--scopes", "read:statuses write")
        for token in (before, beside):
            assert re.fullmatch(r"[A-Za-z0-9_-]{40,}", token)
        code, account = server.get("/api/v1/accounts/verify_credentials", token=before)
        assert (code, account["acct"]) == (200, "ada")
        assert server.get("/api/v1/accounts/verify_credentials", token=beside)[0] == 403
        commands.done("account", "disable", "ada", "--reason", "spam")
        assert server.get("/api/v1/accounts/verify_credentials", token=before)[0] in (401, 403)
        commands.done("account", "enable", "ada")
        assert server.get("/api/v1/accounts/verify_credentials", token=before)[0] == 200
        commands.done("account", "sessions", "ada", "--revoke-all")
        assert server.get("/api/v1/accounts/verify_credentials", token=before)[0] == 401


def test_sessions_are_listed_and_ended_one_by_one(commands):
    commands.done(*CREATE_ADA)
    commands.done("account", "token", "ada")
    commands.done("account", "token", "ada", "--scopes", "read")
    sessions = commands.json("account", "sessions", "ada")
    assert [session["scopes"] for session in sessions] == ["read write follow push", "read"]
    assert "read write follow push" in commands.done("account", "sessions", "ada")
    commands.done("account", "sessions", "ada", "--revoke", sessions[0]["id"])
    assert commands.json("account", "sessions", "ada") == sessions[1:]
    assert commands.run("account", "sessions", "ada", "--revoke", sessions[0]["id"]).code == 1
    commands.done("account", "password", "ada", "--no-password")
    assert commands.json("account", "sessions", "ada") == []


def test_a_role_is_changed_and_an_unknown_one_refused(commands):
    commands.done(*CREATE_ADA)
    commands.done("account", "role", "ada", "admin")
    assert commands.json("account", "show", "ada")["role"] == "admin"
    assert commands.run("account", "role", "ada", "queen").code == 2


def test_a_deleted_account_is_gone_and_its_name_is_not_given_again(commands):
    commands.done(*CREATE_ADA)
    commands.done("account", "delete", "ada")
    assert commands.json("account", "list") == []
    assert commands.run("account", "show", "ada").code == 1
    said = commands.run(*CREATE_ADA).err
    assert "already taken" in said
    assert '"ada"' in said


def test_an_export_holds_what_is_the_accounts_own(commands, tmp_path):
    commands.done(*CREATE_ADA)
    archive = tmp_path / "ada.zip"
    assert commands.done("account", "export", "ada", "--output", str(archive)) == str(archive)
    with zipfile.ZipFile(archive) as files:
        assert json.loads(files.read("account.json"))["email"] == "ada@example.org"
        assert json.loads(files.read("posts.json")) == []
        assert files.read("following.csv") == b"Account address\n"
    ended = commands.run("account", "export", "ada", "--output", str(archive))
    assert ended.code == 2
    assert "exists" in ended.err
