"""The process that the others are children of: starts them, starts them again, hands them the listening socket.

Promises: one line `ready: URL` on standard output once everything answers; a child that dies is started again, at
once the first time; SIGTERM drains (the API processes first, then the core) and exits 0 within 10 s, a second one
exits at once; no child outlives it. It answers for the whole server on `run/supervisor.sock`: /livez, /readyz and
/metrics, merged from all. It has no other work, so there is little in it that could fail. Standard library only.
"""

import fcntl
import json
import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple, NoReturn

from whimbrel.kernel.limits import (
    API_DRAIN_SECONDS,
    CHILD_READY_POLL_SECONDS,
    CORE_DRAIN_SECONDS,
    LISTEN_BACKLOG,
    OPTIONAL_CHILD_READY_SECONDS,
)
from whimbrel.reliability.children import MAIN, STREAMING, WILL_NOT_START, Child, Command
from whimbrel.reliability.control import ControlSocket, Reply
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.metrics import Family, Sample, exposition, merge

_log = logging.getLogger("whimbrel.supervisor")

HANDED_DOWN: Final = "WHIMBREL_HANDED_DOWN"
"""The variable that carries the configuration to every process, as text (whimbrel.config writes and reads it)."""

_ALREADY_RUNNING: Final = 75
_CANNOT_LISTEN: Final = 71


class Settings(NamedTuple):
    """What the supervisor itself needs to know; the rest of the configuration passes through it unread."""

    data: Path
    host: str
    ports: Mapping[str, int]
    scheme: str
    log_level: str
    commands: Sequence[Command]


def main() -> NoReturn:
    """Run the server that the handed-down configuration describes."""
    told = json.loads(os.environ[HANDED_DOWN])
    settings = Settings(
        data=Path(told["data"]),
        host=told["host"],
        ports={MAIN: told["port"], STREAMING: told["streaming_port"]},
        scheme="https" if told["tls_cert"] else "http",
        log_level=told["log_level"],
        commands=commands(told["api_processes"]),
    )
    sys.exit(Supervisor(settings).run())


def commands(api_processes: int) -> list[Command]:
    """What a server consists of, in the order in which it is started; it is stopped in the reverse."""
    python = [sys.executable, "-m"]
    names = [f"api-{number}" for number in range(1, api_processes + 1)]
    return [
        Command("core", [*python, "whimbrel.core"]),
        *[Command(name, [*python, "whimbrel.api_process", "--name", name], listens=MAIN) for name in names],
    ]


