"""`python -m whimbrel.migration.overdue`, a child of the core: ends a migration that nobody has finished in time.

The store that was kept for the way back holds what was deleted since, and that may be in no file after
MIGRATION_KEPT_DAYS_MAX days (rule 12). So whoever serves stays: one record says so, as `--finish` does, and the
other store goes. It looks again under the lock that every `migrate` holds, so it meets nobody in the middle; where
somebody migrates at this moment it does nothing, and the core asks again later.
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.migrations import finish
from whimbrel.engines.store.numbered import number_of
from whimbrel.engines.store.overdue import overdue
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.formats import FORMAT
from whimbrel.migration.standing import alone, look, remove_leftovers
from whimbrel.migration.switching import append, finished, switched, wait_out
from whimbrel.reliability.children import die_with_parent, leave_the_terminal_to_the_supervisor
from whimbrel.reliability.releases import own_release
from whimbrel.rooms import follows
from whimbrel.upkeep import journal_in


def main() -> NoReturn:
    """End the migration of the data directory that the command line names."""
    flags = argparse.ArgumentParser(prog="whimbrel.migration.overdue")
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--parent", type=int, required=True)
    told = flags.parse_args()
    die_with_parent(told.parent)
    leave_the_terminal_to_the_supervisor()
    try:
        end(told.data, now_ms=wall_clock_ms())
    except (WhimbrelError, OSError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(1)
    sys.exit(0)


def end(data: Path, *, now_ms: int) -> None:
    """End the migration if it is overdue; the release that serves, which must be this one, goes on serving.

    Raises Conflict while somebody migrates, and what appending and looking raise. What a crash leaves undone is
    removed by the next call of `migrate`, or said by doctor.
    """
    with alone(data):
        wait_out(data)
        where, own = look(data), own_release()
        if where.running is None or not own.is_same_as(where.running.release):
            return
        store = data / where.running.store
        if not _is_overdue(data, store, now_ms):
            return
        number = number_of(store)
        assert number is not None
        stays = [switched(where, number, own)] if where.numbers.current != number else []
        append(data, *stays, finished(where, own, format=max(FORMAT, where.format)))
        finish(store, follows().migrations)
        remove_leftovers(data, look(data))


def _is_overdue(data: Path, store: Path, now_ms: int) -> bool:
    journal = JournalReader(journal_in(data))
    try:
        return overdue(data, journal, store, now_ms) is not None
    finally:
        journal.close()


if __name__ == "__main__":
    main()
