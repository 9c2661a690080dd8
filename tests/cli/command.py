"""A command line as a test runs it: in this process for its effect, in one of its own for serving and for start-up."""

import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.house.tree import ROOT
from whimbrel.cli import main

END_SECONDS = 15


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def run(*words: str) -> Ended:
    """Run one command line in this process: a start of its own costs most of a second."""
    out, err = io.StringIO(), io.StringIO()
    mask = os.umask(0o077)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main(list(words))
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os.umask(mask)
    return Ended(code, out.getvalue(), err.getvalue())


class Commands:
    """Commands on one data directory."""

    def __init__(self, data: Path, patch: pytest.MonkeyPatch) -> None:
        self.data, self._patch = data, patch

    def run(self, *words: str, stdin: str = "") -> Ended:
        """Run one command in this process."""
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        return run(*words, "--data", str(self.data))

    def done(self, *words: str, stdin: str = "") -> str:
        """Run one command that must succeed; returns its output without the final newline."""
        ended = self.run(*words, stdin=stdin)
        assert ended.code == 0, ended.err
        return ended.out.rstrip("\n")

    def json(self, *words: str) -> Any:
        """Run one command with --json that must succeed; returns what it printed."""
        return json.loads(self.done(*words, "--json"))


class Server(NamedTuple):
    """A server that runs in processes of its own."""

    url: str
    process: "subprocess.Popen[str]"

    def get(self, path: str, *, token: str | None = None) -> tuple[int, Any]:
        """The code and the JSON of an answer."""
        request = urllib.request.Request(self.url + path)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=END_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@contextmanager
def serving(data: Path, *flags: str) -> Iterator[Server]:
    """A server on a free port, from its line `ready: URL` to the end of the block, when SIGTERM ends it with 0."""
    command = [sys.executable, "-m", "whimbrel", "serve", "--data", str(data), "--port", "0", *flags]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    environment["WHIMBREL_STATUS"] = "off"  # what these tests ask is not about the page
    with (data.parent / "server.log").open("a") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready: "), (data.parent / "server.log").read_text("utf-8")
        yield Server(line.split()[1], process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_SECONDS) == 0
        assert process.stdout.read() == "", "serve prints exactly one line on standard output"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
