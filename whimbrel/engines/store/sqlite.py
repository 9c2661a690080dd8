"""The store as a reader sees it: one SQLite file, read-only connections, consistent looks. For many threads.

Promises: a look is one snapshot with its cursor; a store that is missing, damaged, locked or slow is StoreUnavailable,
within STORE_BUSY_MS or STORE_READ_DEADLINE_SECONDS; a file that was replaced is noticed at the next look and opened
anew. It never writes, and it does not wait for the store to catch up (Reads does).
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from whimbrel.engines.store.files import Identity, identity, is_whole, open_reader
from whimbrel.engines.store.rows import AWAY, FAULTS, Rows, away
from whimbrel.engines.store.standing import Standing, standing_of
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import STORE_CONNECTIONS_MAX, STORE_READ_DEADLINE_SECONDS
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store")
_STEPS_BETWEEN_CHECKS = 20_000


class SqliteStore:
    """Reads the store at `path`, which need not exist yet. Connections are kept open and lent, one a look."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._idle: deque[_Connection] = deque(maxlen=STORE_CONNECTIONS_MAX)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Open one consistent look. Raises StoreUnavailable when the store is away, or when the look takes too long."""
        connection = self._borrow()
        try:
            yield connection.begin()
        except BaseException:
            connection.close()
            raise
        connection.end()
        self._give_back(connection)

    def ping(self) -> None:
        """Raise StoreUnavailable unless a read works."""
        self.standing()

    def standing(self) -> Standing:
        """Where the store stands, as of now. Raises StoreUnavailable."""
        with self.reading() as rows:
            return standing_of(rows)

    def close(self) -> None:
        """Let go of the idle connections; a look that is under way ends its own."""
        while self._idle:
            self._idle.pop().close()

    def _borrow(self) -> "_Connection":
        lies_there = identity(self._path)
        if lies_there is None:
            self.close()
            raise StoreUnavailable(AWAY, log=f"there is no store at {self._path}")
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break  # another thread took the last one
            if connection.identity == lies_there:
                return connection
            connection.close()
        return _Connection(self._path, lies_there)

    def _give_back(self, connection: "_Connection") -> None:
        if len(self._idle) < STORE_CONNECTIONS_MAX:
            self._idle.append(connection)
        else:
            connection.close()


class _Connection:
    """One read-only connection with its deadline. Whoever was lent it is its only user."""

    def __init__(self, path: Path, expected: Identity) -> None:
        self._db = open_reader(path)
        self.identity = expected
        self._deadline = 0.0
        self._db.set_progress_handler(self._is_late, _STEPS_BETWEEN_CHECKS)
        if identity(path) != expected or not self._is_whole():
            self.close()
            raise StoreUnavailable(AWAY, log=f"{path} is no store, or was replaced while it was opened")

    def begin(self) -> Rows:
        self._deadline = time.monotonic() + STORE_READ_DEADLINE_SECONDS
        try:
            self._db.execute("BEGIN")
            row = self._db.execute(_SQL.cursor).fetchone()
        except apsw.SQLError as error:
            raise StoreUnavailable(AWAY, log=f"not a store: {error}") from error
        except FAULTS as error:
            raise away(error) from error
        if row is None:
            raise StoreUnavailable(AWAY, log="the store has no cursor")
        return Rows(self._db, row[0])

    def end(self) -> None:
        self._deadline = 0.0
        self._db.execute("ROLLBACK")

    def close(self) -> None:
        self._db.close(True)

    def _is_whole(self) -> bool:
        # A log that was left beside a file of garbage can hold every page that a query needs: ask the file itself.
        try:
            return is_whole(self._db)
        except FAULTS:
            return False

    def _is_late(self) -> bool:
        return 0.0 < self._deadline < time.monotonic()
