"""When snapshots of the store are made, when old ones go, and when the journal is trimmed behind them. In the core.

The copying is done by a child process of low priority (snapshot_process.py): in a thread of the core it would take the
interpreter from the loop that everybody's posts wait for. Another ends a migration whose kept store is too old for the
same reason as an old snapshot (migration/overdue.py). Trimming is done by that loop itself, in pieces of a few
milliseconds between appends. On a disk that is nearly full no snapshot is made, and the journal is trimmed right
behind the newest one there is.

Nothing here is waited for by anybody, and what fails is said (/readyz, metrics, doctor) and tried again.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.overdue import overdue
from whimbrel.engines.store.snapshot_files import OnProgress
from whimbrel.engines.store.snapshots import (
    Busy,
    Snapshot,
    expire,
    list_snapshots,
    newest_fitting,
    take_snapshot,
    verify_snapshot,
)
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.contracts import Journal
from whimbrel.kernel.errors import NotFound, Unavailable, WhimbrelError
from whimbrel.kernel.limits import (
    APPEND_DEADLINE_SECONDS,
    MIGRATION_KEPT_DAYS_MAX,
    SNAPSHOT_ANSWER_BYTES_MAX,
    SNAPSHOT_IDLE_MS_MAX,
    SNAPSHOT_LOOK_SECONDS,
    SNAPSHOT_RETRY_SECONDS,
    SNAPSHOT_START_SECONDS,
    TRIM_PAUSE_SECONDS,
)
from whimbrel.reliability.children import of_this_process
from whimbrel.reliability.disk import Level, may, pressure
from whimbrel.reliability.health import EngineHealth
from whimbrel.reliability.metrics import Family, counter, gauge
from whimbrel.trimming import DAY_MS, trimmable

_log = logging.getLogger(__name__)

Call = Callable[[Callable[[Journal], int]], "Future[int]"]
"""Has the core's loop do something with the journal between two batches."""

BUSY: Final = 75
"""How the child ends that found somebody else at it (EX_TEMPFAIL of sysexits.h)."""


class SnapshotFailed(Unavailable):
    """A child process could not do its work; the text says why."""

    code = "snapshot_failed"


class Status(NamedTuple):
    """How it goes: the newest snapshot that fits, the store's cursor, the newest record that was trimmed, and how long
    the last snapshot took."""

    newest: Snapshot | None = None
    cursor: int = 0
    trimmed: int = 0
    seconds: float = 0.0
    failures: int = 0
    last_error: str = ""


class Taken(msgspec.Struct, frozen=True):
    """A snapshot as it is shown. `state`: verified, not verified, or damaged with why; times in ms since 1970."""

    sequence: int
    made_ms: int
    verified_ms: int | None
    bytes: int
    checksum: str
    state: str
    path: str


class Pace(msgspec.Struct, frozen=True):
    """The operator's wishes: minutes between snapshots (0: none by themselves), and days of journal kept (0: none).

    `start_seconds`: how long after its start the core makes the first one; then it looks every `look_seconds`.
    """

    minutes: int
    journal_days: int
    start_seconds: float = SNAPSHOT_START_SECONDS
    look_seconds: float = SNAPSHOT_LOOK_SECONDS


def make_snapshot(
    data: Path, *, on_progress: OnProgress | None = None, gentle: bool = True, clock: Clock = wall_clock_ms
) -> Snapshot:
    """Take a snapshot now, verify it, and let older ones go. Beside a running server or without one.

    Raises StoreUnavailable, JournalUnavailable, Corrupt, NoRoom, Busy: then the older ones stay as they are.
    """
    taken = take_snapshot(data, on_progress=on_progress, gentle=gentle, clock=clock)
    journal = JournalReader(data / "journal.sqlite")
    try:
        verified = verify_snapshot(taken, journal, on_progress=on_progress, clock=clock)
    finally:
        journal.close()
    with suppress(Busy):  # then whoever is at it expires them
        expire(data, clock())
    return verified


def make_now(data: Path, on_progress: OnProgress) -> Taken:
    """`make_snapshot` for a command: at full speed when no server runs that it could disturb.

    Raises NotFound where there is no journal.
    """
    if not (data / "journal.sqlite").exists():
        raise NotFound(f'data: "{data}": there is no journal; expected the data directory of a server')
    return _shown(make_snapshot(data, on_progress=on_progress, gentle=(data / "run" / "core.sock").exists()))


