"""The command line as other tools rely on it: its commands, its exit codes, and the page that promises them."""

import ctypes
import re
import subprocess
import sys

import pytest

from tests.cli.command import run
from tests.house.tree import ROOT
from whimbrel import __version__
from whimbrel.cli.codes import MEANINGS, Usage, code_of
from whimbrel.cli.commands import build
from whimbrel.kernel.errors import Corrupt, JournalUnavailable, Misconfigured, NotFound, StoreUnavailable
from whimbrel.secrets_file import open_secrets

PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
LEAVES = {
    "account approve", "account confirm", "account create", "account delete", "account disable", "account enable",
    "account export", "account list", "account password", "account role", "account sessions", "account show",
    "account token", "backup", "doctor", "migrate", "provision", "restore", "restart", "serve", "snapshot", "verify",
    "views rebuild", "status verify", "status operator create", "status operator list", "status operator password",
    "status operator remove", "status operator key", "status incident open", "status incident update",
    "status incident resolve", "status incident list", "status maintenance schedule", "status maintenance start",
    "status maintenance complete", "status maintenance list",
    "status writeup", "status serve", "status probe",
}  # fmt: skip


def whimbrel(*words, **environ):
    """Run one command line in a process of its own, with nothing but `environ` in its environment."""
    command = [sys.executable, "-m", "whimbrel", *words]
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)} | environ
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def leaves(app, *path):
    """Every command that does something, by its words."""
    found = {}
    for name, sub in app.resolved_commands().items():
        if not name.startswith("-"):
            found |= leaves(sub, *path, name) or {" ".join((*path, name)): sub}
    return found


def test_the_commands_are_those_of_the_page():
    assert set(leaves(build())) == LEAVES
    for words in LEAVES:
        assert re.search(rf"`(?:whimbrel )?{words}\b", PAGE), f"docs/cli.md does not name {words!r}"


def flags_of(app):
    """Every flag that a command takes."""
    return {flag for argument in app.assemble_argument_collection() for flag in argument.names if flag.startswith("--")}


def test_every_command_takes_the_data_directory():
    for words, app in leaves(build()).items():
        if words not in ("serve", "status probe"):  # a vantage point keeps nothing
            assert "--data" in flags_of(app), words


def test_every_flag_of_a_command_is_on_the_page():
    for words, app in leaves(build()).items():
        missing = [flag for flag in flags_of(app) if flag not in PAGE]
        assert not missing, f"docs/cli.md does not name {missing} of {words!r}"


def test_help_says_of_every_word_and_flag_what_it_is():
    """Accident: the descriptions stood in docstrings of a form that nobody read, and help had names alone."""
    for words, app in leaves(build()).items():
        arguments = [one for one in app.assemble_argument_collection(parse_docstring=True) if one.show]
        silent = [one.name for one in arguments if not one.parameter.help]
        assert words == "serve" or not silent, (
            f"whimbrel {words} --help says nothing of {silent}: say it under Args: in its docstring"
        )


@pytest.mark.parametrize("group", ["", "account", "views", "status", "status operator", "status incident"])
def test_a_list_of_commands_says_of_each_what_it_does_within_the_terminals_width(group, monkeypatch):
    """Accident: commands that are imported when they are asked for were listed by their names alone."""
    monkeypatch.setenv("COLUMNS", "70")
    said = run(*group.split()).out
    names = {words.removeprefix(group).split()[0] for words in LEAVES if words.startswith(group)}
    for name in names:
        assert re.search(rf"^  {name}: \w.+", said, re.MULTILINE), f"whimbrel {group} --help says nothing of {name!r}"
    assert max(map(len, said.splitlines())) <= 70


def test_the_page_has_the_table_of_exit_codes():
    assert dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)) == {
        str(code): meaning for code, meaning in MEANINGS.items()
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Usage("x"), 2),
        (NotFound("x"), 1),
        (Corrupt("x"), 1),
        (JournalUnavailable("x"), 3),
        (StoreUnavailable("x"), 3),
        (Misconfigured("x"), 4),
    ],
)
def test_an_error_ends_with_the_code_of_its_kind(error, code):
    assert code_of(error) == code


