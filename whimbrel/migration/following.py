"""Making a store that nobody serves from follow the journal, until the core of its own release takes it over.

Promises: never above the durable head (rule 7). For a moment two may apply to one store, this and a core: each
reads where the store stands within its own transaction and passes over what is at or below that, so every event takes
effect once, and the one that comes second has nothing left to do.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.applying import Applying
from whimbrel.engines.store.standing import Standing, check_against
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.errors import Corrupt, Unavailable
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX, FOLLOW_RETRY_SECONDS, MIGRATION_POLL_SECONDS
from whimbrel.reliability.releases import is_served
from whimbrel.rooms import follows
from whimbrel.upkeep import journal_in

_log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]


class Following:
    """Applies what is durable to one store with this release's rooms: step by step, or in a thread of its own.

    Raises Corrupt when the store is not of this release's schema or of another journal.
    """

    def __init__(self, data: Path, store: Path) -> None:
        schemas, decode, apply, subjects, _ = follows()
        self._journal = JournalReader(journal_in(data))
        self._head = HeadReader(data / "run" / "head") if is_served(data) else None
        self._writer = StoreWriter(store, schemas)
        check_against(self._journal, self._writer.standing())
        self._applying = Applying(self._writer, decode, apply, subjects=subjects)
        self._applying.replay_parked()  # this release may know what the one before could not apply
        self._cursor = self._writer.standing().sequence
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following")
        self._failed: Exception | None = None

    @property
    def head(self) -> int:
        """The newest record that may be read: what a core has published; where none runs, the last there is."""
        return self._head.head if self._head is not None else self._journal.head()[0]

    @property
    def standing(self) -> Standing:
        """Where the store stands."""
        return self._writer.standing()

    def step(self, up_to: int) -> int:
        """Apply one page of what the store lacks up to a record; returns where the store stands then."""
        wanted = min(up_to, self.head)
        if self._cursor < wanted:
            records = self._journal.read(after=self._cursor, limit=FOLLOW_READ_RECORDS_MAX, up_to=wanted)
            self._cursor = self._applying.apply_batch(records).sequence
        return self._cursor

    def catch_up(self, on_progress: OnProgress) -> int:
        """Apply until nothing is left; returns the head that was reached. The head moves on meanwhile."""
        while self.step(self.head) < (head := self.head):
            on_progress(self._cursor, head)
        on_progress(self._cursor, self._cursor)
        return self._cursor

    def start(self) -> None:
        """Go on in a thread."""
        self._thread.start()

    def check(self) -> None:
        """Raise what has ended the thread, if anything has."""
        if self._failed is not None:
            raise self._failed

    def close(self) -> None:
        """Stop, and empty the store's log: what was deleted meanwhile must not stand in it (rule 12)."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with suppress(Unavailable, Corrupt):  # in use by the core that took it over, which empties it too; or removed
            self._writer.empty_log()
        self._writer.close()
        self._journal.close()

    def _run(self) -> None:
        pause_seconds = 0.0
        while not self._stopping.wait(pause_seconds):
            try:
                pause_seconds = 0.0 if self.step(self.head) < self.head else MIGRATION_POLL_SECONDS
            except Unavailable:  # locked by the core that takes it over, or the journal in between two cores
                pause_seconds = FOLLOW_RETRY_SECONDS
            except Exception as error:  # noqa: BLE001 - whatever ends it is raised where somebody can act on it
                _log.error("the new store does not follow any more", exc_info=error)
                self._failed = error
                return
