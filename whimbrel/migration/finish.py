"""`whimbrel migrate --finish`: nobody goes back any more.

One record first: from it on nothing is kept, and this release's format of events is in force in every process that
reads it. Then what only the old release needed is taken away: the `post` parts of the migrations, and the old store. A
crash in between leaves work and no harm: a second call does what is left.
"""

from pathlib import Path

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.migrations import finish as finish_store
from whimbrel.engines.store.migrations import waiting
from whimbrel.engines.store.numbered import refuse_newer, schema_of, store_at
from whimbrel.kernel.errors import Conflict
from whimbrel.kernel.formats import FORMAT
from whimbrel.migration.forward import Stands
from whimbrel.migration.making import Tell, number_in
from whimbrel.migration.standing import Where, alone, look, remove_leftovers
from whimbrel.migration.switching import append, finished, wait_out
from whimbrel.reliability.releases import Release, own_release
from whimbrel.rooms import follows
from whimbrel.upkeep import journal_in


def finish(data: Path, tell: Tell) -> Stands:
    """Finish what this release has begun; also raises the format after it was started without `migrate`."""
    with alone(data):
        wait_out(data)
        where, own = look(data), own_release()
        _refuse(data, where, own)
        store, migrations = store_at(data, where.numbers.current), follows().migrations
        made = schema_of(store)
        posts = waiting(made, migrations) if made is not None else []
        if not where.unfinished and where.format >= FORMAT and not posts and not where.leftovers:
            return Stands(False, "nothing is unfinished here", own.release, where.numbers.current)
        if where.unfinished or where.format < FORMAT:
            tell.step("finish", f"format {max(FORMAT, where.format)} of events is in force; no way leads back")
            append(data, finished(where, own, format=max(FORMAT, where.format)))
        for name in finish_store(store, migrations):
            tell.step("migrate", f"{store.name} has the rest of {name}")
        where = look(data)
        for number in where.leftovers:
            tell.step("remove", store_at(data, number).name)
        remove_leftovers(data, where)
        words = f"release {own.release} serves from {store.name}; the migration is finished"
        tell.step("done", words)
        return Stands(True, words, own.release, where.numbers.current)


def _refuse(data: Path, where: Where, own: Release) -> None:
    journal = JournalReader(journal_in(data))
    try:
        refuse_newer(data, journal.find)
    finally:
        journal.close()
    if where.running is not None and where.running.release.release != own.release:
        raise Conflict(
            f"Release {where.running.release.release} serves, this is {own.release}: only the release that serves"
            " can finish. Run `whimbrel migrate` first, or finish from its environment."
        )
    if where.running is not None and number_in(where.running) != where.numbers.current:
        raise Conflict("A way back was cut off: run `whimbrel migrate --back` to go on, or `whimbrel migrate` to stay.")
    if where.unfinished and where.switched is not None and where.switched.release != own.release:
        raise Conflict(f"Release {where.switched.release} has begun this migration: finish from its environment.")
