"""`whimbrel migrate --back`: the release before serves again, with everything that was posted since.

Its store was kept and lacks only what came after the switch. The old release itself applies that, beside the server
(entrusted.py), before anything is switched: so nobody waits, and nothing is answered from a store that is behind. Then
it goes as on the way forward. At its end the newer store is removed: going forward again begins
with a new copy, which is compared again, because whoever goes back had a reason.
"""

from pathlib import Path
from typing import NamedTuple

from whimbrel.kernel.errors import Conflict
from whimbrel.migration.entrusted import following
from whimbrel.migration.forward import Stands
from whimbrel.migration.making import Tell, number_in
from whimbrel.migration.standing import Where, alone, look, remove_leftovers, remove_store
from whimbrel.migration.switching import NotTakenOver, append, finished, kept, restart_with, switched, wait_out
from whimbrel.reliability.releases import Release


class Pair(NamedTuple):
    """The two stores of an unfinished migration, and whose they are. The newer one has the higher number."""

    old: int
    older: Release
    new: int
    newer: Release


def back(data: Path, tell: Tell) -> Stands:
    """Go back. Returns when the release before serves; where no server runs, when it is the one to be started."""
    with alone(data):
        wait_out(data)
        where = look(data)
        pair = _pair(data, where)
        if where.running is not None and number_in(where.running) == pair.new:
            _return(data, where, pair, tell)
        return _ended(data, look(data), pair, tell)


def _pair(data: Path, where: Where) -> Pair:
    if where.numbers.kept is None:
        remove_leftovers(data, where)
        raise Conflict("There is no way back: no migration is unfinished here.")
    if where.switched is None or where.before is None:
        raise Conflict("There is no way back: the journal does not say any more which release was before.")
    here = (where.numbers.current, where.switched), (where.numbers.kept, where.before)
    (old, older), (new, newer) = sorted(here, key=lambda one: one[0])
    return Pair(old, older, new, newer)


def _return(data: Path, where: Where, pair: Pair, tell: Tell) -> None:
    """The newer release serves: the older one takes over."""
    old, older, new, newer = pair
    tell.step("follow", f"release {older.release} brings store-{old}.sqlite up to date")
    with following(data, old, older) as sequence, following(data, new, newer):
        tell.step("switch", f"at record {sequence:,}: store-{old}.sqlite is the store of whoever starts from now on")
        append(data, switched(where, old, older), kept(where, new, newer))
        tell.step("take over", f"release {older.release} replaces {newer.release}, process by process")
        try:
            restart_with(data, older)
        except NotTakenOver:
            tell.step("put back", f"store-{new}.sqlite is the store of whoever starts from now on")
            now = look(data)
            append(data, switched(now, new, newer), kept(now, old, older))
            raise


def _ended(data: Path, where: Where, pair: Pair, tell: Tell) -> Stands:
    """The older release serves, or nobody: end the migration where it began."""
    names = [switched(where, pair.old, pair.older)] if where.numbers.current != pair.old else []
    append(data, *names, finished(where, pair.older, format=where.format))
    remove_store(data, pair.new)
    serves = "serves" if where.running is not None else "is to be started: it will serve"
    words = f"release {pair.older.release} {serves} from store-{pair.old}.sqlite, as before the migration"
    tell.step("done", words)
    return Stands(True, words, pair.older.release, pair.old)
