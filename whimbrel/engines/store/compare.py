"""Two stores side by side: which rows of which tables differ. For `whimbrel verify`; costs a pass over both.

The stores are files that nobody writes meanwhile: `copy_of` makes one of a store that is in use. What a store keeps
about itself (where it stands, what is parked and why) is not compared.
"""

from pathlib import Path
from typing import Final, NamedTuple

import apsw

from whimbrel.engines.store.files import open_reader
from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store", "compare.sql")
NUMBERS_SHOWN: Final = 4
_OWN: Final = frozenset(("cursor", "parked", "parked_keys"))


class Difference(NamedTuple):
    """One table that is not the same.

    `example` is the first row that only one of them has, by its numbers: texts may be private, and this is printed.
    """

    table: str
    only_left: int
    only_right: int
    example: str


def copy_of(path: Path, target: Path) -> None:
    """Copy a store that may be in use, as of one moment. Raises StoreUnavailable. The target must not exist."""
    source = open_reader(path)
    try:
        copy = apsw.Connection(str(target))
        try:
            with copy.backup("main", source, "main") as backup:
                backup.step(-1)
        finally:
            copy.close(True)
    except FAULTS as error:
        raise away(error) from error
    finally:
        source.close(True)


def differences(left: Path, right: Path) -> list[Difference]:
    """Every table in which the two differ, by name. Raises StoreUnavailable when one cannot be read."""
    db = apsw.Connection(":memory:")
    try:
        db.execute(_SQL.attach_left, {"path": str(left)})
        db.execute(_SQL.attach_right, {"path": str(right)})
        tables = [table for (table,) in db.execute(_SQL.tables) if table not in _OWN]
        return [found for table in tables if (found := _difference(db, table)) is not None]
    except FAULTS as error:
        raise away(error) from error
    finally:
        db.close(True)


def _difference(db: apsw.Connection, table: str) -> Difference | None:
    places = {row[0] for row in db.execute(_SQL.places, {"table": table})}
    if len(places) < 2:
        return Difference(table, 0, 0, f"the table is only in the {places.pop()} store")
    left, right = (_only(db, table, one, other) for one, other in (("left", "right"), ("right", "left")))
    if not left[0] and not right[0]:
        return None
    return Difference(table, left[0], right[0], left[1] or right[1])


def _only(db: apsw.Connection, table: str, one: str, other: str) -> tuple[int, str]:
    """How many rows only `one` has, and the first of them in words."""
    rows = f'SELECT * FROM "{one}"."{table}" EXCEPT SELECT * FROM "{other}"."{table}"'
    (count,) = next(iter(db.execute(f"SELECT count(*) FROM ({rows})")))
    if not count:
        return 0, ""
    cursor = db.execute(f"{rows} LIMIT 1")
    names = [column[0] for column in cursor.get_description()]
    values = next(iter(cursor))
    numbers = [f"{name} {value}" for name, value in zip(names, values, strict=True) if isinstance(value, int)]
    return count, f"only {one}: " + (", ".join(numbers[:NUMBERS_SHOWN]) or "a row without numbers")
