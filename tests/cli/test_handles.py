"""What a command does when what it prints goes nowhere, and when somebody interrupts it before it has begun."""

import os
import subprocess
import sys

import pytest

from tests.house.tree import ROOT

DATA = {"PATH": "", "PYTHONPATH": str(ROOT)}
INTERRUPTED_IMPORT = """
import sys
class Interrupts:
    def find_spec(self, name, path, target=None):
        if name == "whimbrel.cli.commands":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupts())
from whimbrel.cli import main
sys.exit(main(["account", "list"]))
"""


def whimbrel(data, *words, **handles):
    command = [sys.executable, "-m", "whimbrel", *words]
    environment = DATA | {"WHIMBREL_DATA": str(data)}
    return subprocess.run(
        command, env=environment, text=True, check=False, timeout=60, **{"stderr": subprocess.PIPE} | handles
    )


@pytest.mark.parametrize("words", [("account", "list"), ("account", "--help"), ("verify",)])
def test_a_reader_that_leaves_ends_nothing(commands, words):
    """Accident: `whimbrel account list | head -1` ended with a traceback."""
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    reads, writes = os.pipe()
    os.close(reads)
    try:
        ended = whimbrel(commands.data, *words, stdout=writes)
    finally:
        os.close(writes)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr


def test_a_result_that_cannot_be_written_is_an_error_of_one_line(commands):
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    with open("/dev/full", "w") as full:
        ended = whimbrel(commands.data, "account", "list", stdout=full)
    assert (ended.returncode, ended.stderr) == (1, 'whimbrel: "standard output": No space left on device\n')


def test_what_is_meant_for_people_is_not_put_into_the_result_when_standard_error_is_closed(commands):
    """Accident: with `2>&-` the progress of `verify` was printed into its result."""
    commands.done("account", "create", "ada", "--email", "ada@example.org", "--no-password")
    closed = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m whimbrel verify 2>&-', sys.executable],
        env=DATA | {"WHIMBREL_DATA": str(commands.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert closed.stdout.startswith("whole: ")
    assert closed.stdout.count("\n") == 1


def test_an_interrupt_before_a_command_has_begun_is_no_traceback():
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], env=DATA, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_a_wrong_flag_of_serve_is_told_in_two_lines():
    ended = whimbrel("nowhere", "serve", "--colour", "red", stdout=subprocess.PIPE)
    said = "whimbrel: serve: unrecognized arguments: --colour red\nwhimbrel: see whimbrel serve --help\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", said)
