"""Which store is in use: the journal says so, because a file that is open with its log cannot be renamed.

A data directory holds `store-<k>.sqlite`, and a store keeps its number for life. A migration makes the next one beside
the current one, and a StoreSwitched in the journal makes that the current one, for every process that starts later.

Until the migration is finished two releases may start here: the one that upgrades, the other after a crash or because
somebody's service file still names it. Each uses the store that was made with its own schema, so that neither has to
wait for an operator, nor spoils what the other needs. What a process has begun with, it keeps.

A crash can leave a switch in the journal's file that is not durable yet. Who reads it then starts with the other of
two stores that are both true, and nothing is removed by it.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.kernel.errors import StoreUnavailable, WhimbrelError
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.formats import FORMAT, SCHEMA
from whimbrel.kernel.switching import FORMAT_KEY, KEPT_KEY, STORE_KEY

_JOURNAL: Final = "journal.sqlite"
_NAME: Final = re.compile(r"store-([1-9][0-9]*)\.sqlite")
_POSTS: Final = 10_000

BUILDING: Final = ".building"
"""Behind the name of a store: what is being made to become it."""

Find = Callable[[Sequence[str]], dict[str, Stamp]]
"""A journal's `find`."""


class NewerRelease(StoreUnavailable):
    """What lies here is of a release that this one does not know: it is left as it is."""

    code = "newer_release"

    def __init__(self, what: str) -> None:
        super().__init__(
            "This data directory is in use by a newer release. Start that one; as long as its migration is not"
            " finished, `whimbrel migrate --back` goes back to the release before.",
            log=what,
        )


class Numbers(NamedTuple):
    """The current store's number, and that of the other one while a migration is unfinished."""

    current: int
    kept: int | None


class Schema(NamedTuple):
    """With which migrations a store was made: the newest whose `pre` part it has, and the newest with its `post`."""

    number: int
    finished: int

    @property
    def packed(self) -> int:
        """As the file's `user_version`, which readers of every release can ask for."""
        return self.number * _POSTS + self.finished


OWN: Final = Schema(SCHEMA, SCHEMA)
"""What this release makes a new store with."""


def store_in(data: Path) -> Path:
    """Where the store of this data directory lies, for a process that begins now."""
    journal = JournalReader(data / _JOURNAL)
    try:
        return store_of(data, numbers(journal.find))
    except WhimbrelError:  # the journal is damaged: whoever needs it says so
        return store_at(data, max(stores_in(data), default=1))
    finally:
        journal.close()


def store_of(data: Path, numbers: Numbers) -> Path:
    """The current store, unless only the other one was made with this release's schema."""
    current = store_at(data, numbers.current)
    if numbers.kept is None:
        return current
    kept = store_at(data, numbers.kept)
    return kept if is_own(kept) and not is_own(current) else current


def numbers(find: Find) -> Numbers:
    """What the journal says. Raises what `find` raises."""
    held = find([STORE_KEY, KEPT_KEY])
    kept = held.get(KEPT_KEY)
    return Numbers(held[STORE_KEY].id if STORE_KEY in held else 1, kept.id if kept else None)


def refuse_newer(data: Path, find: Find) -> None:
    """Raise NewerRelease when this release must not write here: it would spoil what a newer one has made."""
    in_force = format_in_force(find)
    if in_force > FORMAT:
        raise NewerRelease(f"format {in_force} of events is in force; this release writes {FORMAT}")
    refuse_newer_store(store_of(data, numbers(find)))


def format_in_force(find: Find) -> int:
    """Which format of events may be written (kernel/formats.py). Raises what `find` raises."""
    held = find([FORMAT_KEY])
    return held[FORMAT_KEY].id if FORMAT_KEY in held else 1


def needed_from(find: Find) -> int | None:
    """The first record that an unfinished migration needs: who was before, and where; None when none is unfinished."""
    held = find([STORE_KEY, KEPT_KEY])
    return min(stamp.sequence for stamp in held.values()) if KEPT_KEY in held else None


def refuse_newer_store(path: Path) -> None:
    """Raise NewerRelease when the store there was made by a newer release than this."""
    found = schema_of(path)
    if found is not None and found.number > SCHEMA:
        raise NewerRelease(f"{path.name} has schema {found.number}; this release knows up to {SCHEMA}")


def store_at(data: Path, number: int) -> Path:
    """Where the store of this number lies, if there is one."""
    return data / f"store-{number}.sqlite"


def stores_in(data: Path) -> list[int]:
    """The numbers of the stores that lie here, current or not, lowest first."""
    return sorted(number for path in data.glob("store-*.sqlite") if (number := number_of(path)) is not None)


def number_of(path: Path) -> int | None:
    """The number of a store by its name; None when it is none."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else None


def is_own(path: Path) -> bool:
    """Whether a store of this release's schema lies there."""
    found = schema_of(path)
    return found is not None and found.number == SCHEMA


def schema_of(path: Path) -> Schema | None:
    """With which migrations the store there was made; None when there is none, or it cannot be read."""
    if not path.exists():
        return None
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            # Else the last one to close removes the log by its name, which may belong to another file by now.
            db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            return unpacked(db.pragma("user_version")) if db.pragma("schema_version") else None
        finally:
            db.close(True)
    except apsw.Error:
        return None


def unpacked(user_version: int) -> Schema:
    """The schema that a file's `user_version` stands for."""
    return Schema(*divmod(user_version, _POSTS))