def taken_so_far(data: Path) -> list[Taken]:
    """Every snapshot of a data directory, newest first."""
    return [_shown(one) for one in list_snapshots(data)]


def _shown(one: Snapshot) -> Taken:
    state = f"damaged: {one.damage}" if one.damage else "verified" if one.is_verified else "not verified"
    return Taken(one.sequence, one.made_ms, one.verified_ms, one.bytes, one.checksum, state, str(one.path))


def is_due(newest: Snapshot | None, cursor: int, now_ms: int, minutes: int) -> bool:
    """Whether a snapshot is to be made of a store at `cursor`. Where nothing happens one a day is enough."""
    if not minutes or newest is None:
        return bool(minutes)
    age_ms = now_ms - newest.made_ms
    return age_ms < 0 or age_ms >= (minutes * 60_000 if cursor > newest.sequence else SNAPSHOT_IDLE_MS_MAX)


class Snapshotting:
    """One thread of the core, between `start` and `stop`. `store` is the store that the core's applier writes."""

    def __init__(self, data: Path, store: Path, call: Call, pace: Pace, *, clock: Clock = wall_clock_ms) -> None:
        self._data, self._call, self._pace, self._clock = data, call, pace, clock
        self._store, self._journal = SqliteStore(store), JournalReader(data / "journal.sqlite")
        self._serving, self._end_from = store, 0.0
        self._level: Level = "ok"
        self._status = Status()
        self._not_before = time.monotonic() + pace.start_seconds
        self._news = threading.Condition()
        self._stopping = False
        self._child: int | None = None
        self._thread = threading.Thread(target=self._run, name="snapshots")

    @property
    def status(self) -> Status:
        """How it goes. From any thread."""
        return self._status

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; a snapshot that is being made is given up, and swept by the next one."""
        with self._news:
            self._stopping = True
            self._news.notify()
            if self._child is not None:
                os.kill(self._child, signal.SIGTERM)
        self._thread.join()
        self._store.close()
        self._journal.close()

    def health(self) -> EngineHealth:
        """For /readyz: is there a snapshot that is new enough, or why not?"""
        newest, cursor, trimmed, _, _, error = self._status
        if newest is None:
            lost = "the journal was trimmed and no snapshot fits" if trimmed else ""
            return EngineHealth(not error and not lost, "; ".join(filter(None, (lost, error))) or "none yet")
        age_ms = self._clock() - newest.made_ms
        words = f"newest at record {newest.sequence}, {age_ms // 60_000} minutes old; journal from {trimmed + 1}"
        allowed_ms = 2 * (self._pace.minutes * 60_000 if cursor > newest.sequence else SNAPSHOT_IDLE_MS_MAX)
        late = bool(self._pace.minutes) and age_ms > allowed_ms
        return EngineHealth(not error and not late, f"{words}; {error}" if error else words)

    def families(self) -> list[Family]:
        """For /metrics."""
        newest, _, trimmed, seconds, failures, _ = self._status
        age = [] if newest is None else [max(0, self._clock() - newest.made_ms) / 1_000]
        return [
            *[gauge("whimbrel_snapshot_age_seconds", "Age of the newest verified snapshot.", one) for one in age],
            gauge("whimbrel_snapshot_seconds", "How long the last snapshot took.", seconds),
            counter("whimbrel_snapshot_failures_total", "Snapshots that could not be made.", failures),
            gauge("whimbrel_journal_trimmed_sequence", "Newest record that the journal has forgotten.", trimmed),
        ]

    def _run(self) -> None:
        said = ""
        while not self._stopping:
            self._wait(self._pace.look_seconds)  # first, because a new server has no store yet
            wrong = "" if self._stopping else self._wrong_with_a_look()
            if wrong and wrong != said:  # once, not at every look of an hour in which a store is built
                _log.warning("snapshots wait", extra={"error": wrong})
            said = wrong

    def _wrong_with_a_look(self) -> str:
        try:
            self._look()
        except (WhimbrelError, OSError, TimeoutError) as error:
            return str(error)
        return ""

    def _look(self) -> None:
        """One round: end what is overdue, make what is due, let go of what is old, trim."""
        self._level = pressure(self._data, self._level).level
        self._end_overdue()
        self._look_up()
        due = is_due(self._status.newest, self._status.cursor, self._clock(), self._pace.minutes)
        if due and time.monotonic() < self._not_before:
            return  # a newer one comes first, whatever is old
        if due:
            self._make()
        self._expire()
        self._trim()

    def _look_up(self) -> None:
        standing = self._store.standing()
        newest = newest_fitting(self._data, standing.schema_hash, self._journal)
        trimmed, _ = self._journal.beginning()
        self._status = self._status._replace(newest=newest, cursor=standing.sequence, trimmed=trimmed)

    def _make(self) -> None:
        began = time.monotonic()
        try:
            if not may("snapshots", self._level):
                raise SnapshotFailed(f"no snapshot is made: the disk is {self._level}")
            self._have_done("whimbrel.snapshot_process")
        except Busy:  # a backup makes one, or an operator: that one will do
            self._not_before = time.monotonic() + SNAPSHOT_RETRY_SECONDS
            return
        except (WhimbrelError, OSError) as error:
            if self._stopping:
                return
            if str(error) != self._status.last_error:
                _log.error("a snapshot could not be made", extra={"error": str(error)})
            self._not_before = time.monotonic() + SNAPSHOT_RETRY_SECONDS
            self._status = self._status._replace(failures=self._status.failures + 1, last_error=str(error))
            return
        self._status = self._status._replace(seconds=time.monotonic() - began, last_error="")
        self._look_up()

    def _end_overdue(self) -> None:
        """Have an unfinished migration ended when the store that it keeps is too old."""
        if time.monotonic() < self._end_from:
            return
        other = overdue(self._data, self._journal, self._serving, self._clock())
        if other is None:
            return
        days = MIGRATION_KEPT_DAYS_MAX
        self._end_from = time.monotonic() + SNAPSHOT_RETRY_SECONDS
        try:
            self._have_done("whimbrel.migration.overdue")
            _log.warning("a migration was ended: the way back was too old", extra={"store": other.name, "days": days})
        except (WhimbrelError, OSError) as error:
            if not self._stopping:
                _log.error("an overdue migration could not be ended", extra={"store": other.name, "error": str(error)})

    def _have_done(self, module: str) -> None:
        """Run a child to its end. Raises SnapshotFailed with what it said, Busy when somebody else was at it."""
        ours, theirs = os.pipe()
        flags = ["--data", str(self._data), "--parent", str(os.getpid())]
        words = of_this_process().words([module, *flags])
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, theirs, 1)]
        try:
            with self._news:
                if self._stopping:
                    raise SnapshotFailed("the core is stopping")
                self._child = child = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
        finally:
            os.close(theirs)
            with open(ours, "rb") as answers:
                said = answers.read(SNAPSHOT_ANSWER_BYTES_MAX).decode("utf-8", "replace").strip()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        with self._news:
            self._child = None  # before its id is free for another process
            _, ended = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(ended)
        if code == BUSY:
            raise Busy(said)
        if code:
            raise SnapshotFailed(said or f"{module} ended with {code}")

    def _expire(self) -> None:
        with suppress(Busy):
            if gone := expire(self._data, self._clock()):
                _log.info("old snapshots are gone", extra={"sequences": [one.sequence for one in gone]})
                self._look_up()

    def _trim(self) -> None:
        newest = self._status.newest
        if newest is None or newest.sequence <= self._status.trimmed:
            return
        days = self._pace.journal_days if self._level == "ok" else 0
        since_ms = self._clock() - days * DAY_MS if days else None
        limit = trimmable(self._data, self._journal, newest, since_ms)
        if limit <= self._status.trimmed:
            return
        records = self._pieces(lambda journal: journal.trim(up_to=limit))
        freed = self._pieces(lambda journal: journal.shrink())
        self._status = self._status._replace(trimmed=self._journal.beginning()[0])
        _log.info("the journal is trimmed", extra={"up_to": limit, "records": records, "freed_bytes": freed})

    def _pieces(self, work: Callable[[Journal], int]) -> int:
        total = 0
        while not self._stopping and (done := self._call(work).result(APPEND_DEADLINE_SECONDS)):
            total += done
            self._wait(TRIM_PAUSE_SECONDS)
        return total

    def _wait(self, seconds: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._stopping, seconds)
