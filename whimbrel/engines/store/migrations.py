"""From one schema to the next: named SQL, run on a copy of the store, never on the one that serves.

A migration is one or two files, `NNNN_name.pre.sql` and `NNNN_name.post.sql` (whimbrel/migrations says what belongs in
which). The pre part begins with comment lines that say where it leads from and to, as the schemas' hashes:

    -- from: 0123...       -- to: 4567...
    -- changes: posts.text, tags       columns and tables that a comparison with the old store must not look at
    -- replay: why         instead of any SQL, when only the journal can say what the new rows hold

Promises: the steps to a schema are all taken or none; a store says how far it is (numbered.Schema), so that a second
call does only what is left. Where no path leads, NoPath says so, and the store is built from snapshot and journal.
"""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from whimbrel.engines.store.files import open_reader, open_writer, put_in_place, remove_files
from whimbrel.engines.store.numbered import Schema, unpacked
from whimbrel.engines.store.rows import FAULTS, away
from whimbrel.engines.store.standing import cursor_row
from whimbrel.engines.syncing import sync
from whimbrel.kernel.errors import Corrupt, WhimbrelError
from whimbrel.kernel.limits import MIGRATION_BUSY_MS
from whimbrel.kernel.sql import Queries

_log = logging.getLogger(__name__)

_SQL = Queries("whimbrel.engines.store", "migrations.sql")
_FILE: Final = re.compile(r"(\d{4})_(\w+)\.(pre|post)\.sql")
_FACT: Final = re.compile(r"^-- (from|to|changes|replay): *(.*?) *$", re.MULTILINE)
_REMARK: Final = re.compile(r"--[^\n]*")
_STEPS_BETWEEN_LOOKS: Final = 200_000
_HASH_BYTES: Final = 16

OnProgress = Callable[[int, int], None]
"""Is told how far something is, and how far it goes."""


class NoPath(WhimbrelError):
    """No migrations lead from the store's schema to this release's: it has to be built from snapshot and journal."""

    code = "no_path"
    status = 409


class MigrationFailed(WhimbrelError):
    """The copy could not be brought to the new schema; what served goes on serving."""

    code = "migration_failed"

    def __init__(self, why: str) -> None:
        super().__init__(f"The store cannot be migrated: {why}")


class Migration(NamedTuple):
    """One step. `replay`: why there is no SQL for it, else empty. `changes`: names of tables, or `table.column`."""

    number: int
    name: str
    before: bytes
    after: bytes
    pre: str
    post: str = ""
    changes: frozenset[str] = frozenset()
    replay: str = ""


def hash_of(schemas: Sequence[str]) -> bytes:
    """What a schema is known by: its scripts without remarks, and whatever their spaces."""
    plain = "\0".join(" ".join(_REMARK.sub(" ", script).split()) for script in schemas)
    return blake2b(plain.encode(), digest_size=_HASH_BYTES).digest()


def migrations_in(package: str) -> tuple[Migration, ...]:
    """Every migration of a package of resources, in order. Raises ValueError for what is not one: a mistake of ours."""
    texts: dict[tuple[int, str], dict[str, str]] = {}
    for entry in files(package).iterdir():
        if entry.name.endswith(".sql"):
            found = _FILE.fullmatch(entry.name)
            if found is None:
                raise ValueError(f"{entry.name}: expected NNNN_name.pre.sql or NNNN_name.post.sql")
            texts.setdefault((int(found[1]), found[2]), {})[found[3]] = entry.read_text("utf-8")
    steps = tuple(_migration(number, name, parts) for (number, name), parts in sorted(texts.items()))
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError(f"{package}: expected the numbers 0001, 0002 and so on, each once")
    return steps


def path_between(migrations: Sequence[Migration], before: bytes, after: bytes) -> list[Migration]:
    """The steps from one schema to another, none when they are the same. Raises NoPath."""
    path: list[Migration] = []
    while before != after:
        step = next((one for one in migrations if one.before == before and one not in path), None)
        if step is None or step.replay:
            why = f"{step.name}: {step.replay}" if step else f"no migration begins at schema {before.hex()}"
            raise NoPath("No migrations lead from the store's schema to this release's.", log=why)
        path.append(step)
        before = step.after
    return path


