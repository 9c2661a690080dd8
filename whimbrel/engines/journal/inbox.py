"""The inbox of the core's loop: what other threads of the core hand to it, and the bell that wakes it for that.

Promises: whatever was handed over before `close` is done or answered with an error; afterwards nothing is taken.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, TypeVar

from whimbrel.kernel.errors import JournalUnavailable
from whimbrel.kernel.events import Group, Outcome

T = TypeVar("T")

BUSY: Final = "The server has more to write than it can take right now. Nothing was done; try again in a moment."


class Submitted(NamedTuple):
    """A group that a thread of this process wants appended."""

    group: Group
    future: "Future[Outcome]"


class Inbox:
    """`submit`, `call`, `tell_store_moved` and `ring` are for any thread, everything else is for the loop's own."""

    def __init__(self) -> None:
        self._clapper, self.bell = socket.socketpair()
        self._clapper.setblocking(False)
        self.bell.setblocking(False)
        self._submitted: deque[Submitted] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._handing_over = threading.Lock()
        self._store_moved = self._closed = False

    def submit(self, group: Group) -> "Future[Outcome]":
        """Have a group appended. Raises JournalUnavailable once the loop takes nothing any more."""
        future: Future[Outcome] = Future()
        with self._open():
            self._submitted.append(Submitted(group, future))
        return future

    def call(self, work: Callable[[], T]) -> "Future[T]":
        """Have something done between two batches. Raises JournalUnavailable once the loop takes nothing any more."""
        future: Future[T] = Future()

        def done() -> None:
            try:
                future.set_result(work())
            except JournalUnavailable as error:
                future.set_exception(error)

        with self._open():
            self._calls.append(done)
        return future

    def tell_store_moved(self) -> None:
        """Say that the store stands elsewhere; notices are merged."""
        with self._handing_over:
            if not self._store_moved and not self._closed:
                self._store_moved = True
                self.ring()

    def ring(self) -> None:
        """Wake the loop. Raises OSError when its inbox is closed."""
        with suppress(BlockingIOError):  # then the loop has wake-ups enough to read
            self._clapper.send(b"\0")

    def hush(self) -> None:
        """The loop is awake: what rang is to be looked at from here on."""
        with suppress(BlockingIOError):
            self.bell.recv(4_096)

    def submitted(self) -> Iterator[Submitted]:
        """Take out what is to be appended."""
        while self._submitted:
            yield self._submitted.popleft()

    def do_calls(self) -> None:
        """Do what is to be done between two batches."""
        while self._calls:
            self._calls.popleft()()

    def store_has_moved(self) -> bool:
        """Whether it has since this was asked last."""
        moved, self._store_moved = self._store_moved, False
        return moved

    def close(self) -> None:
        """Take nothing any more, and answer what is left."""
        with self._handing_over:
            self._closed = True
        for _, future in self._submitted:
            future.set_exception(_stopped())
        self.do_calls()
        self._clapper.close()
        self.bell.close()

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._handing_over:
            if self._closed:
                raise _stopped()
            yield
            self.ring()


def _stopped() -> JournalUnavailable:
    return JournalUnavailable(BUSY, log="the core has stopped")
