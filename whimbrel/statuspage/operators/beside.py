"""The desk for a process beside the program: the command line on the same machine, with the program running or not.

Design note. The command writes to the book itself rather than asking the program on its control socket: it works when
the program does not run, which is when somebody may need it most, and there is one way of doing a thing instead of
two. SQLite's log takes one writer at a time, each write reads what it changes inside its own transaction, and the
program looks at the end of the history once a second, so it shows and tells what was written here as its own. What it
costs: "better than measured" is judged by the verdicts that the book has, which are at most BOARD_NOTED_SECONDS old.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.board import rows as board_rows
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.operators.desk import Desk
from whimbrel.statuspage.operators.front import Operators

FILE: Final = "status.sqlite"
_ROOMS: Final = ("catalogue", "board", "incidents", "operators")


class Beside(NamedTuple):
    """What a command needs."""

    book: Book
    operators: Operators
    desk: Desk


@asynccontextmanager
async def opened(folder: Path, clock: Clock, *, may_be_new: bool = False) -> AsyncIterator[Beside]:
    """The desk over the book in `folder`, for as long as the block runs.

    Raises NotFound where there is none: only with `may_be_new` is one begun, so that a mistyped folder is an error.
    """
    _found(folder, may_be_new=may_be_new)
    book = Book(folder / FILE, [schema(f"whimbrel.statuspage.{room}") for room in _ROOMS])
    operators = Operators(book=book, clock=clock, issuer="Whimbrel status")
    try:
        verdicts = {one: verdict for one, (_, verdict) in (await book.read(board_rows.newest)).items()}
        catalogue = Catalogue(book=book, clock=clock)
        await catalogue.reread()
        incidents = Incidents(book=book, clock=clock, names=catalogue.names)
        desk = Desk(book=book, clock=clock, catalogue=catalogue, incidents=incidents, board=lambda: verdicts)
        yield Beside(book, operators, desk)
    finally:
        operators.close()
        book.close()


def checked(folder: Path) -> tuple[int, list[history.Fault]]:
    """How many records the history has, and each that does not fit. Raises NotFound, Corrupt or BookUnavailable."""
    _found(folder, may_be_new=False)
    book = Book(folder / FILE, [])
    try:
        with book.look() as look:
            return history.newest(look)[0], list(history.faults(look))
    finally:
        book.close()


def _found(folder: Path, *, may_be_new: bool) -> None:
    if may_be_new:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif not (folder / FILE).exists():
        raise NotFound(f'data: "{folder}" holds no status page')