class Supervisor:
    """Looks after the children until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._run = settings.data / "run"
        self._children = [Child(command, self._run / f"{command.name}.control.sock") for command in settings.commands]
        self._environment = dict(os.environ)
        self._sockets: dict[str, socket.socket] = {}
        self._began = time.monotonic()
        self._said_ready = False
        self._signals = 0
        self._exit_code = 0

    def run(self) -> int:
        """Serve until SIGTERM; returns the exit code."""
        log_as_json("supervisor", self._settings.log_level)
        self._run.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._lock()
        if lock is None:
            print(f"whimbrel: a server is already running on the data directory {self._settings.data}", file=sys.stderr)
            return _ALREADY_RUNNING
        for name, port in self._settings.ports.items():
            try:
                self._sockets[name] = _listen(self._settings.host, port)
            except OSError as error:
                print(f"whimbrel: {self._settings.host} port {port}: {error.strerror}", file=sys.stderr)
                return _CANNOT_LISTEN
        self._hand_down_ports()
        control = ControlSocket(
            self._run / "supervisor.sock",
            {"/livez": lambda: Reply(200, "text/plain", "ok\n"), "/readyz": self._readiness, "/metrics": self._metrics},
        )
        try:
            with _Signals(self._signalled) as signals:
                self._look_after(signals)
                self._drain(signals)
        finally:
            control.close()
            os.close(lock)
        return self._exit_code

    def _lock(self) -> int | None:
        handle = os.open(self._run / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def _hand_down_ports(self) -> None:
        """Tell the children the numbers that were really taken: the option may be 0, for any."""
        ports = {name: listener.getsockname()[1] for name, listener in self._sockets.items()}
        self._environment[HANDED_DOWN] = json.dumps(json.loads(self._environment[HANDED_DOWN]) | ports)

    def _look_after(self, signals: "_Signals") -> None:
        while not self._signals:
            self._start_what_is_due()
            self._see_what_is_ready()
            signals.wait(self._pause_seconds())
            self._reap()

    def _signalled(self, number: int) -> None:
        if number == signal.SIGCHLD:
            return
        self._signals += 1
        if self._signals > 1:
            for child in self._children:
                child.send(signal.SIGKILL)
            os._exit(1)

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and child.due <= now:
                child.start(self._environment, self._sockets)
                _log.info("a process was started", extra={"child": child.name, "pid": child.pid, "start": child.starts})

    def _see_what_is_ready(self) -> None:
        for child in self._children:
            if child.pid is not None and not child.ready and child.ask("/readyz").status == 200:
                child.ready = True
                seconds = round(time.monotonic() - child.started, 3)
                _log.info("a process is ready", extra={"child": child.name, "seconds": seconds})
        if not self._said_ready and self._may_say_ready():
            self._said_ready = True
            print(f"ready: {self._address()}", flush=True)

    def _may_say_ready(self) -> bool:
        # What the server can do without is waited for, but not without end: posting and reading must not hang on it.
        patience_ends = self._began + OPTIONAL_CHILD_READY_SECONDS
        return all(
            child.ready or (not child.command.essential and time.monotonic() > patience_ends)
            for child in self._children
        )

    def _address(self) -> str:
        host, port = self._sockets[MAIN].getsockname()[:2]
        return (
            f"{self._settings.scheme}://[{host}]:{port}" if ":" in host else f"{self._settings.scheme}://{host}:{port}"
        )

    def _pause_seconds(self) -> float | None:
        if any(child.pid is not None and not child.ready for child in self._children):
            return CHILD_READY_POLL_SECONDS
        due = [child.due for child in self._children if child.pid is None]
        if not self._said_ready:
            due.append(self._began + OPTIONAL_CHILD_READY_SECONDS)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _reap(self) -> None:
        for child in self._children:
            if child.pid is None:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._ended(child, os.waitstatus_to_exitcode(status))

    def _ended(self, child: Child, code: int) -> None:
        pause = child.ended()
        if self._signals:
            return
        if code == WILL_NOT_START and child.command.essential and not self._said_ready:
            self._exit_code, self._signals = WILL_NOT_START, 1
            return
        _log.error("a process died", extra={"child": child.name, "code": code, "again_in_seconds": pause})

    def _drain(self, signals: "_Signals") -> None:
        """Let the API processes finish what they have begun, then the core."""
        for listener in self._sockets.values():
            listener.close()
        self._end(self._children[1:], signals, API_DRAIN_SECONDS)
        self._end(self._children[:1], signals, CORE_DRAIN_SECONDS)

    def _end(self, children: Sequence[Child], signals: "_Signals", seconds: float) -> None:
        for child in children:
            child.send(signal.SIGTERM)
        ends = time.monotonic() + seconds
        while any(child.pid for child in children) and (left := ends - time.monotonic()) > 0:
            signals.wait(left)
            self._reap()
        for child in children:
            if child.pid is not None:
                _log.error("a process did not end in time and was killed", extra={"child": child.name})
                child.send(signal.SIGKILL)

    def _ask_all(self, page: str) -> dict[str, Reply]:
        """Every child's answer, asked at the same time so that one which hangs does not delay the others."""
        replies: dict[str, Reply] = {}

        def ask(child: Child) -> None:
            replies[child.name] = child.ask(page)

        threads = [threading.Thread(target=ask, args=(child,)) for child in self._children]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {child.name: replies[child.name] for child in self._children}

    def _readiness(self) -> Reply:
        replies = self._ask_all("/readyz")
        processes = {
            name: json.loads(reply.text) if reply.kind == "application/json" else {"ready": False, "why": reply.text}
            for name, reply in replies.items()
        }
        ready = all(reply.status == 200 for reply in replies.values())
        document = {"ready": ready, "processes": {"supervisor": {"ready": True}, **processes}}
        return Reply(200 if ready else 503, "application/json", json.dumps(document))

    def _metrics(self) -> Reply:
        texts = {name: reply.text for name, reply in self._ask_all("/metrics").items() if reply.status == 200}
        return Reply(200, "text/plain; version=0.0.4", merge({"supervisor": exposition(self._families()), **texts}))

    def _families(self) -> list[Family]:
        starts = [Sample(child.starts, {"child": child.name}) for child in self._children]
        ready = [Sample(int(child.ready), {"child": child.name}) for child in self._children]
        seconds = time.monotonic() - self._began
        return [
            Family("whimbrel_child_starts_total", "counter", "How often a process was started.", starts),
            Family("whimbrel_child_ready", "gauge", "Whether a process runs and was ready.", ready),
            Family("whimbrel_uptime_seconds", "gauge", "Since the supervisor began.", [Sample(seconds, {})]),
        ]


class _Signals:
    """Makes signals wake a wait. A handler only notes; what follows happens in the loop."""

    def __init__(self, note: Callable[[int], None]) -> None:
        self._note = note
        self._selector = selectors.DefaultSelector()
        self._in, self._out = socket.socketpair()

    def __enter__(self) -> "_Signals":
        self._in.setblocking(False)
        self._out.setblocking(False)
        self._selector.register(self._out, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._in.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._in.close()
        self._out.close()

    def wait(self, seconds: float | None) -> None:
        """Return at the next signal, or after `seconds`."""
        if self._selector.select(seconds):
            self._out.recv(4_096)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._note(number)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(LISTEN_BACKLOG)
    # Kept away from the number under which the children find it: dup2 onto itself would leave it closed for them.
    kept = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD_CLOEXEC, 10)
    listener.close()
    return socket.socket(fileno=kept)


if __name__ == "__main__":
    main()
