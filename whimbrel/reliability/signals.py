"""Signals that wake a wait: a handler only notes, and what follows happens in the loop. Standard library only."""

import os
import selectors
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

_HANDLED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_TERMINAL: Final = "/dev/tty"


class Signals:
    """Hands every signal to `note`, in the main thread, and ends the wait that is under way."""

    def __init__(self, note: Callable[[int], None]) -> None:
        self._note = note
        self._selector = selectors.DefaultSelector()
        self._in, self._out = socket.socketpair()

    def __enter__(self) -> "Signals":
        self._in.setblocking(False)
        self._out.setblocking(False)
        self._selector.register(self._out, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._in.fileno(), warn_on_full_buffer=False)
        for number in _HANDLED:
            signal.signal(number, self._handle)
        self.let_in()
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._in.close()
        self._out.close()

    def wait(self, seconds: float | None) -> None:
        """Return at the next signal or `wake`, or after `seconds`."""
        if self._selector.select(seconds):
            self._out.recv(4_096)

    def wake(self) -> None:
        """End the wait that is under way. Safe from any thread."""
        with suppress(BlockingIOError):  # then there is enough to wake it
            self._in.send(b"\0")

    def keep_out(self) -> None:
        """Have the system keep signals back, also for the program that this process becomes, until it lets them in."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)

    def let_in(self) -> None:
        """Take signals, those that were kept back first."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._note(number)


def has_terminal() -> bool:
    """Whether this process stands in a terminal that is still there: one that closes sends SIGHUP, too."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
