"""The core process: the one writer of the journal, and the applier that makes the store follow it.

Promises: exactly one core runs on a data directory (the journal's lock); `run/core.sock` exists while it serves; on
SIGTERM it answers what it was sent and ends, on RETIRE too, leaving the journal to a core that stands by; it goes on
without the store, however that is. Commands that find no server running have a core in a thread of their own for as
long as they take (`linked_core`), on the same socket and by the same code, so there is no second way to write.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, Protocol

from whimbrel.config import HANDED_DOWN, Config, decode
from whimbrel.core_health import CoreHealth
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader, HeadWriter
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.server import CoreServer
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.applier import Applier, Follows
from whimbrel.engines.store.lost_journal import refuse_lost_journal
from whimbrel.engines.store.numbered import NewerRelease, numbers, refuse_newer, store_of
from whimbrel.engines.store.parked import parked_with_content
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.follow_ups import CONTENT, Erase, FollowUps, Means
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.events import Claim, Group, Record, draft
from whimbrel.kernel.formats import FORMAT
from whimbrel.kernel.limits import (
    APPEND_DEADLINE_SECONDS,
    CORE_CONNECT_SECONDS,
    CORE_LOCK_WAIT_SECONDS,
    CORE_STANDBY_SECONDS,
    THREAD_SWITCH_SECONDS,
)
from whimbrel.kernel.switching import FORMAT_KEY, MigrationFinished
from whimbrel.microblog.keys import DELETION_KEYS
from whimbrel.reliability.children import (
    ON_STANDBY,
    RETIRE,
    WILL_NOT_START,
    die_with_parent,
    leave_the_terminal_to_the_supervisor,
)
from whimbrel.reliability.control import ControlSocket, Reply
from whimbrel.reliability.disk import LEVELS, Level, has_room_for, may
from whimbrel.reliability.disk_watch import DiskWatch, Lookout
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.releases import PAGE, own_release, release_page
from whimbrel.rooms import ESSENTIAL, follows
from whimbrel.snapshotting import Pace, Snapshotting

_log = logging.getLogger("whimbrel.core")

_LOCK_POLL_SECONDS = 0.005
"""For as long as a successor waits for it, nobody can write."""

_ON_STANDBY: Final = {ON_STANDBY: lambda: Reply(200, "text/plain", "waiting for the predecessor's lock\n")}


class FollowsUp(Protocol):
    """What sets further things off once events have reached the store (follow_ups.FollowUps)."""

    def start(self) -> None:
        """Begin."""
        ...

    def after_batch(self, records: Sequence[Record]) -> None:
        """The store has taken these in; none: it was opened. In the applier's thread: must not wait for the store."""
        ...

    def finish(self, erase: Erase | None) -> None:
        """End; what is still to be erased is erased with `erase`, for the core's loop has ended. None: not now."""
        ...


MakeFollowUps = Callable[[Means], FollowsUp]


