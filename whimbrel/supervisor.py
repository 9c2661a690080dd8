"""The process that the others are children of: starts them, starts them again, hands them the listening sockets.

Promises: one line `ready: URL` on standard output once everything answers; a child that dies is started again, at
once the first time; SIGTERM drains (the API processes and streaming first, then the core) and exits 0 within 10 s, a
second one exits at once; SIGHUP and the control page /restart replace every child, and at last this process itself by
exec, without a dropped request (reliability/replacing.py); no child outlives it but the status program, which
is there for that case and leaves when the next supervisor comes. It answers for the whole server on
`run/supervisor.sock`: /livez, /readyz and /metrics, merged from all, and /restarting. It has no other work, so there is
little in it that could fail. Standard library only.
"""

import errno
import fcntl
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from whimbrel.engines.sockets import listen_tcp
from whimbrel.kernel.limits import (
    API_DRAIN_SECONDS,
    CHILD_READY_POLL_SECONDS,
    CORE_DRAIN_SECONDS,
    LISTEN_BACKLOG,
    OPTIONAL_CHILD_READY_SECONDS,
    PORT_LEFT_SECONDS,
    STATUS_LEAVES_SECONDS,
)
from whimbrel.reliability import answering
from whimbrel.reliability.children import (
    LEAVE,
    LEAVING,
    MAIN,
    STATUS,
    STREAMING,
    WILL_NOT_START,
    Child,
    Command,
    Interpreter,
    of_this_process,
)
from whimbrel.reliability.control import ControlSocket, Reply, ask
from whimbrel.reliability.crew import Crew
from whimbrel.reliability.handover import Inheritance, become, heirs, inherited
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.replacing import REHEARSE, CannotReplace, Replacing, Restarting
from whimbrel.reliability.signals import Signals, has_terminal

_log = logging.getLogger("whimbrel.supervisor")

HANDED_DOWN: Final = "WHIMBREL_HANDED_DOWN"
"""The variable that carries the configuration to every process, as text (whimbrel.config writes and reads it)."""

_MODULE: Final = "whimbrel.supervisor"
_ALREADY_RUNNING: Final = 75
_CANNOT_LISTEN: Final = 71
_PORT_MAX: Final = 65_535


class Settings(NamedTuple):
    """What the supervisor itself needs to know; the rest of the configuration passes through it unread."""

    data: Path
    host: str
    ports: Mapping[str, int | None]
    scheme: str
    log_level: str
    commands: Sequence[Command]


def main() -> NoReturn:
    """Run the server that the handed-down configuration describes."""
    told = json.loads(os.environ[HANDED_DOWN])
    settings = Settings(
        data=Path(told["data"]),
        host=told["host"],
        ports={MAIN: told["port"], STREAMING: told["streaming_port"]}
        | ({STATUS: told["status_port"]} if told["status"] else {}),
        scheme="https" if told["tls_cert"] else "http",
        log_level=told["log_level"],
        commands=commands(told["api_processes"], status=told["status"]),
    )
    if REHEARSE in sys.argv:
        sys.exit(0)
    sys.exit(Supervisor(settings, inherited()).run())


def commands(api_processes: int, *, status: bool) -> list[Command]:
    """What a server consists of, in the order in which it is started and replaced.

    Modules and flags are what one version asks of the next: while one takes over, it starts the other's processes.
    """
    names = [f"api-{number}" for number in range(1, api_processes + 1)]
    return [
        Command("core", ["whimbrel.core"], stands_by=True),
        *[Command(name, ["whimbrel.api_process", "--name", name], listens=MAIN) for name in names],
        Command("streaming", ["whimbrel.streaming_process", "--name", "streaming"], listens=STREAMING, essential=False),
        *(
            [Command("status", ["whimbrel.status_process", "--name", "status"], listens=STATUS, essential=False)]
            if status
            else []
        ),
    ]


