"""`whimbrel migrate`: this release takes over from the one that serves, with a store of its own made beside.

Design note, in the order of the steps. *Copy*: as of one moment, without the pages that nothing uses. *Migrate*: on the
copy, so that nobody waits for a lock and a mistake hurts nobody. *Follow*: by this release's rooms. *Compare*: rows at
the same record, then answers, before anybody depends on them. *Switch*: one record in the journal; who starts from then
on uses the new store. *Take over*: by the supervisor, one process after the other; the new store is made to follow from
here until this release's core has it. Whatever fails before the switch leaves nothing but a copy, which is removed;
what fails after it is switched back. A crash leaves what `standing.look` finds, and the next call goes on from there.
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
from whimbrel.engines.store.numbered import NewerRelease, number_of, refuse_newer, store_at, stores_in
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.snapshots import fitting
from whimbrel.engines.store.writer import schema_hash_of
from whimbrel.kernel.errors import Conflict, JournalUnavailable, Unavailable, WhimbrelError
from whimbrel.kernel.limits import MIGRATION_FREE_TIMES_STORE
from whimbrel.migration import entrusted
from whimbrel.migration.answers import same_answers
from whimbrel.migration.following import Following
from whimbrel.migration.standing import Where, alone, look, remove_leftovers, remove_store
from whimbrel.migration.switching import NotTakenOver, append, finished, kept, restart_with, serves, switched, wait_out
from whimbrel.reliability.releases import Release, Running, own_release
from whimbrel.rooms import follows
from whimbrel.upkeep import journal_in

UNFINISHED: Final = "end it with `whimbrel migrate --finish`, or go back with `whimbrel migrate --back`"
_SHOWN: Final = 5


class Tell(Protocol):
    """Is told what happens: a line for each step, and how far the long ones are."""

    def step(self, name: str, words: str) -> None:
        """A step has been begun, or something about it is known."""
        ...

    def far(self, name: str, done: int, total: int) -> None:
        """How far the step is."""
        ...


class Stands(NamedTuple):
    """How it stands when a command has ended. `done` is False where there was nothing to do."""

    done: bool
    words: str
    release: str
    store: int


class Differs(WhimbrelError):
    """The new store, or what the new release makes of it, is not what is served now: nothing was switched."""

    code = "differs"
    status = 409


class NoRoom(Unavailable):
    """The disk has too little room for another store and what comes meanwhile."""

    code = "no_room"


def migrate(data: Path, tell: Tell) -> Stands:
    """Take over. Returns when this release serves, or did before. Raises what stands in the way, in words."""
    with alone(data):
        wait_out(data)
        where = look(data)
        running = _refuse(data, where)
        own = own_release()
        if serves(data, own):
            return _serving_already(data, where, running, own)
        if where.unfinished and where.numbers.current != number_in(running):
            return _go_on(data, where, running, tell)
        if where.unfinished:
            where = _settled(data, where, tell)
        remove_leftovers(data, where)
        return _anew(data, where, running, tell)


def _refuse(data: Path, where: Where) -> Running:
    """Everything that must be so before anything is done. Raises with what is not; returns the server that runs."""
    journal = JournalReader(journal_in(data))
    try:
        refuse_newer(data, journal.find)
    finally:
        journal.close()
    running, own = where.running, own_release()
    if running is None:
        raise Conflict(
            "No server runs on this data directory, so there is nothing to migrate beside: start this release, and it"
            " brings the store along by itself. Where a migration is unfinished, either of its releases can be started."
        )
    if running.release.version > own.version:
        raise NewerRelease(f"release {running.release.release} serves, this is {own.release}")
    theirs = {release.release for release in (where.switched, where.before) if release is not None}
    if where.unfinished and own.release not in theirs:
        raise Conflict(
            f"A migration between {' and '.join(sorted(theirs))} is unfinished: finish it, or go back, before another."
        )
    return running


def _serving_already(data: Path, where: Where, running: Running, own: Release) -> Stands:
    """This release serves. A way back that was cut off before the old one did is given up."""
    number = number_in(running)
    if where.unfinished and where.numbers.current != number and where.switched is not None:
        append(data, switched(where, number, own), kept(where, where.numbers.current, where.switched))
    words = f"release {own.release} serves already"
    return Stands(False, f"{words}; {UNFINISHED}" if where.unfinished else words, own.release, number)


def _anew(data: Path, where: Where, running: Running, tell: Tell) -> Stands:
    """From the copy on."""
    store = data / running.store
    need_room(store)
    number = max([*stores_in(data), where.numbers.current]) + 1
    new = store_at(data, number)
    try:
        changed = _made(data, store, new, tell)
        following = Following(data, new)
        try:
            _compared(data, running, new, following, changed, tell)
            with entrusted.following(data, number_in(running), running.release):
                return _switched(data, where, running, number, following, tell)
        finally:
            following.close()
    except BaseException:
        if look(data).numbers.current != number:
            remove_store(data, number)
        raise


def _go_on(data: Path, where: Where, running: Running, tell: Tell) -> Stands:
    """The switch is in the journal, and the release before serves still: somebody died in between."""
    number = where.numbers.current
    tell.step("resume", f"{store_at(data, number).name} is there and switched to; it is made to follow again")
    following = Following(data, store_at(data, number))
    try:
        _compared(data, running, store_at(data, number), following, _changed(data, where), tell)
        with entrusted.following(data, number_in(running), running.release):
            return _taken_over(data, where, running, number, following, tell)
    finally:
        following.close()


def _settled(data: Path, where: Where, tell: Tell) -> Where:
    """A way back was cut off after the old release served again: end it."""
    tell.step("settle", f"an earlier migration was taken back to {store_at(data, where.numbers.current).name}")
    append(data, finished(where, where.switched or own_release(), format=where.format))
    return look(data)


def _made(data: Path, store: Path, new: Path, tell: Tell) -> frozenset[str]:
    """Make the new store; returns what its migrations change on purpose."""
    schemas, decode_record, apply, touches, migrations = follows()
    try:
        steps = path_between(migrations, made_with(store), schema_hash_of(schemas))
    except NoPath as error:
        tell.step("replay", f"{new.name} is built from snapshot and journal: {error}")
        journal = JournalReader(journal_in(data))
        try:
            rebuild(
                new,
                schemas,
                journal,
                decode=decode_record,
                apply=apply,
                touches=touches,
                snapshots=fitting(data, schema_hash_of(schemas), journal),
                on_progress=lambda done, total: tell.far("replay", done, total),
            )
        finally:
            journal.close()
        return frozenset()
    tell.step("copy", f"{store.name} is copied to {new.name}")
    copy_into(store, new, lambda done, total: tell.far("copy", done, total))
    if steps:
        tell.step("migrate", f"{new.name} gets " + ", ".join(f"{step.number:04} {step.name}" for step in steps))
        go(new, steps)
    return frozenset(name for step in steps for name in step.changes)


def _compared(
    data: Path, running: Running, new: Path, following: Following, changed: frozenset[str], tell: Tell
) -> None:
    """Follow until caught up, and compare. From its end on the new store follows in a thread."""
    tell.step("follow", f"{new.name} takes in what came meanwhile")
    following.catch_up(lambda done, total: tell.far("follow", done, total))
    tell.step("compare", f"{new.name} with {running.store}")
    found = likeness(data / running.store, new, following.step, changed=changed)
    if found.differences:
        raise Differs(f"The new store is not like the old one: {'; '.join(found.differences[:_SHOWN])}")
    rows = f"{found.tables} tables, {found.rows:,} rows, {found.sampled:,} of them looked at"
    tell.step("compare", f"at record {found.sequence:,}: {rows}; nothing differs")
    following.start()
    config = decode(running.configuration)
    answers = asyncio.run(same_answers(replace(config, data=data), new))
    if answers.differences:
        raise Differs(f"The new release answers otherwise: {'; '.join(answers.differences[:_SHOWN])}")
    tell.step("compare", f"{answers.asked} answers of both releases; nothing differs")


def _switched(data: Path, where: Where, running: Running, number: int, following: Following, tell: Tell) -> Stands:
    own = own_release()
    following.check()
    tell.step("switch", f"{store_at(data, number).name} becomes the store of whoever starts from now on")
    drafts = switched(where, number, own), kept(where, where.numbers.current, running.release)
    try:
        append(data, *drafts)
    except JournalUnavailable as error:
        if not error.unknown or look(data).numbers.current != number:
            raise
    return _taken_over(data, look(data), running, number, following, tell)


def _taken_over(data: Path, where: Where, running: Running, number: int, following: Following, tell: Tell) -> Stands:
    own = own_release()
    tell.step("take over", f"release {own.release} replaces {running.release.release}, process by process")
    try:
        restart_with(data, own)
    except NotTakenOver:
        tell.step("put back", f"{running.store} becomes the store of whoever starts from now on")
        back = switched(where, number_in(running), running.release)
        append(data, back, finished(where, running.release, format=where.format))
        following.close()
        remove_store(data, number)
        raise
    words = f"release {own.release} serves from {store_at(data, number).name}"
    tell.step("done", words)
    return Stands(True, f"{words}; {UNFINISHED}", own.release, number)


def _changed(data: Path, where: Where) -> frozenset[str]:
    """What the migrations between the two stores change on purpose."""
    schemas, _, _, _, migrations = follows()
    if where.numbers.kept is None:
        return frozenset()
    try:
        steps = path_between(migrations, made_with(store_at(data, where.numbers.kept)), schema_hash_of(schemas))
    except NoPath:
        return frozenset()
    return frozenset(name for step in steps for name in step.changes)


def need_room(store: Path) -> None:
    """Raise NoRoom unless the disk has MIGRATION_FREE_TIMES_STORE times the store's size free, its log included."""
    log = store.with_name(store.name + "-wal")
    size = sum(path.stat().st_size for path in (store, log) if path.exists())
    free = shutil.disk_usage(store.parent).free
    if free < MIGRATION_FREE_TIMES_STORE * size:
        raise NoRoom(
            f"There is too little room: {free:,} bytes are free, and the store of {size:,} needs"
            f" {MIGRATION_FREE_TIMES_STORE} times its size beside it."
        )


def number_in(running: Running) -> int:
    """The number of the store that the running server serves from."""
    number = number_of(Path(running.store))
    assert number is not None
    return number
