"""What the core does by itself once something has reached the store that more follows from.

Cascades: explicit events for everything that pointed at a deleted post or account, and for those who waited to follow
an account that was unlocked (microblog/cascades.py).
Erasure (rule 12): the content in the journal, and in the store's write-ahead log, is blanked ERASE_AFTER_MS
after the deletion, and at the latest when the core stops. The pause lets every follower pass the deletion first.

Both find what they still owe by asking the journal and the store at each start, so a crash only delays them. Nothing
here is waited for by anybody: it runs in a thread of its own, and reaches the journal's one writer through the core.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.contracts import Store
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.events import Group, Outcome, Record
from whimbrel.kernel.limits import APPEND_DEADLINE_SECONDS, ERASE_AFTER_MS, ERASE_IDS_MAX, FOLLOW_UP_SECONDS
from whimbrel.microblog import cascades
from whimbrel.microblog.vocabulary import DELETIONS

_log = logging.getLogger(__name__)

CONTENT: Final = (
    "AccountCreated",
    "ProfileChanged",
    "PasswordChanged",
    "AccountDisabled",
    "PostCreated",
    "PostEdited",
    "NoteWritten",
)
"""Types whose payloads are somebody's words or data. Deletions and edges stay, so that replays agree."""

Erase = Callable[[Sequence[int], Sequence[str]], int]


class Means(NamedTuple):
    """What the follow-ups work with: the store to ask, and three ways to the core.

    `submit` appends a group; `erase` blanks the content of these subjects in the journal and what is parked about
    them, and returns how many records that were; `owed` lists subjects with content left that were deleted (id, time).
    """

    store: Store
    submit: Callable[[Group], "Future[Outcome]"]
    erase: Erase
    owed: Callable[[], list[tuple[int, int]]]


class FollowUps:
    """One thread, from `start` to `finish`."""

    def __init__(self, means: Means, *, clock: Clock = wall_clock_ms) -> None:
        self._means, self._clock = means, clock
        self._owed: dict[str, set[int]] = {trigger: set() for trigger in cascades.TRIGGERS}
        self._erasures: dict[int, int] = {}
        self._news = threading.Condition()
        self._stopping = self._look_back = False
        self._thread = threading.Thread(target=self._run, name="follow-ups")

    def start(self) -> None:
        """Begin with what an earlier core still owed."""
        self._thread.start()

    def after_batch(self, records: Sequence[Record]) -> None:
        """The store has taken these in; none: it was opened. Called from the applier's thread; only notes."""
        causes = [record for record in records if record.type in cascades.TRIGGERS]
        if records and not causes and not self._owes():
            return
        with self._news:
            self._note(causes)
            self._look_back = self._look_back or not records
            self._news.notify()

    def finish(self, erase: Erase | None) -> None:
        """Stop, and erase at once all that was deleted. The core's loop has ended: `erase` writes directly.

        None: nothing is erased now. A successor takes over at once, and finds what is owed when it looks back.
        """
        with self._news:
            self._stopping = True
            self._news.notify()
        self._thread.join()
        self._means.store.close()
        if erase is not None:
            self._means = self._means._replace(erase=erase)
            self._carefully(lambda: self._erase(at_once=True))

    def _note(self, causes: Sequence[Record]) -> None:
        for record in causes:
            self._owed[record.type].add(record.id)
            if record.type in DELETIONS:
                self._erasures[record.id] = record.time_ms + ERASE_AFTER_MS

    def _owes(self) -> bool:
        return any(self._owed.values())

    def _run(self) -> None:
        while not self._stopping:
            for work in (self._remember, self._cascade, self._erase):
                self._carefully(work)
            with self._news:
                if not self._stopping and not self._look_back:
                    self._news.wait(self._pause_seconds())

    def _carefully(self, work: Callable[[], None]) -> None:
        # The store may be away, the journal's disk full: what is owed stays owed, and the next round tries again.
        try:
            work()
        except (WhimbrelError, TimeoutError) as error:
            _log.warning("a follow-up waits", extra={"error": str(error)})

    def _remember(self) -> None:
        with self._news:
            wanted, self._look_back = self._look_back, False
        if not wanted:
            return
        with self._news:
            for id_, deleted_ms in self._means.owed():
                self._erasures.setdefault(id_, deleted_ms + ERASE_AFTER_MS)
        with self._means.store.reading() as rows:
            unfinished = cascades.unfinished(rows)
        with self._news:
            for trigger, ids in unfinished.items():
                self._owed[trigger] |= ids

    def _cascade(self) -> None:
        with self._news:
            if not self._owes():
                return
            owed = {trigger: set(ids) for trigger, ids in self._owed.items()}
        with self._means.store.reading() as rows:
            groups = cascades.due(rows, owed)
        if not groups:
            with self._news:
                for trigger, ids in owed.items():
                    self._owed[trigger] -= ids
            return
        # Asked again when these events have come back through the store (`after_batch` wakes this thread), and after
        # a pause in any case: a key that was taken meanwhile refuses its group, which is what it is for.
        for outcome in [self._means.submit(group) for group in groups]:
            outcome.result(APPEND_DEADLINE_SECONDS)

    def _erase(self, *, at_once: bool = False) -> None:
        now_ms = self._clock()
        with self._news:
            due = [id_ for id_, due_ms in self._erasures.items() if at_once or due_ms <= now_ms]
        for start in range(0, len(due), ERASE_IDS_MAX):
            piece = due[start : start + ERASE_IDS_MAX]
            began = time.perf_counter()
            while self._means.erase(piece, CONTENT):
                pass
            with self._news:
                for id_ in piece:
                    del self._erasures[id_]
            seconds = round(time.perf_counter() - began, 3)
            _log.info("deleted content was erased", extra={"subjects": len(piece), "seconds": seconds})

    def _pause_seconds(self) -> float | None:
        if self._owes():
            return FOLLOW_UP_SECONDS
        if not self._erasures:
            return None
        return max(0.0, (min(self._erasures.values()) - self._clock()) / 1_000)