class Supervisor:
    """Looks after the children until it is told to stop. `left`: what it takes over from what this process was."""

    def __init__(self, settings: Settings, left: Inheritance | None = None) -> None:
        self._settings, self._left = settings, left
        self._run = settings.data / "run"
        self._interpreter = of_this_process()
        self._home = left.home if left else self._interpreter
        self._began = left.began if left else time.monotonic()
        self._patience_ends = self._began
        self._sockets: dict[str, socket.socket] = {}
        children = [Child(command, self._run, self._interpreter) for command in settings.commands]
        self._crew = Crew(children, dict(os.environ), self._sockets)
        self._said_ready = left is not None
        self._stopping = 0
        self._ended_by = ""
        self._exit_code = 0
        self._restarting = Restarting("done" if left else "idle")
        self._restarts = 1 if left else 0
        self._wanted: Interpreter | None = None
        self._asking = threading.Lock()
        self._in_terminal = has_terminal()
        self._signals = Signals(self._signalled)

    def run(self) -> int:
        """Serve until SIGTERM; returns the exit code."""
        log_as_json("supervisor", self._settings.log_level, self._settings.data)
        self._run.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self._take_lock()
        if lock is None:
            print(f"whimbrel: a server is already running on the data directory {self._settings.data}", file=sys.stderr)
            return _ALREADY_RUNNING
        self._lock = lock
        if self._left is None and (self._run / "supervisor.sock").exists():
            self._patience_ends = time.monotonic() + PORT_LEFT_SECONDS
        self._end_who_outlived()
        self._clear_away()
        if not self._listen():
            return _CANNOT_LISTEN
        self._adopt()
        with self._signals:
            self._control = ControlSocket(
                self._run / "supervisor.sock",
                {
                    "/livez": lambda: Reply(200, "text/plain", "ok\n"),
                    "/readyz": lambda: answering.readiness(list(self._crew.children)),
                    "/metrics": self._metrics,
                    "/restarting": self._how_it_restarts,
                },
                verbs={"/restart": self._restart},
                inherited=self._left.control if self._left else None,
            )
            try:
                self._look_after()
                _log.info("stopping", extra={"signal": self._ended_by} if self._ended_by else {})
                self._drain()
                _log.info("stopped", extra={"code": self._exit_code})
            finally:
                self._control.close()
                os.close(lock)
        return self._exit_code

    def _take_lock(self) -> int | None:
        if self._left:
            return self._left.lock
        handle = os.open(self._run / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def _listen(self) -> bool:
        handles = self._left.sockets if self._left else {}
        for name, port in self._settings.ports.items():
            try:
                self._sockets[name] = (
                    socket.socket(fileno=handles[name]) if name in handles else self._listener(name, port)
                )
            except OSError as error:
                print(f"whimbrel: {self._settings.host} port {port}: {error.strerror}", file=sys.stderr)
                return False
        # The children are told the numbers that were really taken: the option may be 0, for any.
        ports = {name: listener.getsockname()[1] for name, listener in self._sockets.items()}
        environment = self._crew.environment
        self._crew.environment = {**environment, HANDED_DOWN: json.dumps(json.loads(environment[HANDED_DOWN]) | ports)}
        return True

    def _listener(self, name: str, port: int | None) -> socket.socket:
        if port is not None:
            return self._bound(port)
        main = self._sockets[MAIN].getsockname()[1]
        wanted = main + 1 if self._settings.ports[MAIN] and main < _PORT_MAX else 0
        try:
            return self._bound(wanted)
        except OSError as error:
            _log.warning("another port is taken", extra={"for": name, "wanted": wanted, "error": error.strerror})
            return self._bound(0)

    def _bound(self, port: int) -> socket.socket:
        """A socket that listens there.

        A supervisor that was killed leaves its control socket, and may leave a child that had only just been started:
        until that has come far enough to notice, it holds the port that it was to listen on.
        """
        said = False
        while True:
            try:
                return listen_tcp(self._settings.host, port, backlog=LISTEN_BACKLOG)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > self._patience_ends:
                    raise
            if not said:
                _log.info("a port is waited for: the server before this one was killed", extra={"port": port})
                said = True
            time.sleep(CHILD_READY_POLL_SECONDS)

    def _end_who_outlived(self) -> None:
        """Have the status program of a supervisor that was killed leave: it went on, and holds its port."""
        path = self._run / "status.control.sock"
        if self._left is not None or not path.exists():
            return
        with suppress(OSError):  # nobody is there any more
            ask(path, LEAVE)
            ends = time.monotonic() + STATUS_LEAVES_SECONDS
            while path.exists() and time.monotonic() < ends:
                time.sleep(CHILD_READY_POLL_SECONDS)

    def _clear_away(self) -> None:
        """Remove what processes have left that a supervisor killed in the middle of a restart."""
        if self._left is None:
            for path in self._run.glob(f"*{LEAVING}"):
                path.unlink(missing_ok=True)

    def _adopt(self) -> None:
        if self._left is None:
            return
        ours = {child.name: child for child in self._crew.children}
        for heir in self._left.children:
            child = ours.get(heir.name)
            if child is None:  # a process that this version has no use for
                child = Child(Command(heir.name, ()), self._run, self._interpreter)
                self._crew.leaving.append(child)
            child.adopt(pid=heir.pid, starts=heir.starts, started=heir.started)
        for child in self._crew.leaving:
            child.send(signal.SIGTERM)
        _log.info("the supervisor was replaced", extra={"python": self._interpreter.path})

    def _look_after(self) -> None:
        steps: Iterator[None] = iter(())
        while not self._stopping:
            if wanted := self._wanted:
                self._wanted, steps = None, self._replace_everybody(wanted)
            next(steps, None)
            self._crew.start_what_is_due()
            self._crew.see_what_is_ready()
            self._say_ready()
            self._signals.wait(self._pause_seconds())
            self._crew.reap(self._died)

    def _signalled(self, number: int) -> None:
        if number == signal.SIGCHLD:
            return
        if number == signal.SIGHUP and not (self._in_terminal and not has_terminal()):
            self._want_restart(self._interpreter)
            return
        self._ended_by = self._ended_by or signal.Signals(number).name
        self._stopping += 1
        if self._stopping > 1:
            self._crew.kill(self._crew.everybody())
            os._exit(1)

    def _say_ready(self) -> None:
        if self._said_ready:
            return
        # What the server can do without is waited for, but not without end: posting and reading must not hang on it.
        patience_ends = self._began + OPTIONAL_CHILD_READY_SECONDS
        self._said_ready = all(
            child.ready or (not child.command.essential and time.monotonic() > patience_ends)
            for child in self._crew.children
        )
        if self._said_ready:
            status = f" status: {self._address(STATUS)}" if STATUS in self._sockets else ""
            try:
                os.write(sys.stdout.fileno(), f"ready: {self._address(MAIN)}{status}\n".encode())
            except OSError as error:  # who started the server reads no more, or the line's file is on a full disk
                _log.warning("the ready line could not be written", extra={"error": error.strerror})

    def _address(self, name: str) -> str:
        host, port = self._sockets[name].getsockname()[:2]
        return f"{self._settings.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def _pause_seconds(self) -> float | None:
        if self._wanted:
            return 0.0
        pauses = [self._crew.pause_seconds()]
        if not self._said_ready:
            pauses.append(max(0.0, self._began + OPTIONAL_CHILD_READY_SECONDS - time.monotonic()))
        if self._restarting.state == "running":
            pauses.append(CHILD_READY_POLL_SECONDS)
        return min((pause for pause in pauses if pause is not None), default=None)

    def _died(self, child: Child, code: int, pause_seconds: float) -> None:
        if self._stopping:
            return
        if code == WILL_NOT_START and child.command.essential and not self._said_ready:
            self._exit_code, self._stopping = WILL_NOT_START, 1
            return
        _log.error("a process died", extra={"child": child.name, "code": code, "again_in_seconds": pause_seconds})

    def _want_restart(self, interpreter: Interpreter) -> bool:
        # Asked by a signal in the main thread or by the control thread: the one that comes first has it.
        if not self._said_ready or not self._asking.acquire(blocking=False):
            return False
        try:
            if self._restarting.state == "running":
                return False
            self._restarting = Restarting("running", "supervisor: asked to restart")
            self._restarts += 1
            self._wanted = interpreter
        finally:
            self._asking.release()
        self._signals.wake()
        return True

    def _replace_everybody(self, to: Interpreter) -> Iterator[None]:
        replacing = Replacing(self._crew, to, self._tell)
        try:
            yield from replacing.steps()
            self._tell(f"supervisor: becoming that of {to.path}")
            try:
                self._become(to)
            except OSError as error:
                more = yield from replacing.put_back()
                raise CannotReplace(f"supervisor: {to.path}: {error.strerror}{more}") from error
        except CannotReplace as error:
            _log.error("the restart failed", extra={"why": str(error)})
            self._restarting = Restarting("failed", self._restarting.step, str(error))

    def _tell(self, step: str) -> None:
        _log.info("restarting", extra={"step": step})
        self._restarting = Restarting("running", step)

    def _become(self, to: Interpreter) -> None:
        """Take up no question and no signal from here on: they wait for what this process is then."""
        self._signals.keep_out()
        if self._stopping:
            self._signals.let_in()
            return
        left = Inheritance(
            lock=self._lock,
            control=self._control.hold(),
            sockets={name: listener.fileno() for name, listener in self._sockets.items()},
            children=heirs(self._crew.children),
            began=self._began,
            home=self._home,
        )
        try:
            become(to, _MODULE, self._crew.environment, left)
        finally:
            self._control.go_on()
            self._signals.let_in()

    def _drain(self) -> None:
        """Let the processes that others talk to finish what they have begun, then the core."""
        for listener in self._sockets.values():
            listener.close()
        crew = self._crew
        if crew.coming:
            crew.kill([crew.coming])
        others = [child for child in crew.children if not child.command.stands_by]
        self._end([*others, *[child for child in crew.leaving if not child.command.stands_by]], API_DRAIN_SECONDS)
        self._end([child for child in crew.everybody() if child.command.stands_by], CORE_DRAIN_SECONDS)

    def _end(self, children: Sequence[Child], seconds: float) -> None:
        for child in children:
            child.send(signal.SIGTERM)
        ends = time.monotonic() + seconds
        while any(child.pid for child in children) and (left := ends - time.monotonic()) > 0:
            self._signals.wait(left)
            self._crew.reap(self._died)
        for child in children:
            if child.pid is not None:
                _log.error("a process did not end in time and was killed", extra={"child": child.name})
                child.send(signal.SIGKILL)

    def _metrics(self) -> Reply:
        restarting = self._restarting.state == "running"
        children = list(self._crew.children)
        return answering.metrics(children, began=self._began, restarting=restarting, restarts=self._restarts)

    def _restart(self, query: Mapping[str, str]) -> Reply:
        path = query.get("python", self._interpreter.path)
        if not os.path.isabs(path) or not os.access(path, os.X_OK):
            return Reply(400, "text/plain", f"{path}: no program that could be started; an absolute path is wanted\n")
        if not self._said_ready:
            return Reply(409, "text/plain", "the server is still starting\n")
        if not self._want_restart(self._installation(path) if "python" in query else self._interpreter):
            return Reply(409, "text/plain", "a restart is under way\n")
        return self._how_it_restarts(202)

    def _installation(self, path: str) -> Interpreter:
        """Where the server was started from, the way it was; any other one must find the program by itself."""
        return self._home if path == self._home.path else Interpreter(path, True, None)

    def _how_it_restarts(self, status: int = 200) -> Reply:
        return Reply(status, "application/json", json.dumps(self._restarting._asdict()))


if __name__ == "__main__":
    main()
