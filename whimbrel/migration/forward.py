"""`whimbrel migrate`: this release takes over from the one that serves, with a store of its own made beside.

Design note, in the order of the steps. *Copy*: as of one moment, without the pages that nothing uses. *Migrate*: on the
copy, so that nobody waits for a lock and a mistake hurts nobody. *Follow*: by this release's rooms. *Compare*: rows at
the same record, then answers, before anybody depends on them. *Switch*: one record in the journal; who starts from then
on uses the new store. *Take over*: by the supervisor, one process after the other; the new store is made to follow from
here until this release's core has it. Whatever fails before the switch leaves nothing but a copy, which is removed;
what fails after it is switched back. A crash leaves what `standing.look` finds, and the next call goes on from there.
"""

from pathlib import Path
from typing import Final, NamedTuple

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import NewerRelease, refuse_newer, store_at, stores_in
from whimbrel.kernel.errors import Conflict, JournalUnavailable
from whimbrel.migration import entrusted
from whimbrel.migration.following import Following
from whimbrel.migration.making import Move, Tell, compare, make, need_room, number_in
from whimbrel.migration.standing import Where, alone, look, remove_leftovers, remove_store
from whimbrel.migration.switching import NotTakenOver, append, finished, kept, restart_with, serves, switched, wait_out
from whimbrel.reliability.releases import Release, Running, own_release
from whimbrel.upkeep import journal_in

UNFINISHED: Final = "end it with `whimbrel migrate --finish`, or go back with `whimbrel migrate --back`"


class Stands(NamedTuple):
    """How it stands when a command has ended. `done` is False where there was nothing to do."""

    done: bool
    words: str
    release: str
    store: int


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
    need_room(data / running.store)
    move = Move(data, running, max([*stores_in(data), where.numbers.current]) + 1, tell)
    try:
        make(move)
        following = Following(data, move.new)
        try:
            compare(move, following)
            with entrusted.following(data, number_in(running), running.release):
                _switch(move, where, following)
                return _take_over(move, following)
        finally:
            following.close()
    except BaseException:
        if look(data).numbers.current != move.number:
            remove_store(data, move.number)
        raise


def _go_on(data: Path, where: Where, running: Running, tell: Tell) -> Stands:
    """The switch is in the journal, and the release before serves still: somebody died in between."""
    move = Move(data, running, where.numbers.current, tell)
    tell.step("resume", f"{move.new.name} is there and switched to; it is made to follow again")
    following = Following(data, move.new)
    try:
        compare(move, following)
        with entrusted.following(data, number_in(running), running.release):
            return _take_over(move, following)
    finally:
        following.close()


def _settled(data: Path, where: Where, tell: Tell) -> Where:
    """A way back was cut off after the old release served again: end it."""
    tell.step("settle", f"an earlier migration was taken back to {store_at(data, where.numbers.current).name}")
    append(data, finished(where, where.switched or own_release(), format=where.format))
    return look(data)


def _switch(move: Move, where: Where, following: Following) -> None:
    following.check()
    move.tell.step("switch", f"{move.new.name} becomes the store of whoever starts from now on")
    to_new = switched(where, move.number, own_release())
    try:
        append(move.data, to_new, kept(where, where.numbers.current, move.running.release))
    except JournalUnavailable as error:
        if not error.unknown or look(move.data).numbers.current != move.number:
            raise


def _take_over(move: Move, following: Following) -> Stands:
    own, former = own_release(), move.running.release
    move.tell.step("take over", f"release {own.release} replaces {former.release}, process by process")
    try:
        restart_with(move.data, own)
    except NotTakenOver:
        move.tell.step("put back", f"{move.old.name} becomes the store of whoever starts from now on")
        where = look(move.data)
        to_old = switched(where, number_in(move.running), former)
        append(move.data, to_old, finished(where, former, format=where.format))
        following.close()
        remove_store(move.data, move.number)
        raise
    words = f"release {own.release} serves from {move.new.name}"
    move.tell.step("done", words)
    return Stands(True, f"{words}; {UNFINISHED}", own.release, move.number)
