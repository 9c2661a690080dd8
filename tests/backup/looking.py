"""Looking at data directories and places side by side."""

from pathlib import Path

import apsw

from whimbrel.backing_up import BackedUp, Wishes, back_up
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.compare import differences
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.restoring import Restored, Until, restore
from whimbrel.rooms import follows
from whimbrel.upkeep import verify

JOURNAL = "journal.sqlite"


def backed_up(data: Path, place: Place, **wishes: object) -> BackedUp:
    """One backup."""
    return back_up(data, place, Wishes(**wishes), silent)


def restored(place: Place, data: Path, *, until: int | None = None, time_ms: int | None = None) -> Restored:
    """One restore."""
    wanted = None if until is None and time_ms is None else Until(sequence=until, time_ms=time_ms)
    return restore(place, data, wanted, silent)


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody looks."""


def rows(data: Path, table: str, where: str = "true") -> list[tuple]:
    """Rows of the journal's file, whole and in order."""
    db = apsw.Connection(str(data / JOURNAL), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return db.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY 1, 2").fetchall()
    finally:
        db.close()


def is_same_journal(left: Path, right: Path) -> bool:
    """Whether two journals are the same, byte for byte of every record, claim and release."""
    return all(rows(left, table) == rows(right, table) for table in ("records", "claims", "released", "beginning"))


def is_same_store(left: Path, right: Path) -> bool:
    """Whether two stores hold the same rows."""
    return differences(store_in(left), store_in(right)) == []


def is_sound(data: Path) -> bool:
    """Whether `whimbrel verify` finds nothing."""
    return verify(data, silent).findings == ()


def store_up_to(data: Path, sequence: int, target: Path) -> Path:
    """A store that is built from the journal of `data` up to a record, at `target`."""
    schemas, decode, apply, subjects, *_ = follows()
    reader = _UpTo(data / JOURNAL, sequence)
    try:
        rebuild(target, schemas, reader, decode=decode, apply=apply, subjects=subjects)
    finally:
        reader.close()
    return target


def holds(folder: Path, text: str) -> list[str]:
    """The files below a folder in which the text stands."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def objects(folder: Path) -> dict[str, int]:
    """Every object below a place's folder, and its size."""
    return {path.name: path.stat().st_size for path in (folder / "objects").rglob("*") if path.is_file()}


class _UpTo:
    """A journal up to a record."""

    def __init__(self, path: Path, last: int) -> None:
        self._reader, self._last = JournalReader(path), last

    def read(self, *, after, limit, up_to=None):
        return self._reader.read(after=after, limit=limit, up_to=min(up_to or self._last, self._last))

    def head(self):
        return self._last, b""

    def beginning(self):
        return self._reader.beginning()

    def close(self):
        self._reader.close()