def test_the_version_is_the_packages_own():
    assert whimbrel("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("account", "hatch"),
        ("account", "create", "ada"),
        ("account", "create", "ada", "--email"),
        ("account", "create", "ada", "--email", "ada@example.org", "--role", "queen", "--no-password"),
        ("account", "create", "ada", "--email", "ada@example.org"),
        ("account", "create", "ada", "--email", "ada@example.org", "--password-stdin", "--no-password"),
        ("account", "show"),
        ("account", "show", "ada", "grace"),
        ("account", "token", "ada", "--scopes", "everything"),
        ("serve", "--colour", "red"),
        ("serve", "again"),
        ("views", "rebuild", "everything"),
        ("verify", "--fast"),
        ("backup", "place", "--keep", "0"),
        ("backup", "http://127.0.0.1/birds"),
        ("restore", "place", "--data", "new", "--until", "yesterday"),
        ("restore", "place", "--data", "new", "--temporary", "elsewhere"),
        ("backup", "place", "--keep-days", "-1"),
        ("restart", "--python", ""),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(tmp_path, words):
    data = ("--data", str(tmp_path / "data")) if words[0] in ("account", "views", "verify") else ()
    ended = run(*words, *data)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert ended.err.strip()
    assert "Traceback" not in ended.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("serve", "--port", "many"), {}, 'port: "many" in the flag --port: expected a whole number from 0 to 65535'),
        (("serve",), {"WHIMBREL_PORT": "-1"}, 'port: "-1" in the environment (WHIMBREL_PORT): expected'),
        (("doctor",), {"WHIMBREL_PROT": "1"}, 'WHIMBREL_PROT: "1" in the environment'),
        (("account", "list"), {"WHIMBREL_TITEL": "x"}, "did you mean"),
    ],
)
def test_a_misconfigured_command_ends_with_4_and_one_line(tmp_path, words, environ, said):
    ended = whimbrel(*words, WHIMBREL_DATA=str(tmp_path / "data"), **environ)
    assert (ended.returncode, ended.stdout) == (4, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_serve_ends_with_4_where_others_can_read_a_secret(tmp_path):
    """Accident: the process that met it ended with a traceback, and was started again without end."""
    open_secrets(tmp_path)
    (tmp_path / "secrets" / "signing.key").chmod(0o644)
    ended = whimbrel("serve", "--data", str(tmp_path), "--port", "0")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert re.fullmatch(r"whimbrel: secret: .*signing.key\" has mode 0644: expected 0600, .*\n", ended.stderr)


def give_up_the_powers_of_root():
    """What a process does before it becomes another: modes of files count for that one, also for the superuser."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)


@pytest.mark.parametrize("place", [".", "run", "journal.sqlite", "run/backup.lock"])
def test_serve_ends_with_4_where_it_cannot_write(tmp_path, place):
    """Accident: after a command that was run as root the server was started again and again, and spoke of the disk."""
    (tmp_path / "run").mkdir()
    (tmp_path / "journal.sqlite").touch()
    (tmp_path / "run" / "backup.lock").touch()
    (tmp_path / place).chmod(0o500)
    ended = subprocess.run(
        [sys.executable, "-m", "whimbrel", "serve", "--data", str(tmp_path), "--port", "0"],
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        preexec_fn=give_up_the_powers_of_root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (tmp_path / place).chmod(0o700)
    said = f'whimbrel: data: "{tmp_path / place}" cannot be written; expected a file of the user who runs the server\n'
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", said)


def test_serve_asks_for_its_flags_without_loading_the_server():
    ended = whimbrel("serve", "--help")
    assert ended.returncode == 0
    assert "--post-characters-max" in ended.stdout
    loaded = "import sys; from whimbrel.cli import serve; print(' '.join(sys.modules))"
    modules = subprocess.run(
        [sys.executable, "-c", loaded], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"msgspec", "cyclopts", "rich", "apsw", "asyncio", "starlette", "numpy"}
    assert not heavy & set(modules)