class Core:
    """Journal, socket and applier on one data directory. Raises JournalUnavailable or Corrupt when it cannot be.

    `vfs` names the SQLite file system that the journal is written through: for drills with failing disks.
    """

    def __init__(
        self,
        data: Path,
        rooms: Follows,
        *,
        essential: Sequence[str] = (),
        follow_ups: MakeFollowUps | None = None,
        clock: Clock = wall_clock_ms,
        vfs: str | None = None,
    ) -> None:
        run = data / "run"
        run.mkdir(parents=True, exist_ok=True, mode=0o700)
        journal_path = data / "journal.sqlite"
        if vfs is None:
            refuse_lost_journal(data, journal_path)
        self._journal = SqliteJournal(journal_path, clock=clock, essential=essential, vfs=vfs)
        _take_up(self._journal, data)
        self.store_path = store_path = store_of(data, numbers(self._journal.find))
        head = HeadWriter(run / "head")
        head.publish_store(0, clock())  # what a predecessor wrote says nothing of the file that lies there now
        if head.disk not in range(len(LEVELS)):  # the file was damaged
            head.publish_disk(0)
        disk = DiskWatch(data, refused=lambda: self._journal.on_reserve)
        self._lookout = Lookout(disk, partial(self._looked, head))
        self.health = CoreHealth(disk, head, clock)
        self.server = CoreServer(
            self._journal, head, run / "core.sock", on_committed=self._committed, on_batch=self.health.note_batch
        )
        self.applier = Applier(
            store_path,
            rooms,
            JournalReader(journal_path),
            head,
            on_moved=self.server.tell_store_moved,
            after_batch=self._taken_in,
            has_room_for=lambda size: may("rebuilds", disk.pressure.level) and has_room_for(size, disk.pressure.space),
        )
        store = SqliteStore(store_path)
        means = Means(store, self.server.submit, self._erase, partial(_owed, journal_path, store))
        self._follow_ups = follow_ups(means) if follow_ups else None
        self.health.watch(self.server, self.applier)
        self._retiring: threading.Thread | None = None

    def run(self) -> None:
        """Serve until `server.stop()`; everything is closed when it returns."""
        self.applier.start()
        if self._follow_ups:
            self._follow_ups.start()
        self._lookout.start()
        try:
            self.server.run()
        finally:
            self._lookout.stop()
            if self._retiring:
                self._retiring.join()
            else:
                self._end_following(self._erase_at_the_end)
            self._journal.close()

    def retire(self) -> None:
        """Leave to a successor that waits for the lock. Returns at once; safe from a signal handler; once at most.

        All that takes time comes first, while appends are still answered. So the journal is free as soon as the last
        one is: until then clients wait. What deletions still owe is the successor's, who finds it in the journal.
        """
        self._retiring = threading.Thread(target=self._retire, name="retiring")
        self._retiring.start()

    def _retire(self) -> None:
        try:
            self._end_following(None)
        finally:
            self.server.stop()

    def _end_following(self, erase: Erase | None) -> None:
        if self._follow_ups:
            self._follow_ups.finish(erase)
        self.applier.stop()

    def _committed(self, records: Sequence[Record]) -> None:
        self.applier.feed(records)

    def _taken_in(self, records: Sequence[Record]) -> None:
        if self._follow_ups:
            self._follow_ups.after_batch(records)

    def _looked(self, head: HeadWriter, level: Level) -> None:
        """The disk stands so: tell the other processes, and have the journal keep its reserve again if it can."""
        head.publish_disk(LEVELS.index(level))
        if self._journal.on_reserve:
            with suppress(JournalUnavailable):  # it stops, or the disk refuses still
                self.server.call(lambda _: self._journal.regain())

    def _erase(self, ids: Sequence[int], types: Sequence[str]) -> int:
        self.applier.erase(ids, types)
        return self.server.call(lambda _: self._blank(ids, types)).result(APPEND_DEADLINE_SECONDS)

    def _erase_at_the_end(self, ids: Sequence[int], types: Sequence[str]) -> int:
        self.applier.erase(ids, types)
        return self._blank(ids, types)

    def _blank(self, ids: Sequence[int], types: Sequence[str]) -> int:
        return self._journal.blank(ids, types=types)


def main() -> NoReturn:
    """Be the core process that the environment describes."""
    run(follows(), essential=ESSENTIAL, follow_ups=FollowUps)


