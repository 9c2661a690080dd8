"""A whole server as its operator has it: started by the command line, asked over HTTP, killed by process id.

Every wait is a question repeated until its deadline. Only processes that were started here are ever ended: the
supervisor by its own id, its children by the ids that it has logged.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0
STOP_SECONDS = 15.0
SETTLE_SECONDS = 20.0
POLL_SECONDS = 0.02
ANSWER_SECONDS = 30.0
COMMAND_SECONDS = 60.0
SCOPES = "read write follow push"

_LEFT_OUT = ("WHIMBREL_", "PYTHONDONTWRITEBYTECODE")
"""Not handed to servers: the options of whoever tests, and the wish that each process compiles every module anew."""


class Reply(NamedTuple):
    """What came back: the JSON where it is JSON, else the text."""

    status: int
    json: Any
    headers: dict[str, str]


def eventually(question: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """Ask until the answer is true, and return it; AssertionError at the deadline."""
    ends = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < ends, f"not within {seconds} s: {what}"
        time.sleep(POLL_SECONDS)
    return answer


class Client:
    """Asks a server over one connection, which it makes again when it was lost."""

    def __init__(self, server: "Server", token: str | None = None) -> None:
        self._server, self._token = server, token
        self._connection: HTTPConnection | None = None

    def get(self, path: str, query: Any = None) -> Reply:
        """Read something."""
        return self.ask("GET", path, query=query)

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Do something; the body goes as JSON."""
        return self.ask("POST", path, body=body, headers=headers)

    def ask(
        self, method: str, path: str, *, query: Any = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send one request and read its answer whole. A read is sent again when a kept connection had ended."""
        wanted = f"{path}?{urlencode(query, doseq=True)}" if query else path
        sent = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        sent |= headers or {}
        kept = self._connection is not None
        try:
            return self._once(method, wanted, content, sent)
        except (HTTPException, OSError):
            self.close()
            if not (kept and method == "GET"):
                raise
            return self._once(method, wanted, content, sent)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _once(self, method: str, wanted: str, content: bytes | None, headers: dict[str, str]) -> Reply:
        if self._connection is None:
            address = urlsplit(self._server.url)
            assert address.hostname is not None
            self._connection = HTTPConnection(address.hostname, address.port, timeout=ANSWER_SECONDS)
        self._connection.request(method, wanted, body=content, headers=headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        is_json = "json" in fields.get("content-type", "")
        return Reply(answer.status, json.loads(text) if is_json and text else text, fields)


class Server:
    """A real server on a data directory of its own."""

    def __init__(
        self, data: Path, *, options: dict[str, str] | None = None, api_processes: int = 1, port: int = 0
    ) -> None:
        self.data = data
        self.url = ""
        self.ready_line = ""
        self.log = data.parent / f"{data.name}.log"
        self._port = port
        self._api_processes = api_processes
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)} | {
            "WHIMBREL_RATE_LIMITS": "off",
            "WHIMBREL_STATUS": "off",
            "PYTHONPATH": str(ROOT),
            **(options or {}),
        }
        self.program: Sequence[str] = (sys.executable, "-m", "whimbrel")
        self.directory = ROOT
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Server":
        """Start it, and return when it has said that it is ready. The first port is kept for later starts."""
        words = ["serve", "--port", str(self._port), "--api-processes", str(self._api_processes)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.program, *words, "--data", str(self.data)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.directory,
                env=self._environment,
            )
        self._await_ready_line()
        return self

    def stop(self) -> int:
        """Ask it to end as an operator does; returns its exit code."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        return self._ended(process)

    def kill(self) -> None:
        """Kill the supervisor and everything that it started, as a power cut would end them."""
        process = self._running()
        children = self.children()
        for pid in (process.pid, *children.values()):
            _kill(pid)
        self._ended(process)
        eventually(lambda: not any(map(_lives, children.values())), seconds=STOP_SECONDS, what="no child lives on")

    def kill_all_but(self, name: str) -> None:
        """Kill the supervisor and everything that it started, but for one process."""
        process = self._running()
        others = [pid for child, pid in self.children().items() if child != name]
        for pid in (process.pid, *others):
            _kill(pid)
        self._ended(process)
        eventually(lambda: not any(map(_lives, others)), seconds=STOP_SECONDS, what="no other child lives on")

    def kill_child(self, name: str) -> None:
        """Kill one process (core, api-1, ...), and return when its successor is ready."""
        before = eventually(lambda: self.children().get(name), seconds=READY_SECONDS, what=f"{name} runs")
        _kill(before)
        eventually(
            lambda: self.children().get(name, before) != before and self._all_ready(),
            seconds=READY_SECONDS,
            what=f"{name} is ready again",
        )

    def restart(self) -> None:
        """End it gracefully and start it again."""
        assert self.stop() == 0
        self.start()

    def close(self) -> None:
        """End it if it runs, however it stands."""
        if self._process is not None:
            try:
                self.stop()
            except (AssertionError, subprocess.TimeoutExpired):
                self.kill()

    def client(self, token: str | None = None) -> Client:
        """Somebody who asks this server."""
        return Client(self, token)

    def children(self) -> dict[str, int]:
        """The processes that the supervisor runs now, by name."""
        assert self._process is not None
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
                words = (stat.parent / "cmdline").read_bytes().decode().split("\0")
            except (OSError, IndexError):
                continue
            if int(fields[1]) == self._process.pid and fields[0] != "Z":
                found[_name_of(words)] = int(stat.parent.name)
        return found

    def command(self, *words: str, sent: str = "", code: int = 0) -> str:
        """Run `whimbrel WORDS --data DIR` to its end, which must be `code`; returns what it printed."""
        done = subprocess.run(
            [*self.program, *words, "--data", str(self.data)],
            input=sent,
            capture_output=True,
            text=True,
            cwd=self.directory,
            env=self._environment,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == code, f"whimbrel {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def provide(self, names: Sequence[str], *, locked: Sequence[str] = ()) -> dict[str, str]:
        """Make accounts by `whimbrel provision`; returns the bearer token of each."""
        tokens = {name: f"token-of-{name}-{'x' * 16}" for name in names}
        document = {
            "accounts": [
                {"name": name, "email": f"{name}@mail.test", "profile": {"locked": name in locked}} for name in names
            ],
            "tokens": [{"account": name, "value": tokens[name], "scopes": SCOPES} for name in names],
        }
        file = self.data.parent / f"provision-{names[0]}.json"
        file.write_text(json.dumps(document))
        self.command("provision", str(file))
        return tokens

    def settle(self) -> None:
        """Wait until every view of every process has taken in everything that is durable."""
        client = self.client()
        try:
            eventually(
                lambda: _no_lag(client.get("/readyz")), seconds=SETTLE_SECONDS, what="all views stand at the head"
            )
        finally:
            client.close()

    def _await_ready_line(self) -> None:
        process = self._running()
        assert process.stdout is not None
        self.ready_line = line = process.stdout.readline()
        found = re.fullmatch(r"ready: (https?://\S+)(?: .*)?\n", line)
        assert found, f"instead of its ready line it said {line!r}; its log:\n{self.log.read_text()[-4000:]}"
        self.url = found[1]
        self._port = urlsplit(self.url).port or 0

    def _running(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "the server does not run"
        return self._process

    def _ended(self, process: "subprocess.Popen[str]") -> int:
        code = process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()
        self._process = None
        return code

    def _all_ready(self) -> bool:
        client = self.client()
        try:
            return client.get("/readyz").status == 200
        except (OSError, HTTPException):
            return False
        finally:
            client.close()


@contextmanager
def serving(data: Path, **wanted: Any) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(data, **wanted)
    try:
        yield server.start()
    finally:
        server.close()


def _no_lag(reply: Reply) -> bool:
    if reply.status != 200:
        return False
    processes = reply.json["processes"].values()
    views = [view for process in processes for view in process.get("views", {}).values()]
    return bool(views) and all(view["lag_events"] == 0 for view in views)


def _name_of(words: list[str]) -> str:
    if "--name" in words:
        return words[words.index("--name") + 1]
    return words[words.index("-m") + 1].rpartition(".")[2] if "-m" in words else words[0]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
