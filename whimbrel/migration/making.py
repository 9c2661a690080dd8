"""Making the new store, and proving it: everything before the switch. Nobody serves from it yet.

Raises for whatever does not fit; whoever called removes what was made.
"""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from whimbrel.config import decode
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.likeness import likeness
from whimbrel.engines.store.migrations import NoPath, copy_into, go, made_with, path_between
from whimbrel.engines.store.numbered import number_of, store_at
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.snapshots import fitting
from whimbrel.engines.store.writer import schema_hash_of
from whimbrel.kernel.errors import Unavailable, WhimbrelError
from whimbrel.kernel.limits import MIGRATION_FREE_TIMES_STORE
from whimbrel.migration.answers import same_answers
from whimbrel.migration.following import Following
from whimbrel.reliability.disk import may, pressure
from whimbrel.reliability.releases import Running
from whimbrel.rooms import follows
from whimbrel.upkeep import UpTo, durable_head, journal_in

_SHOWN: Final = 5


class Tell(Protocol):
    """Is told what happens: a line for each step, and how far the long ones are."""

    def step(self, name: str, words: str) -> None:
        """A step has been begun, or something about it is known."""
        ...

    def far(self, name: str, done: int, total: int) -> None:
        """How far the step is."""
        ...


class Move(NamedTuple):
    """From the store that the running server serves from to the one of this number, which is this release's."""

    data: Path
    running: Running
    number: int
    tell: Tell

    @property
    def old(self) -> Path:
        """The store that serves."""
        return self.data / self.running.store

    @property
    def new(self) -> Path:
        """The store that is to take its place."""
        return store_at(self.data, self.number)


class Differs(WhimbrelError):
    """The new store, or what the new release makes of it, is not what is served now: nothing was switched."""

    code = "differs"
    status = 409


class NoRoom(Unavailable):
    """The disk has too little room for another store and what comes meanwhile."""

    code = "no_room"


def need_room(store: Path) -> None:
    """Raise NoRoom unless the disk has MIGRATION_FREE_TIMES_STORE times the store's size free, its log included.

    Nor is one begun on a disk that is low, however small the store.
    """
    disk = pressure(store.parent)
    if not may("migrations", disk.level):
        raise NoRoom(f"There is too little room: the disk is {disk.words}.")
    log = store.with_name(store.name + "-wal")
    size = sum(path.stat().st_size for path in (store, log) if path.exists())
    free = shutil.disk_usage(store.parent).free
    if free < MIGRATION_FREE_TIMES_STORE * size:
        raise NoRoom(
            f"There is too little room: {free:,} bytes are free, and the store of {size:,} needs"
            f" {MIGRATION_FREE_TIMES_STORE} times its size beside it."
        )


def make(move: Move) -> None:
    """Make the new store: a migrated copy, or one that is built from snapshot and journal where no steps lead to it."""
    schemas, _, _, _, migrations = follows()
    try:
        steps = path_between(migrations, made_with(move.old), schema_hash_of(schemas))
    except NoPath as error:
        move.tell.step("replay", f"{move.new.name} is built from snapshot and journal: {error}")
        _replay(move)
        return
    move.tell.step("copy", f"{move.old.name} is copied to {move.new.name}")
    copy_into(move.old, move.new, lambda done, total: move.tell.far("copy", done, total))
    if steps:
        move.tell.step(
            "migrate", f"{move.new.name} gets " + ", ".join(f"{step.number:04} {step.name}" for step in steps)
        )
        go(move.new, steps)


def compare(move: Move, following: Following) -> None:
    """Follow until caught up, and compare rows and answers. From its end on the new store follows in a thread.

    Raises Differs, naming the first differences.
    """
    tell, new = move.tell, move.new
    tell.step("follow", f"{new.name} takes in what came meanwhile")
    following.catch_up(lambda done, total: tell.far("follow", done, total))
    tell.step("compare", f"{new.name} with {move.old.name}")
    found = likeness(move.old, new, following.step, changed=_changed(move.old))
    if found.differences:
        raise Differs(f"The new store is not like the old one: {'; '.join(found.differences[:_SHOWN])}")
    rows = f"{found.tables} tables, {found.rows:,} rows, {found.sampled:,} of them looked at"
    tell.step("compare", f"at record {found.sequence:,}: {rows}; nothing differs")
    following.start()
    config = decode(move.running.configuration)
    answers = asyncio.run(same_answers(replace(config, data=move.data), new))
    if answers.differences:
        raise Differs(f"The new release answers otherwise: {'; '.join(answers.differences[:_SHOWN])}")
    tell.step("compare", f"{answers.asked} answers of both releases; nothing differs")


def number_in(running: Running) -> int:
    """The number of the store that the running server serves from."""
    number = number_of(Path(running.store))
    assert number is not None
    return number


def _replay(move: Move) -> None:
    schemas, decode_record, apply, subjects, migrations = follows()
    journal = JournalReader(journal_in(move.data))
    try:
        past = UpTo(journal, durable_head(move.data))
        rebuild(
            move.new,
            schemas,
            past,
            decode=decode_record,
            apply=apply,
            subjects=subjects,
            snapshots=fitting(move.data, None, past),
            migrations=migrations,
            on_progress=lambda done, total: move.tell.far("replay", done, total),
        )
    finally:
        journal.close()


def _changed(old: Path) -> frozenset[str]:
    """What the migrations from the old store to this release's change on purpose."""
    schemas, _, _, _, migrations = follows()
    try:
        steps = path_between(migrations, made_with(old), schema_hash_of(schemas))
    except NoPath:
        return frozenset()
    return frozenset(name for step in steps for name in step.changes)
