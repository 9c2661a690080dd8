"""SQL as text of its own: a room's `queries.sql` holds named, described queries, read once at import.

A query begins with a line `-- name: what_it_is` and has at least one more comment line that says what it is for.
List parameters are written `(:ids*)` and expanded by the store's engine.
"""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The named queries of one room, as attributes. An unknown name is an AttributeError at the first use."""

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        text = files(package).joinpath(file).read_text("utf-8")
        parts = _NAME.split(text)
        self._by_name = dict(zip(parts[1::2], (body.strip() for body in parts[2::2]), strict=True))

    def __getattr__(self, name: str) -> str:
        try:
            return str(self._by_name[name])
        except KeyError:
            raise AttributeError(f"no query named {name!r}") from None

    def names(self) -> list[str]:
        """Every query's name, in the order of the file."""
        return list(self._by_name)


def schema(package: str, file: str = "schema.sql") -> str:
    """A room's tables and indexes, as one script in the subset that SQLite and PostgreSQL both speak."""
    return files(package).joinpath(file).read_text("utf-8")
