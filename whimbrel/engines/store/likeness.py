"""Whether a migrated store says what the one that serves says: both whole, at the same record, row against row.

Of each table that both have, every row is counted, and rows from its beginning, its end and evenly between are compared
in the columns that both have. Not compared: what a migration says that it changes, and what a store keeps about
itself. Compared in full they are by `whimbrel verify`; here the old store's log cannot start over for as long as we
look, so the look must be short.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import apsw

from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.engines.waiting import until
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import MIGRATION_LIKENESS_SECONDS, MIGRATION_ROWS_COMPARED, STORE_BUSY_MS
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store", "likeness.sql")
_OWN: Final = frozenset(("cursor", "parked", "parked_keys"))
_POLL_SECONDS: Final = 0.01
_READ_BY_NAME: Final = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI

FollowTo = Callable[[int], int]
"""Brings the new store to a record, if it is not beyond it; returns where it stands then."""


class Likeness(NamedTuple):
    """What was compared, and everything that differs, in words without anybody's content."""

    sequence: int
    tables: int
    rows: int
    sampled: int
    differences: tuple[str, ...]


def likeness(old: Path, new: Path, follow_to: FollowTo, *, changed: Iterable[str] = ()) -> Likeness:
    """Compare two stores, of which the old one is in use and the new one moves by `follow_to` only.

    `changed` names tables, or `table.column`. Raises StoreUnavailable, also when the old store does not come to where
    the new one stands.
    """
    try:
        db = apsw.Connection(":memory:", flags=_READ_BY_NAME)
        try:
            return _compare(db, old, new, follow_to, frozenset(changed))
        finally:
            db.close(True)
    except FAULTS as error:
        raise away(error) from error


def _compare(db: apsw.Connection, old: Path, new: Path, follow_to: FollowTo, changed: frozenset[str]) -> Likeness:
    db.set_busy_timeout(STORE_BUSY_MS)
    db.execute(_SQL.attach_old, {"path": f"file:{quote(str(old))}?mode=ro"})
    db.execute(_SQL.attach_new, {"path": f"file:{quote(str(new))}?mode=ro"})
    found = [f"the new store is damaged: {text}" for (text,) in db.execute(_SQL.integrity) if text != "ok"]
    broken = db.execute(_SQL.broken_keys).fetchone()
    found += [f"table {broken[0]}: row {broken[1]} names a row of {broken[2]} that is not there"] if broken else []
    sequence = until(lambda: _same_place(db, follow_to), MIGRATION_LIKENESS_SECONDS, _POLL_SECONDS)
    if sequence is None:
        raise StoreUnavailable("The store that serves does not follow.", log=f"{old.name} stays behind {new.name}")
    (parked_old, parked_new), rows, sampled = next(iter(db.execute(_SQL.parked))), 0, 0
    tables = [name for (name,) in db.execute(_SQL.tables) if name not in _OWN and name not in changed]
    if parked_old != parked_new:
        tables = []  # one release knows what the other does not: the rows differ, as they should
    for table in tables:
        columns = _Columns(db, table, changed)
        counts = [next(iter(db.execute(f'SELECT count(*) FROM {place}."{table}"')))[0] for place in ("old", "new")]
        rows += counts[0]
        found += (
            [f"table {table}: {counts[0]} rows, and {counts[1]} in the new store"] if counts[0] != counts[1] else []
        )
        for key in columns.keys_sampled():
            sampled += 1
            found += [f"table {table}: the row with {columns.named(key)} differs"] if columns.differ(key) else []
    db.execute("ROLLBACK")
    return Likeness(sequence, len(tables), rows, sampled, tuple(found))


def _same_place(db: apsw.Connection, follow_to: FollowTo) -> int | None:
    """Begin a look at both as of the same record; None when the old store is not there yet."""
    db.execute("BEGIN")
    (sequence,) = next(iter(db.execute(_SQL.old_cursor)))
    if follow_to(sequence) == sequence and next(iter(db.execute(_SQL.new_cursor)))[0] == sequence:
        return int(sequence)
    db.execute("ROLLBACK")
    return None


class _Columns:
    """The columns of one table that both stores have, and the rows by their key."""

    def __init__(self, db: apsw.Connection, table: str, changed: frozenset[str]) -> None:
        found = list(db.execute(_SQL.columns, {"table": table}))
        self._db, self._table = db, table
        self._names = [name for name, _ in found if f"{table}.{name}" not in changed]
        keys = sorted((place, name) for name, place in found if place)
        self._keys = [name for _, name in keys] or ["rowid"]

    def keys_sampled(self) -> list[tuple[object, ...]]:
        """The keys of rows from both ends, and evenly between where the first part of the key is a number."""
        keys, first = ", ".join(map(_quoted, self._keys)), _quoted(self._keys[0])
        table, each = f'old."{self._table}"', MIGRATION_ROWS_COMPARED // 4
        down = ", ".join(f"{_quoted(key)} DESC" for key in self._keys)
        lowest = self._all(f"SELECT {keys} FROM {table} ORDER BY {keys} LIMIT {each}")
        highest = self._all(f"SELECT {keys} FROM {table} ORDER BY {down} LIMIT {each}")
        between: list[tuple[object, ...]] = []
        for at in _between(lowest, highest, 2 * each):
            between += self._all(f"SELECT {keys} FROM {table} WHERE {first} >= ? ORDER BY {keys} LIMIT 1", at)
        return list(dict.fromkeys(lowest + between + highest))

    def differ(self, key: tuple[object, ...]) -> bool:
        """Whether the row of this key is another one in the new store."""
        where = " AND ".join(f"{_quoted(name)} IS ?" for name in self._keys)
        names = ", ".join(map(_quoted, self._names)) or "1"
        old, new = (self._all(f'SELECT {names} FROM {place}."{self._table}" WHERE {where}', *key) for place in _PLACES)
        return old != new

    def named(self, key: tuple[object, ...]) -> str:
        """The key as it may be printed: numbers as they are, texts may be private."""
        return ", ".join(f"{name} {part}" for name, part in zip(self._keys, key, strict=True) if isinstance(part, int))

    def _all(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        return list(self._db.execute(sql, parameters))


_PLACES: Final = ("old", "new")


def _between(lowest: list[tuple[object, ...]], highest: list[tuple[object, ...]], steps: int) -> Iterable[int]:
    """Numbers at even distances from the first part of the lowest key to that of the highest."""
    if not lowest or not isinstance(begin := lowest[0][0], int) or not isinstance(end := highest[0][0], int):
        return ()
    return (begin + (end - begin) * step // steps for step in range(1, steps))


def _quoted(name: str) -> str:
    return name if name == "rowid" else f'"{name}"'
