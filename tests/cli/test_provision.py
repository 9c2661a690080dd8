"""Provisioning: a file becomes true, twice changes nothing, and a fault anywhere does nothing at all."""

import re

import pytest
from argon2 import PasswordHasher

from tests.cli.command import serving
from tests.house.tree import ROOT

WHOLE = """
[[accounts]]
name = "ada"
email = "ada@example.org"
id = 109000000000000001
role = "admin"
password = "correct horse battery"
profile = { display_name = "Ada", note = "Birds.", fields = [{ name = "Web", value = "a.example" }], bot = true }

[[accounts]]
name = "grace"
email = "grace@example.org"
password_hash = "HASH"

[[apps]]
name = "Garden"
redirect_uris = ["https://garden.example/callback"]
client_id = "garden"
client_secret = "a-long-random-secret"

[[apps]]
name = "Meadow"

[[tokens]]
account = "ada"
app = "Garden"
value = "a-long-random-token-value"
scopes = "read write"

[[tokens]]
account = "Grace"
""".replace("HASH", PasswordHasher().hash("another long password"))


def written(tmp_path, text, name="whimbrel-provision.toml"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def did(done):
    return [(one["kind"], one["name"], one["did"]) for one in done]


def test_a_file_becomes_true_and_the_second_run_changes_nothing(commands, tmp_path):
    path = written(tmp_path, WHOLE)
    first = commands.json("provision", path)
    assert [one["did"] for one in first] == ["created"] * 6
    assert first[0]["id"] == "109000000000000001"
    made = {one["name"]: one for one in first}
    assert "client_secret" not in made["Garden"]
    assert len(made["Meadow"]["client_secret"]) > 20
    assert [("value" in one) for one in first[4:]] == [False, True]
    second = commands.json("provision", path)
    assert did(second) == [(kind, name, "unchanged") for kind, name, _ in did(first)]
    assert not [one for one in second if "value" in one or "client_secret" in one]
    lines = commands.done("provision", path).splitlines()
    assert lines[-1] == "nothing changed"
    with serving(commands.data) as server:
        code, account = server.get("/api/v1/accounts/verify_credentials", token="a-long-random-token-value")
        assert (code, account["id"], account["display_name"]) == (200, "109000000000000001", "Ada")
        assert (account["bot"], account["source"]["note"]) == (True, "Birds.")
        code, account = server.get("/api/v1/accounts/verify_credentials", token=first[5]["value"])
        assert (code, account["acct"]) == (200, "grace")
        assert commands.done("provision", path).splitlines()[-1] == "nothing changed"


def test_role_and_profile_are_made_as_the_file_says_and_the_rest_is_left(commands, tmp_path):
    commands.json("provision", written(tmp_path, WHOLE))
    commands.done("account", "create", "edith", "--email", "edith@example.org", "--no-password")
    text = '[[accounts]]\nname = "Ada"\nemail = "ADA@example.org"\nprofile = { note = "Engines." }\n'
    text += '[[accounts]]\nname = "edith"\nemail = "edith@example.org"\nrole = "moderator"\n'
    path = written(tmp_path, text)
    assert [one["did"] for one in commands.json("provision", path)] == ["changed", "changed"]
    ada, edith = (commands.json("account", "show", name) for name in ("ada", "edith"))
    assert (ada["role"], ada["display_name"], ada["bot"]) == ("user", "Ada", True)
    assert (edith["role"], edith["state"]) == ("moderator", "active")
    assert [one["did"] for one in commands.json("provision", path)] == ["unchanged", "unchanged"]
    assert len(commands.json("account", "list")) == 3


def test_json_says_the_same_as_toml(commands, tmp_path):
    path = written(tmp_path, '{"accounts": [{"name": "ada", "email": "ada@example.org", "id": "7"}]}', "file.json")
    assert commands.json("provision", path) == [{"kind": "account", "name": "ada", "did": "created", "id": "7"}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('[[accounts]]\nname = "ada"\nemail = "ada@example.org"\nid = 5', "it has the id 109000000000000001"),
        ('[[accounts]]\nname = "ADA"\nemail = "other@example.org"', "it has the e-mail address ada@example.org"),
        ('[[apps]]\nname = "Other"\nclient_id = "garden"', 'belongs to the app "Garden"'),
        ('[[apps]]\nname = "Meadow"\nredirect_uris = ["https://other.example/"]', "redirect_uris"),
        ('[[apps]]\nname = "Meadow"\nscopes = "read"', 'it has the scopes "read write follow push"'),
        ('[[apps]]\nname = "Meadow"\nclient_secret = "guessed"', "another client_secret"),
        ('[[tokens]]\naccount = "grace"\nvalue = "a-long-random-token-value"', "opens another account"),
        ('[[tokens]]\naccount = "ada"\nvalue = "a-long-random-token-value"', 'it has the scopes "read write"'),
        ('[[tokens]]\naccount = "nobody"', "there is no account of this name"),
    ],
)
def test_a_conflict_is_named_and_nothing_is_done(commands, tmp_path, change, said):
    commands.json("provision", written(tmp_path, WHOLE))
    fresh = '[[accounts]]\nname = "edith"\nemail = "edith@example.org"\n'
    ended = commands.run("provision", written(tmp_path, fresh + change))
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert commands.run("account", "show", "edith").code == 1


