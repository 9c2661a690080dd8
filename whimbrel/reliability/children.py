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
from pathlib import Path
from typing import Final, NamedTuple

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
"""The listening sockets, each called as the option that says where it listens."""

WILL_NOT_START: Final = 78
"""Exit code of a child that cannot work however often it is started (EX_CONFIG of sysexits.h)."""

RETIRE: Final = signal.SIGUSR1
"""Tells a process that its successor is there: to leave without haste, so that nobody who is with it notices."""

ON_STANDBY: Final = "/standby"
"""The control page that a core answers while it waits for its predecessor to retire."""

_PR_SET_PDEATHSIG: Final = 1


class Command(NamedTuple):
    """What to run. `listens`: which listening socket to hand it as LISTEN_HANDLE; empty: none.

    The server is not there without what is `essential`; for the rest its ready line does not wait without end.
    """

    name: str
    arguments: Sequence[str]
    listens: str = ""
    essential: bool = True


class Child:
    """A process that is to be there. Times are of the monotonic clock, in seconds."""

    def __init__(self, command: Command, control: Path) -> None:
        self.command, self._control = command, control
        self.pid: int | None = None
        self.ready = False
        self.starts = 0
        self.started = 0.0
        self.due = 0.0
        """When to start it next, while it is not running."""
        self._failures = 0

    @property
    def name(self) -> str:
        """What people and metrics call it."""
        return self.command.name

    def start(self, environment: Mapping[str, str], sockets: Mapping[str, socket.socket]) -> None:
        """Start it; `sockets` are the listening ones. Its standard input is empty, its standard output our error."""
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),
        ]
        if self.command.listens:
            actions.append((os.POSIX_SPAWN_DUP2, sockets[self.command.listens].fileno(), LISTEN_HANDLE))
        arguments = [*self.command.arguments, "--parent", str(os.getpid())]
        self.pid = os.posix_spawn(arguments[0], arguments, environment, file_actions=actions)
        self.starts += 1
        self.started, self.ready = time.monotonic(), False

    def ended(self) -> float:
        """Note that it has ended; returns the pause before its next start: none the first time, then longer."""
        now = time.monotonic()
        self.pid, self.ready = None, False
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
