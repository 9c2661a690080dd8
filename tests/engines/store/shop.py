"""A room of its own for tests of the store: notes that people write, like and remove, and who wrote how many."""

from pathlib import Path

import msgspec

from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.applying import Applying
from whimbrel.engines.store.parked import Subjects
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.events import Appended, BlankedEvent, Group, Vocabulary, draft
from whimbrel.rooms import touches

SCHEMA = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, notes INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, text TEXT NOT NULL, likes INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


class Joined(msgspec.Struct, frozen=True):
    """A person."""

    name: str


class Wrote(msgspec.Struct, frozen=True):
    """A note."""

    text: str


class Liked(msgspec.Struct, frozen=True):
    """One like more."""


class Danced(msgspec.Struct, frozen=True):
    """Nothing that the older version knows."""


class Removed(msgspec.Struct, frozen=True):
    """A note, or a person, is deleted."""


class Disliked(msgspec.Struct, frozen=True):
    """Somebody's like is taken back by another."""

    account_id: int


VOCABULARY = Vocabulary(Joined, Wrote, Liked, Removed, Disliked)
NEWER_VOCABULARY = Vocabulary(Joined, Wrote, Liked, Removed, Disliked, Danced)
SUBJECTS = Subjects(touches, frozenset({"Removed"}))


def apply(rows, event):
    """The room, with one mistake in it: it cannot take a note that says POISON."""
    if isinstance(event.data, Wrote) and event.data.text == "POISON":
        rows.run("UPDATE people SET notes = 1000000")
        raise ValueError("this note is too much")
    apply_fixed(rows, event)


def apply_fixed(rows, event):
    """The room in its fixed version."""
    match event.data:
        case BlankedEvent():
            return
        case Joined(name):
            rows.run("INSERT INTO people (id, name) VALUES (:id, :name)", {"id": event.id, "name": name})
        case Wrote(text):
            values = {"id": event.id, "person_id": event.actor, "text": text}
            rows.run("INSERT INTO notes (id, person_id, text) VALUES (:id, :person_id, :text)", values)
            rows.run("UPDATE people SET notes = notes + 1 WHERE id = :id", {"id": event.actor})
        case Liked():
            rows.run("UPDATE notes SET likes = likes + 1 WHERE id = :id", {"id": event.id})
        case Disliked():
            rows.run("UPDATE notes SET likes = likes - 1 WHERE id = :id", {"id": event.id})
        case Removed():
            rows.run("DELETE FROM notes WHERE id = :id", {"id": event.id})
            rows.run("DELETE FROM people WHERE id = :id", {"id": event.id})
        case Danced():
            rows.run("UPDATE people SET notes = -notes WHERE id = :id", {"id": event.actor})


class Shop:
    """A journal, a store that follows it, and a reader of that store, in one folder."""

    def __init__(self, folder: Path):
        self.data, self.path = folder, folder / "store-1.sqlite"
        self._now_ms = 1_600_000_000_000
        self.journal = SqliteJournal(folder / "journal.sqlite", clock=self._clock)
        self.schemas = [SCHEMA]
        self.writer = StoreWriter(self.path, self.schemas)
        self.store = SqliteStore(self.path)

    def _clock(self):
        self._now_ms += 1
        return self._now_ms

    def happen(self, data, *, actor=0, id=None):
        """Append one event; returns the id of what it is about."""
        (outcome,), _ = self.journal.append([Group((draft(data, actor=actor, id=id),))])
        assert isinstance(outcome, Appended)
        return outcome.stamps[0].id

    def applying(self, apply=apply, vocabulary=VOCABULARY):
        """The applier with a version of the room."""
        return Applying(self.writer, vocabulary.decode, apply, subjects=SUBJECTS)

    def catch_up(self, apply=apply, vocabulary=VOCABULARY):
        """Apply all that the journal has."""
        after = self.writer.standing().sequence
        return self.applying(apply, vocabulary).apply_batch(self.journal.read(after=after, limit=2_000))

    def all(self, sql, **parameters):
        """What a reader sees."""
        with self.store.reading() as rows:
            return rows.all(sql, parameters)

    def notes(self):
        """Every note's text and likes, in order."""
        return self.all("SELECT text, likes FROM notes ORDER BY id")

    def close(self):
        """Let go of everything."""
        self.store.close()
        self.writer.close()
        self.journal.close()
