"""A whole server with its status page on, what can be done to it, and people who report: in real time."""

import http.client
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.ports import free_port
from tests.support.serving import ROOT, Server, eventually

ANSWER_SECONDS = 5.0
KINDS = ("website", "app", "website", "app", "website", "app", "other")
"""What people report, in turn: an outage has more than one kind, and none of these is about a part without a probe."""


class StatusPage:
    """The page as a program asks for it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str) -> tuple[int, str] | None:
        """Status and text; None where nobody answers."""
        address = urlsplit(self.url)
        assert address.hostname is not None
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def states(self) -> dict[str, str]:
        """The state of each part that was ever measured, by its name; empty where nobody answers."""
        return {one["name"]: one["status"] for one in self._told("summary", "components")}

    def incidents(self) -> list[dict[str, Any]]:
        """Open ones, newest first."""
        return self._told("summary", "incidents")

    def past(self) -> list[dict[str, Any]]:
        """All, newest first."""
        return self._told("incidents", "incidents")

    def is_well(self, *parts: str) -> bool:
        """Whether these parts are measured, and everything that is measured works."""
        states = self.states()
        return set(parts) <= set(states) and set(states.values()) == {"operational"}

    def _told(self, document: str, member: str) -> list[dict[str, Any]]:
        found = self.ask(f"/api/v2/{document}.json")
        if found is None or found[0] != 200:
            return []
        told: list[dict[str, Any]] = json.loads(found[1])[member]
        return told


MEASURED = ("Posting", "Home timeline", "Notifications", "Search and trends", "Streaming", "Sign-in", "Web", "API")


@contextmanager
def watched(data: Path, *, port: int = 0, **options: object) -> Iterator[tuple[Server, StatusPage]]:
    """A server and its page, once the canaries have been round; both keep their ports over restarts.

    `options` are those of the page, without `status_` before their names.
    """
    told = {"WHIMBREL_STATUS": "on", "WHIMBREL_STATUS_PORT": str(free_port())}
    told |= {f"WHIMBREL_STATUS_{name.upper()}": str(value) for name, value in options.items()}
    server = Server(data, options=told, port=port or free_port())
    survivors: dict[str, int] = {}
    try:
        server.start()
        page = StatusPage(server.ready_line.split()[-1])
        survivors = server.children()
        eventually(lambda: page.is_well(*MEASURED), seconds=60.0, what="the canaries have been round")
        yield server, page
    finally:
        server.close()
        _end(survivors.get("status"))


@contextmanager
def page_alone(data: Path, watch: str, *flags: str) -> Iterator[StatusPage]:
    """`whimbrel status serve` by itself, watching an address; the page."""
    command = [sys.executable, "-m", "whimbrel", "status", "serve", "--data", str(data), "--port", "0"]
    with subprocess.Popen(
        [*command, "--watch", watch, *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready: "), line
            yield StatusPage(line.split()[1])
        finally:
            process.terminate()
            process.wait(15)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that is stopped while the block runs: it holds its sockets and says nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Somebody holds the store's lock of writers while the block runs, as a shell with an open transaction does."""
    command = [sys.executable, "-m", "drill.holder", "writers", str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait(15)


def supervisor_of(server: Server) -> int:
    """The id of the process that starts the others."""
    child = next(iter(server.children().values()))
    return int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])


class Crowd:
    """People everywhere who report trouble, each from an address of 127.0.0.0/8 and a network of their own."""

    def __init__(self, page: StatusPage, *, every_seconds: float, hands: int = 1) -> None:
        self._address, self._every = urlsplit(page.url), every_seconds
        self._numbers = itertools.count(random.randrange(1 << 14))
        self._over = threading.Event()
        self._hands = [threading.Thread(target=self._report_on) for _ in range(hands)]
        self.answers: list[tuple[float, int]] = []
        """Of each report: when it was answered (Unix time), and the status; 0 for none."""

    def __enter__(self) -> "Crowd":
        for hand in self._hands:
            hand.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for hand in self._hands:
            hand.join()

    @property
    def taken(self) -> int:
        """How many reports were acknowledged."""
        return sum(1 for _, status in self.answers if status in (200, 201))

    def _report_on(self) -> None:
        while not self._over.is_set():
            status = self._report(next(self._numbers))
            self.answers.append((time.time(), status))
            self._over.wait(self._every)

    def _report(self, number: int) -> int:
        source = f"127.{1 + number // 250 % 250}.{number % 250}.{1 + number // 62_500 % 250}"
        assert self._address.hostname is not None
        connection = http.client.HTTPConnection(
            self._address.hostname, self._address.port, timeout=ANSWER_SECONDS, source_address=(source, 0)
        )
        try:
            body = json.dumps({"kind": KINDS[number % len(KINDS)]})
            connection.request("POST", "/api/reports", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def _end(pid: int | None) -> None:
    """End the status program of a server that was killed: it outlives it, and nobody else would."""
    if pid is None or not _is_ours(pid):
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    try:
        return b"whimbrel.status_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