def run(rooms: Follows, *, essential: Sequence[str] = (), follow_ups: MakeFollowUps | None = None) -> NoReturn:
    """Be a core process on the data directory of the handed-down configuration, for these rooms."""
    flags = argparse.ArgumentParser(prog="whimbrel.core")
    flags.add_argument("--parent", type=int)
    flags.add_argument("--standby", action="store_true", help="wait for a predecessor that is going to retire")
    told = flags.parse_args()
    if told.parent is not None:
        die_with_parent(told.parent)
    leave_the_terminal_to_the_supervisor()
    config = decode(os.environ[HANDED_DOWN])
    log_as_json("core", config.log_level, config.data)
    sys.setswitchinterval(THREAD_SWITCH_SECONDS)  # else the applier keeps the loop waiting for 5 ms at a time
    control = ControlSocket(config.data / "run" / "core.control.sock", _ON_STANDBY if told.standby else {})
    wait_seconds = CORE_STANDBY_SECONDS if told.standby else CORE_LOCK_WAIT_SECONDS
    core = _opened(lambda: Core(config.data, rooms, essential=essential, follow_ups=follow_ups), wait_seconds)
    signal.signal(signal.SIGTERM, lambda *_: core.server.stop())
    signal.signal(RETIRE, lambda *_: core.retire())
    about = {PAGE: lambda: release_page(core.store_path, os.environ[HANDED_DOWN])}
    control.answer({**core.health.pages(), **about})
    pace = Pace(config.snapshot_minutes, config.journal_days)
    snapshotting = Snapshotting(config.data, core.store_path, core.server.call, pace)
    core.health.watch_snapshots(snapshotting)
    snapshotting.start()
    try:
        core.run()
    finally:
        snapshotting.stop()
        control.close()
    sys.exit(0)


@asynccontextmanager
async def linked_core(config: Config) -> AsyncIterator[CoreLink]:
    """A link to the running core; where none runs, to one in a thread of this process. For commands.

    Raises JournalUnavailable when somebody holds the journal and does not answer.
    """
    core, held = _core_of_our_own(config)
    thread = threading.Thread(target=core.run, name="core") if core else None
    if thread:
        thread.start()
    run_directory = config.data / "run"
    link = CoreLink(run_directory / "core.sock", HeadReader(run_directory / "head"))
    link.start()
    try:
        if not await link.wait_connected(CORE_CONNECT_SECONDS):
            raise held or JournalUnavailable("The server's core does not answer.")
        yield link
    finally:
        await link.close()
        if core and thread:
            core.server.stop()
            await asyncio.to_thread(thread.join)


def _core_of_our_own(config: Config) -> tuple[Core | None, JournalUnavailable | None]:
    try:
        return Core(config.data, follows(), essential=ESSENTIAL, follow_ups=FollowUps), None
    except JournalUnavailable as error:
        return None, error


def _opened(make: Callable[[], Core], wait_seconds: float) -> Core:
    """The core; waits for the lock of a predecessor or a command that is just ending."""
    ends = time.monotonic() + wait_seconds
    while True:
        try:
            return make()
        except JournalUnavailable as error:
            if time.monotonic() > ends:
                _log.error("the journal cannot be opened", extra={"error": f"{error.public} {error}"})
                sys.exit(1)
            time.sleep(_LOCK_POLL_SECONDS)
        except (Corrupt, NewerRelease) as error:
            _log.error("the core will not start", extra={"error": str(error)})
            print(f"whimbrel: {error.public} {error}", file=sys.stderr)
            sys.exit(WILL_NOT_START)


def _take_up(journal: SqliteJournal, data: Path) -> None:
    """See that this release may write here, and begin what is new; what cannot be taken up is closed."""
    try:
        refuse_newer(data, journal.find)
        _begin(journal)
    except BaseException:
        journal.close()
        raise


def _begin(journal: SqliteJournal) -> None:
    """A journal that was never anybody else's begins with this release's format of events."""
    if FORMAT > 1 and journal.head()[0] == 1:
        first = MigrationFinished(own_release().release)
        journal.append([Group((draft(first, actor=0, id=FORMAT, claims=(Claim(FORMAT_KEY),)),))])


def _owed(path: Path, store: SqliteStore) -> list[tuple[int, int]]:
    """What was deleted and still has content: in the journal, or, where it was trimmed, in what is parked."""
    journal = JournalReader(path)
    try:
        owed = [found for prefix in DELETION_KEYS for found in journal.unerased(prefix, types=CONTENT)]
        with store.reading() as rows:
            parked = {f"{prefix}{id_}": id_ for id_ in parked_with_content(rows, CONTENT) for prefix in DELETION_KEYS}
        return [*owed, *[(parked[key], stamp.time_ms) for key, stamp in journal.find(list(parked)).items()]]
    finally:
        journal.close()


if __name__ == "__main__":
    main()
