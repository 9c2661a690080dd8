"""Where a migration stands: what the journal, the stores and the running server say, and nothing else.

Nothing is remembered anywhere beside these, so a process that dies in the middle leaves nothing stale behind: the next
`whimbrel migrate` looks again, and goes on from what is true.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.files import remove_files
from whimbrel.engines.store.numbered import BUILDING, Numbers, format_in_force, number_of, numbers, store_at, stores_in
from whimbrel.engines.waiting import until
from whimbrel.kernel.errors import Conflict, Unavailable
from whimbrel.kernel.events import Stamp
from whimbrel.kernel.limits import MIGRATION_ANSWER_SECONDS, MIGRATION_POLL_SECONDS
from whimbrel.kernel.switching import FORMAT_KEY, KEPT_KEY, STORE_KEY
from whimbrel.microblog.vocabulary import VOCABULARY
from whimbrel.reliability.releases import Release, Running, is_served, running_release
from whimbrel.upkeep import journal_in


class Where(NamedTuple):
    """Everything there is to know. `running` is None when no server runs.

    `switched`: whose the current store is, if there was ever a switch; `before`: whose the kept one is.
    """

    numbers: Numbers
    running: Running | None
    switched: Release | None
    before: Release | None
    format: int
    leftovers: tuple[int, ...]
    keys: frozenset[str]

    def held(self, *keys: str) -> tuple[str, ...]:
        """Those of the keys that are held in the journal."""
        return tuple(key for key in keys if key in self.keys)

    @property
    def unfinished(self) -> bool:
        """Whether a migration was begun and neither finished nor taken back."""
        return self.numbers.kept is not None


def look(data: Path) -> Where:
    """Find out. Raises NotFound without a journal, Unavailable when a server runs that does not say what it is."""
    journal = JournalReader(journal_in(data))
    try:
        now, in_force = numbers(journal.find), format_in_force(journal.find)
        held = journal.find([STORE_KEY, KEPT_KEY, FORMAT_KEY])
        switched, before = (_release_in(journal, held.get(key)) for key in (STORE_KEY, KEPT_KEY))
    finally:
        journal.close()
    return Where(now, _running(data), switched, before, in_force, _leftovers(data, now), frozenset(held))


def remove_leftovers(data: Path, where: Where) -> None:
    """Remove stores that nobody can come to use: what a migration that was interrupted has left."""
    for number in where.leftovers:
        remove_store(data, number)


def remove_store(data: Path, number: int) -> None:
    """Remove a store, and what was being built to become it."""
    store = store_at(data, number)
    remove_files(store)
    remove_files(store.with_name(store.name + BUILDING))


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """For as long as the block runs nobody else migrates this data directory.

    Raises Conflict when somebody does, NotFound where there is no journal: nothing is made in a mistyped directory.
    """
    run = journal_in(data).parent / "run"
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(run / "migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            raise Conflict(f"A migration is under way already: process {holder}.") from None
        os.pwrite(handle, f"{os.getpid():<19}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _leftovers(data: Path, now: Numbers) -> tuple[int, ...]:
    there = stores_in(data)
    if now.current not in there:
        return ()  # nothing is thrown away while the store itself is missing
    half = (data / path.name.removesuffix(BUILDING) for path in data.glob(f"store-*{BUILDING}"))
    begun = {number_of(path) for path in half} - {None}
    return tuple(sorted(number for number in {*there, *begun} if number and number not in (now.current, now.kept)))


def _running(data: Path) -> Running | None:
    """The server, given a moment when its core is just being started again."""
    if not is_served(data):
        return None
    found = until(lambda: running_release(data), MIGRATION_ANSWER_SECONDS, MIGRATION_POLL_SECONDS)
    if found is None:
        raise Unavailable("A server runs here, and its core does not say which release it is.")
    return found


def _release_in(journal: JournalReader, stamp: Stamp | None) -> Release | None:
    """The release that a StoreSwitched or StoreKept names; None when there is none, or it was trimmed."""
    if stamp is None:
        return None
    records = journal.read(after=stamp.sequence - 1, limit=1)
    if not records or records[0].sequence != stamp.sequence:
        return None
    data = VOCABULARY.decode(records[0]).data
    return Release(data.release, data.python)
