"""What commands print: plain lines for people, JSON where a machine reads, progress on anything long.

Results go to standard output, everything else (errors, progress) to standard error, so that a pipe gets the result
and nothing else. A reader that leaves (`| head -1`) ends nothing: the command does its work, and its code says how
that went.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_PROGRESS_PERCENT = 10


class Advance(Protocol):
    """Tells how much is done so far."""

    def __call__(self, done: int) -> None:
        """`done` counts from 0 to the total."""
        ...


def say(line: str) -> None:
    """One line of the result. Raises OSError where it cannot be written (a full disk), but not to a reader who left."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nobody_reads(sys.stdout)
    except OSError as error:
        nobody_reads(sys.stdout)  # else Python tries what is left of the line again when it ends
        raise OSError(error.errno, error.strerror, "standard output") from error


def note(line: str) -> None:
    """One line beside the result: for people, never for a pipe. What cannot be written is lost: who could be told?"""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        nobody_reads(sys.stderr)


def nobody_reads(stream: TextIO) -> None:
    """Have whatever else is written to `stream` go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say_json(value: Any) -> None:
    """The result as JSON, indented, with a final newline."""
    say(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The result as columns; the last one is as wide as it likes."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def moment(time_ms: int | None) -> str | None:
    """A time as people and machines both read it: ISO 8601 in UTC, to the second."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """A bar on a terminal, a line for every tenth otherwise; on standard error either way."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.update(task, completed=done)


def _plain(what: str, total: int) -> Advance:
    said = 0

    def advance(done: int) -> None:
        nonlocal said
        percent = 100 if total <= 0 else done * 100 // total
        if percent >= said + PLAIN_PROGRESS_PERCENT:
            said = percent - percent % PLAIN_PROGRESS_PERCENT
            note(f"{what}: {said} % ({done:,} of {total:,})")

    return advance
