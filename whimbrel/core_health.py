"""What the core says of itself on its control socket: alive, ready, and what it has counted.

Ready means that the journal takes appends. A store that is away is said, and does not make the core unready: home
timelines, posting and what else rule 8 names go on without it. Nor does a disk that is low, or full: deletions are
taken in, and what is served needs no room.
"""

import time

from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.server import Batch, CoreServer
from whimbrel.engines.store.applier import Applier
from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import APPEND_DEADLINE_SECONDS
from whimbrel.reliability.control import Pages, Reply
from whimbrel.reliability.disk_watch import DiskWatch
from whimbrel.reliability.health import EngineHealth, ProcessHealth, ViewHealth, view_families
from whimbrel.reliability.metrics import BATCH_GROUPS, Family, Histogram, counter, exposition, gauge
from whimbrel.snapshotting import Snapshotting


class CoreHealth:
    """Counts batches and answers the control socket, whose thread it must not keep waiting."""

    def __init__(self, disk: DiskWatch, head: HeadReader, clock: Clock) -> None:
        self._disk, self._head, self._clock = disk, head, clock
        self._seconds, self._sizes = Histogram(), Histogram(BATCH_GROUPS)
        self._records = self._failures = 0
        self._server: CoreServer | None = None
        self._applier: Applier | None = None
        self._snapshotting: Snapshotting | None = None

    def watch(self, server: CoreServer, applier: Applier) -> None:
        """Whom to ask."""
        self._server, self._applier = server, applier

    def watch_snapshots(self, snapshotting: Snapshotting) -> None:
        """Whom to ask about snapshots; a core of a command makes none."""
        self._snapshotting = snapshotting

    def note_batch(self, batch: Batch) -> None:
        """Count what an append did."""
        if batch.failed:
            self._failures += 1
            return
        self._seconds.observe(batch.seconds)
        self._sizes.observe(batch.groups)
        self._records += batch.records

    def pages(self) -> Pages:
        """The pages of the control socket."""
        return {"/livez": self._alive, "/readyz": self._ready, "/metrics": self._metrics}

    def _alive(self) -> Reply:
        stuck = self._stuck_seconds()
        if stuck > APPEND_DEADLINE_SECONDS:
            return Reply(503, "text/plain", f"an append has been under way for {stuck:.1f} s\n")
        return Reply(200, "text/plain", "ok\n")

    def _ready(self) -> Reply:
        engines = {"journal": self._journal(), "store": self._store(), "disk": self._room()}
        if self._snapshotting is not None:
            engines["snapshots"] = self._snapshotting.health()
        return ProcessHealth(engines["journal"].ok, engines, self._views()).reply()

    def _stuck_seconds(self) -> float:
        since = self._server.busy_since if self._server else None
        return 0.0 if since is None else time.perf_counter() - since

    def _journal(self) -> EngineHealth:
        if self._server is None or self._server.failing:
            return EngineHealth(False, self._server.failing if self._server else "starting")
        stuck = self._stuck_seconds()
        return EngineHealth(stuck < APPEND_DEADLINE_SECONDS, f"head {self._head.head}")

    def _store(self) -> EngineHealth:
        if self._applier is None:
            return EngineHealth(False, "starting")
        status = self._applier.status
        return EngineHealth(
            status.doing == "following", status.last_error if status.doing == "waiting" else status.doing
        )

    def _room(self) -> EngineHealth:
        found = self._disk.pressure
        return EngineHealth(found.level == "ok", found.words)

    def _views(self) -> dict[str, ViewHealth]:
        if self._applier is None:
            return {}
        status = self._applier.status
        lag_events = max(0, self._head.head - status.cursor)
        lag_seconds = self._head.store_age_seconds(self._clock()) if lag_events else 0.0
        return {
            "store": ViewHealth(status.cursor, lag_events, lag_seconds, status.parked, status.errors, status.last_error)
        }

    def _metrics(self) -> Reply:
        pending = self._server.pending_groups if self._server else 0
        clients = self._server.clients if self._server else 0
        buffered = self._server.buffered_bytes if self._server else 0
        families: list[Family] = [
            Family(
                "whimbrel_journal_append_seconds",
                "histogram",
                "Time of one transaction of the journal, its sync to disk included.",
                self._seconds.samples({}),
            ),
            Family("whimbrel_journal_batch_groups", "histogram", "Groups in one batch.", self._sizes.samples({})),
            counter("whimbrel_journal_records_total", "Records appended.", self._records),
            counter("whimbrel_journal_failures_total", "Batches that the disk refused.", self._failures),
            gauge("whimbrel_journal_pending_groups", "Groups that wait for a batch.", pending),
            gauge("whimbrel_core_buffered_bytes", "What the slowest client has not taken.", buffered),
            gauge("whimbrel_core_clients", "Connections to the core.", clients),
            *view_families(self._head.head, self._views()),
            *(self._snapshotting.families() if self._snapshotting is not None else ()),
            *self._disk.families(),
        ]
        return Reply(200, "text/plain; version=0.0.4", exposition(families))
