"""One child of the supervisor: how it is started, when it is started again, how a child dies with its parent.

Standard library only. `posix_spawn` rather than `subprocess`: it costs the supervisor 2 MB less, and there is nothing
else here that subprocess would do for us.
"""

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from whimbrel.engines.sockets import Identity, identity_of, remove_if_ours
from whimbrel.kernel.limits import (
    CHILD_BACK_OFF_SECONDS_MAX,
    CHILD_BACK_OFF_SECONDS_MIN,
    CHILD_STEADY_SECONDS,
)
from whimbrel.reliability.control import Reply, ask

LISTEN_HANDLE: Final = 3
"""The file descriptor under which a process that listens finds its socket."""

MAIN: Final = "port"
STREAMING: Final = "streaming_port"
STATUS: Final = "status_port"
"""The listening sockets, each called as the option that says where it listens."""

WILL_NOT_START: Final = 78
"""Exit code of a child that cannot work however often it is started (EX_CONFIG of sysexits.h)."""

LEAVE: Final = "/leave"
"""The control page that has a status program end which has outlived its supervisor."""

RETIRE: Final = signal.SIGUSR1
"""Tells a process that its successor is there: to leave without haste, so that nobody who is with it notices."""

LEAVING: Final = ".leaving.sock"
"""What a control socket is called, behind the process's name, once that has left its place to a successor."""

ON_STANDBY: Final = "/standby"
"""The control page that a core answers while it waits for its predecessor to retire."""

_PR_SET_PDEATHSIG: Final = 1
_PYTHONPATH: Final = "PYTHONPATH"


class Interpreter(NamedTuple):
    """Of which installation a process is: its Python, and where that finds the program.

    `isolated`: it looks nowhere but in its own installation, not in the current directory either.
    """

    path: str
    isolated: bool
    python_path: str | None

    def words(self, arguments: Sequence[str]) -> list[str]:
        """The command line that runs a module of this installation."""
        return [self.path, *(["-P"] if self.isolated else []), "-m", *arguments]

    def environment(self, ours: Mapping[str, str]) -> dict[str, str]:
        """The variables for a process of this installation, made of our own."""
        others = {name: value for name, value in ours.items() if name != _PYTHONPATH}
        return others if self.python_path is None else others | {_PYTHONPATH: self.python_path}


def of_this_process() -> Interpreter:
    """The installation that this process is of.

    Isolated wherever the program is found without the current directory: a server that was started from within a
    checkout ran its children from there, whatever was installed. The first entry of the path is that directory, or
    the script's; where only that leads to the program, it must go on leading there.
    """
    installed = str(Path(__file__).resolve().parents[2]) in map(os.path.realpath, sys.path[1:])
    return Interpreter(sys.executable, sys.flags.safe_path or installed, os.environ.get(_PYTHONPATH))


class Command(NamedTuple):
    """What to run: a module and its flags. `listens`: which listening socket to hand it as LISTEN_HANDLE, if any.

    The server is not there without what is `essential`; for the rest its ready line does not wait without end. What
    `stands_by` cannot serve beside its predecessor: it waits for it to retire. `farewell` has it leave to a successor.
    """

    name: str
    arguments: Sequence[str]
    listens: str = ""
    essential: bool = True
    stands_by: bool = False
    farewell: int = RETIRE


class Child:
    """A process that is to be there. Times are of the monotonic clock, in seconds."""

    def __init__(self, command: Command, run: Path, interpreter: Interpreter) -> None:
        self.command, self.run, self.interpreter = command, run, interpreter
        self.pid: int | None = None
        self.code: int | None = None
        """What it ended with, once it has."""
        self.ready = False
        self.starts = 0
        """How often this process, and those before it of the same name, were started."""
        self.started = 0.0
        self.due = 0.0
        """When to start it next, while it is not running."""
        self._failures = 0
        self._control = run / f"{command.name}.control.sock"
        self._aside: Identity | None = None

    @property
    def name(self) -> str:
        """What people and metrics call it."""
        return self.command.name

    def start(
        self, environment: Mapping[str, str], sockets: Mapping[str, socket.socket], *, standby: bool = False
    ) -> None:
        """Start it; `sockets` are the listening ones. Its standard input is empty, its standard output our error."""
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),
        ]
        if self.command.listens:
            actions.append((os.POSIX_SPAWN_DUP2, sockets[self.command.listens].fileno(), LISTEN_HANDLE))
        flags = ["--parent", str(os.getpid()), *(["--standby"] if standby else [])]
        arguments = self.interpreter.words([*self.command.arguments, *flags])
        variables = self.interpreter.environment(environment)
        self.pid = os.posix_spawn(arguments[0], arguments, variables, file_actions=actions)
        self.starts += 1
        self.started, self.ready, self.code = time.monotonic(), False, None

    def adopt(self, *, pid: int, starts: int, started: float) -> None:
        """Look after a process that was started already, by what this process was before it became the supervisor."""
        self.pid, self.starts, self.started = pid, starts, started

    def successor(self, interpreter: Interpreter) -> "Child":
        """The one that is to take its place. What it goes through on the way is no failure of either."""
        successor = Child(self.command, self.run, interpreter)
        successor.starts = self.starts
        return successor

    def step_aside(self) -> None:
        """Leave the name of the control socket to the successor, and be asked by another."""
        self._rename_control(f"{self.name}{LEAVING}")
        self._aside = identity_of(self._control)

    def step_back(self) -> None:
        """Take the name of the control socket again, because the successor failed."""
        self._rename_control(f"{self.name}.control.sock")
        self._aside = None

    def ended(self, code: int) -> float:
        """Note that it has ended; returns the pause before its next start: none the first time, then longer."""
        # It knows its socket by the name from before it stepped aside, and would leave it.
        remove_if_ours(self._control, self._aside)
        now = time.monotonic()
        self.pid, self.ready, self.code = None, False, code
        self._failures = 1 if now - self.started > CHILD_STEADY_SECONDS else self._failures + 1
        exponent = min(self._failures - 2, 16)
        pause = 0.0 if exponent < 0 else min(CHILD_BACK_OFF_SECONDS_MIN * 2**exponent, CHILD_BACK_OFF_SECONDS_MAX)
        self.due = now + pause
        return pause

    def send(self, signal_number: int) -> None:
        """Signal it, if it runs. It is not reaped elsewhere, so its id is still its own."""
        if self.pid is not None:
            os.kill(self.pid, signal_number)

    def ask(self, page: str) -> Reply:
        """Ask it for a page of its control socket; a child that does not answer is a 503 with the reason."""
        try:
            return ask(self._control, page)
        except OSError as error:
            return Reply(503, "text/plain", f"{type(error).__name__}: {error}")

    def has_spoken(self) -> bool:
        """Whether it has come as far as having a control socket."""
        return self._control.exists()

    def _rename_control(self, name: str) -> None:
        before, self._control = self._control, self.run / name
        with suppress(FileNotFoundError):  # it has ended, and is asked no more
            before.rename(self._control)


def die_with_parent(parent: int) -> None:
    """Have the system kill this process when its parent ends, however that ends (Linux).

    Called first thing by a child, with the parent's process id as the parent knew it. SIGKILL rather than a polite
    signal: a supervisor that is started again at once must find the journal's lock free, and nothing here needs
    more than what a crash leaves.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the supervisor ended before this process had begun")


def leave_the_terminal_to_the_supervisor() -> None:
    """Ignore what a terminal sends to all processes at once: the supervisor alone decides what it means."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
