"""Rows: SQL with named parameters on one connection, as rooms see it (kernel.contracts.Reading and Writing).

A list parameter `(:ids*)` becomes a table of the JSON text bound to it: one text of SQL and one prepared statement
for lists of any length, an empty list means "none" (also under NOT IN), and it costs 5 us more for 20 ids than
placeholders do, nothing measurable from 500 on. Lists hold integers or texts.
"""

import re
from functools import lru_cache
from typing import Final

import apsw
import msgspec

from whimbrel.kernel.contracts import Parameters, Row
from whimbrel.kernel.errors import StoreUnavailable

AWAY: Final = "The server cannot look that up right now. Please try again in a moment."
"""What people are told when the store is away; the log says why."""

_LIST = re.compile(r"\(:(\w+)\*\)")
_NOTHING: Final[Parameters] = {}
_encode = msgspec.json.Encoder().encode


class Rows:
    """One transaction's look at the store, and its pen. Whoever opened it has begun the transaction and ends it.

    A fault of disk, lock or file is StoreUnavailable; a mistake in the SQL or a broken constraint stays an apsw error,
    because the first will pass and the second will not.
    """

    def __init__(self, db: apsw.Connection, cursor: int) -> None:
        self._db = db
        self.cursor = cursor

    def all(self, sql: str, parameters: Parameters = _NOTHING) -> list[Row]:
        """Every row."""
        try:
            return self._execute(sql, parameters).fetchall()
        except FAULTS as error:
            raise away(error) from error

    def one(self, sql: str, parameters: Parameters = _NOTHING) -> Row | None:
        """The first row, or None."""
        try:
            row: Row | None = self._execute(sql, parameters).fetchone()
        except FAULTS as error:
            raise away(error) from error
        return row

    def run(self, sql: str, parameters: Parameters = _NOTHING) -> int:
        """Execute one statement; returns how many rows it changed."""
        try:
            self._execute(sql, parameters).fetchall()
        except FAULTS as error:
            raise away(error) from error
        return self._db.changes()

    def _execute(self, sql: str, parameters: Parameters) -> apsw.Cursor:
        text, lists = _expanded(sql)
        if lists:
            parameters = {**parameters, **{name: _encode(list(parameters[name])).decode() for name in lists}}
        return self._db.execute(text, parameters)


FAULTS: Final = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.InterruptError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.NotADBError,
    apsw.ProtocolError,
    apsw.ReadOnlyError,
)
"""What the world does to a file; everything else that SQLite raises is a mistake of ours or a poisoned event."""


def away(error: apsw.Error) -> StoreUnavailable:
    """The error that callers see for a fault; its log names the fault."""
    return StoreUnavailable(AWAY, log=f"{type(error).__name__}: {error}")


@lru_cache(maxsize=1_024)
def _expanded(sql: str) -> tuple[str, tuple[str, ...]]:
    names = tuple(dict.fromkeys(_LIST.findall(sql)))
    return _LIST.sub(r"(SELECT value FROM json_each(:\1))", sql), names