def copy_into(store: Path, target: Path, on_progress: OnProgress | None = None) -> None:
    """Copy a store that may be in use, as of one moment, and have the copy on the disk. The target must not exist.

    Raises StoreUnavailable. `on_progress` is told bytes.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source, whole = open_reader(store), max(1, store.stat().st_size)

    def look() -> bool:
        if on_progress is not None:
            on_progress(min(target.stat().st_size, whole), whole)
        return False

    try:
        source.set_progress_handler(look, _STEPS_BETWEEN_LOOKS)
        source.execute(_SQL.copy, {"target": str(target)})
    except FAULTS as error:
        raise away(error) from error
    finally:
        source.close(True)
    sync(target)
    sync(target.parent)


def go(store: Path, steps: Sequence[Migration]) -> None:
    """Take the steps' `pre` parts, all in one transaction. Raises MigrationFailed.

    For a copy that nobody else uses yet.
    """
    db = open_writer(store)
    try:
        db.pragma("foreign_keys", False)  # a table that is made anew and renamed is away for a moment
        with db:
            for step in steps:
                db.execute(step.pre)
                db.execute(_SQL.made_with, {"schema_hash": step.after})
                reached = _schema(db)._replace(number=step.number)
                db.pragma("user_version", reached.packed)
            broken = db.execute(_SQL.broken_keys).fetchone()
            if broken is not None:
                raise MigrationFailed(f"table {broken[0]}: row {broken[1]} names a row that is not there")
    except apsw.Error as error:
        raise MigrationFailed(f"{type(error).__name__}: {error}") from error
    finally:
        db.close(True)


def finish(store: Path, migrations: Sequence[Migration]) -> list[str]:
    """Run the `post` parts that the store still waits for, each in a transaction; returns their names.

    May be in use meanwhile: whoever writes waits. Raises StoreUnavailable.
    """
    db = open_writer(store)
    done = []
    try:
        db.set_busy_timeout(MIGRATION_BUSY_MS)
        for step in waiting(_schema(db), migrations):
            db.execute("BEGIN IMMEDIATE")
            with db:
                db.execute(step.post)
                db.pragma("user_version", _schema(db)._replace(finished=step.number).packed)
            db.execute("COMMIT")
            done += [step.name] if step.post else []
    except FAULTS as error:
        raise away(error) from error
    finally:
        db.close(True)
    return done


def waiting(schema: Schema, migrations: Sequence[Migration]) -> list[Migration]:
    """The steps whose `post` part a store of this schema still waits for."""
    return [step for step in migrations if schema.finished < step.number <= schema.number]


def migrate_in_place(store: Path, migrations: Sequence[Migration], after: bytes) -> bool:
    """Put a migrated copy in the place of a store that no release needs as it was; False when no path leads there.

    For a release that is started on the store of an older one without `whimbrel migrate`. The copy is whole and
    synced before it gets the name, as in rebuild.py. Raises StoreUnavailable when the store cannot be read or copied.
    """
    before = made_with(store)
    beside = store.with_name(store.name + ".building")
    try:
        steps = path_between(migrations, before, after)
        remove_files(beside)
        copy_into(store, beside)
        go(beside, steps)
        finish(beside, steps)
    except (NoPath, MigrationFailed, Corrupt, apsw.Error) as error:
        _log.warning("the store is not migrated but built anew", extra={"error": str(error)})
        return False
    put_in_place(beside, store)
    return True


def made_with(store: Path) -> bytes:
    """The hash of the schema that a store was made with. Raises StoreUnavailable, Corrupt for what is no store."""
    return bytes(cursor_row(open_reader(store), _SQL.schema_hash, store)[0])


def _schema(db: apsw.Connection) -> Schema:
    return unpacked(db.pragma("user_version"))


def _migration(number: int, name: str, parts: Mapping[str, str]) -> Migration:
    pre, post = parts.get("pre", ""), parts.get("post", "")
    facts = dict(_FACT.findall(pre))
    hashes = {}
    for place in ("from", "to"):
        with suppress(ValueError):
            hashes[place] = bytes.fromhex(facts.get(place, ""))
        if len(hashes.get(place, b"")) != _HASH_BYTES:
            raise ValueError(f"{number:04}_{name}.pre.sql: expected a line `-- {place}: ` with a hash in hex")
    changes = frozenset(facts.get("changes", "").replace(",", " ").split())
    return Migration(
        number, name, hashes["from"], hashes["to"], pre, post, changes=changes, replay=facts.get("replay", "")
    )