FAULTS = """
[[accounts]]
name = "a b"
email = "ada@example.org"
[[accounts]]
name = "grace"
email = "nowhere"
id = "x"
[[accounts]]
name = "Grace"
email = "grace@example.org"
password = "short"
[[accounts]]
name = "edith"
email = "edith@example.org"
password = "long enough for all"
password_hash = "$nonsense"
profile = { default_visibility = "secret" }
[[apps]]
name = "Garden"
redirect_uris = ["javascript:alert(1)"]
scopes = "everything"
[[tokens]]
account = "ada"
app = "Meadow"
value = "short"
scopes = "everything"
"""


def test_every_fault_of_a_file_is_named_with_its_place(commands, tmp_path):
    ended = commands.run("provision", written(tmp_path, FAULTS))
    assert ended.code == 1
    for place in (
        r"accounts\[0\] \(a b\): .*name",
        r"accounts\[1\] \(grace\): id: 'x'",
        r"accounts\[2\] \(Grace\): .*password is too short",
        r"accounts\[3\] \(edith\): password and password_hash",
        r"accounts\[3\] \(edith\): .*secret",
        r"accounts\[3\] \(edith\): .*Argon2",
        r"apps\[0\] \(Garden\): .*everything",
        r"apps\[0\] \(Garden\): .*javascript",
        r"tokens\[0\] \(ada\): .*everything",
        r"tokens\[0\] \(ada\): app: 'Meadow'",
        r"tokens\[0\] \(ada\): value: ",
        r'accounts: name "grace" stands there 2 times',
    ):
        assert re.search(place, ended.err), place
    assert not commands.data.exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "[[accounts", "a.toml"),
        ("a.toml", '[[acounts]]\nname = "ada"', "acounts"),
        ("a.toml", '[[accounts]]\nname = "ada"', "email"),
        ("a.toml", '[[accounts]]\nname = "ada"\nemail = "a@example.org"\nrole = "queen"', "queen"),
        ("a.json", "[]", "a.json"),
        ("a.json", "{", "a.json"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_place(commands, tmp_path, name, text, said):
    ended = commands.run("provision", written(tmp_path, text, name))
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert not commands.data.exists()


def test_a_file_that_is_not_there_is_named(commands, tmp_path):
    ended = commands.run("provision", str(tmp_path / "nowhere.toml"))
    assert ended.code == 1
    assert "nowhere.toml" in ended.err


def test_the_example_in_the_documentation_works(commands, tmp_path):
    page = (ROOT / "docs" / "run" / "provision.md").read_text("utf-8")
    example = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    path = written(tmp_path, example.group(1))
    assert [one["did"] for one in commands.json("provision", path)] == ["created"] * 4
    assert commands.done("provision", path).splitlines()[-1] == "nothing changed"


@pytest.mark.parametrize(
    ("name", "email", "why"), [("grace", "new@example.org", "name"), ("edith", "ada@example.org", "email")]
)
def test_an_account_that_cannot_be_made_is_named_and_nothing_is_done(commands, tmp_path, name, email, why):
    """Accident: a name that was a deleted account's, or an address that is somebody else's, was met only when the
    entries before it had been made; and nothing said which entry it was."""
    for other in ("ada", "grace"):
        commands.done("account", "create", other, "--email", f"{other}@example.org", "--no-password")
    commands.done("account", "delete", "grace", "--yes")
    text = '[[accounts]]\nname = "first"\nemail = "first@example.org"\n'
    file = written(tmp_path, f'{text}[[accounts]]\nname = "{name}"\nemail = "{email}"\n')
    ended = commands.run("provision", file)
    said = f'whimbrel: provision: "{file}": account "{name}": Validation failed: {why} is already taken\n'
    assert (ended.code, ended.err) == (1, said)
    assert "first" not in commands.done("account", "list")
