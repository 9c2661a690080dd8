"""A rolling restart: each child is replaced by a successor, one after the other, while the server serves.

Promises: a predecessor is told to leave only when its successor is ready (the core's: loaded, and waiting for the
journal). A successor that dies, or is not ready in time, is ended, its predecessor stays, and what was replaced
before it is put back to the installation that it was of. A step is a generator: it yields whenever there is nothing
to do but wait, and the supervisor's loop, which goes on with everything else meanwhile, comes back to it.

Order: the core first, because it must understand what all others write, then the rest in the order of their start.
Standard library only.
"""

import logging
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from whimbrel.kernel.limits import (
    API_DRAIN_SECONDS,
    API_MOVE_SECONDS,
    CORE_RETIRE_SECONDS,
    SUCCESSOR_READY_SECONDS,
    SUCCESSOR_SIGN_SECONDS,
)
from whimbrel.reliability.children import ON_STANDBY, Child, Command, Interpreter
from whimbrel.reliability.crew import Crew

_log = logging.getLogger(__name__)

REHEARSE: Final = "--rehearse"
"""Has the supervisor's program read what it would be told, and end: can this installation take over at all?"""

_LEAVE_SECONDS: Final = API_MOVE_SECONDS + API_DRAIN_SECONDS


class Restarting(NamedTuple):
    """How the newest restart stands: what the control page /restarting says."""

    state: Literal["idle", "running", "done", "failed"]
    step: str = ""
    error: str = ""


class CannotReplace(Exception):
    """A successor could not take over: the text says which and why."""


class Replacing:
    """Replaces everybody in `crew` by processes of the installation `to`; `tell` hears of each step."""

    def __init__(self, crew: Crew, to: Interpreter, tell: Callable[[str], None]) -> None:
        self._crew, self._to, self._tell = crew, to, tell
        self._former = {child.name: child.interpreter for child in crew.children}

    def steps(self) -> Iterator[None]:
        """Do it. Raises CannotReplace, when everything is as it was as far as it can be."""
        replaced: list[str] = []
        try:
            yield from self._rehearse()
            for name in self._former:
                yield from self._replace(name, self._to)
                replaced.append(name)
        except CannotReplace as failure:
            more = yield from self.put_back(replaced)
            raise CannotReplace(f"{failure}{more}") from failure

    def put_back(self, replaced: Sequence[str] | None = None) -> Generator[None, None, str]:
        """Replace these (by default: all) again by what they were; returns what to say of those that cannot be."""
        more = ""
        for name in reversed(replaced if replaced is not None else list(self._former)):
            if self._former[name] == self._to:
                continue
            try:
                yield from self._replace(name, self._former[name])
            except CannotReplace as again:
                more += f"; it could not be put back: {again}"
        return more

    def _rehearse(self) -> Iterator[None]:
        self._tell("supervisor: rehearsing")
        command = Command("supervisor", ["whimbrel.supervisor", REHEARSE])
        rehearsal = self._crew.coming = Child(command, self._crew.children[0].run, self._to)
        self._start(rehearsal)
        ends = time.monotonic() + SUCCESSOR_SIGN_SECONDS
        while rehearsal.pid is not None and time.monotonic() < ends:
            yield
        if rehearsal.pid is not None:
            yield from self._end(rehearsal)
            raise CannotReplace(f"{self._to.path} did not end its rehearsal within {SUCCESSOR_SIGN_SECONDS:g} s")
        self._crew.coming = None
        if rehearsal.code:
            raise CannotReplace(f"{self._to.path} cannot run the supervisor: it ended with code {rehearsal.code}")

    def _replace(self, name: str, to: Interpreter) -> Iterator[None]:
        predecessor = next(child for child in self._crew.children if child.name == name)
        successor = predecessor.successor(to)
        predecessor.step_aside()
        self._crew.coming = successor
        try:
            self._tell(f"{name}: its successor starts")
            self._start(successor)
            yield from self._until_it_can_take_over(successor)
        except CannotReplace:
            yield from self._end(successor)
            predecessor.starts = successor.starts
            predecessor.step_back()
            raise
        self._tell(f"{name}: the predecessor leaves")
        self._crew.take_place(successor)
        predecessor.send(predecessor.command.farewell)
        yield from self._until_gone(predecessor)
        yield from self._until_ready(successor, predecessor)

    def _start(self, child: Child) -> None:
        try:
            self._crew.start(child, standby=child.command.stands_by)
        except OSError as error:
            raise CannotReplace(f"{child.name}: {child.interpreter.path}: {error.strerror}") from error

    def _until_it_can_take_over(self, successor: Child) -> Iterator[None]:
        began = time.monotonic()
        while not (_stands_by(successor) if successor.command.stands_by else successor.ready):
            seconds = time.monotonic() - began
            if successor.pid is None:
                raise CannotReplace(f"{successor.name}: its successor ended with code {successor.code}")
            if seconds > SUCCESSOR_SIGN_SECONDS and not successor.has_spoken():
                limit = f"{SUCCESSOR_SIGN_SECONDS:g} s"
                raise CannotReplace(f"{successor.name}: its successor gave no sign of life within {limit}")
            if seconds > SUCCESSOR_READY_SECONDS:
                raise CannotReplace(_late(successor))
            yield

    def _until_gone(self, predecessor: Child) -> Iterator[None]:
        limit_seconds = CORE_RETIRE_SECONDS if predecessor.command.stands_by else _LEAVE_SECONDS
        ends = time.monotonic() + limit_seconds
        while predecessor.pid is not None and time.monotonic() < ends:
            yield
        if predecessor.pid is not None:
            _log.error("a process did not leave in time and was killed", extra={"child": predecessor.name})
            yield from self._end(predecessor)

    def _until_ready(self, successor: Child, predecessor: Child) -> Iterator[None]:
        """Only who stood by is not ready yet. Should it fail now, another of the former installation comes."""
        ends = time.monotonic() + SUCCESSOR_READY_SECONDS
        while not successor.ready:
            if successor.pid is None or time.monotonic() > ends:
                text = _late(successor) if successor.pid else f"{successor.name} ended with code {successor.code}"
                again = successor.successor(predecessor.interpreter)
                self._crew.take_place(again)
                yield from self._end(successor)
                raise CannotReplace(text)
            yield

    def _end(self, child: Child) -> Iterator[None]:
        child.send(signal.SIGKILL)
        while child.pid is not None:
            yield
        if self._crew.coming is child:
            self._crew.coming = None


def _stands_by(child: Child) -> bool:
    return child.pid is not None and child.has_spoken() and child.ask(ON_STANDBY).status == 200


def _late(child: Child) -> str:
    reply = child.ask("/readyz")
    return f"{child.name}: its successor was not ready within {SUCCESSOR_READY_SECONDS:g} s: {reply.text.strip()}"
