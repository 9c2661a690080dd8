"""The core's loop: one thread that gathers what the clients sent, appends it in one transaction, and tells everybody.

Design note. Group commit needs no timer: while the disk syncs one batch the next requests pile up in the socket
buffers, so the batch grows by itself under load and is one group when idle. asyncio was considered and left out:
the loop blocks in fsync anyway, and plain non-blocking sockets cost a third of the processor time.

The order within a batch is the promise of the whole house: durable, then the head is published, then the records go
to every follower, then the answers. So whoever hears "done" and asks any process of this machine finds a head that
covers its write. The counter-example was to publish the head last: a client that was answered by one process read
an old page from another one whose views had not heard of the write and did not know that they should wait.

What it does not do: decide (the journal does), or wait for the store (the applier has a thread of its own).
"""

import logging
import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from whimbrel.engines.journal.head import HeadWriter
from whimbrel.engines.journal.inbox import BUSY, Inbox
from whimbrel.engines.journal.peer import Peer, committed_frames
from whimbrel.engines.journal.wire import (
    Answer,
    Answers,
    Append,
    Failed,
    Find,
    Follow,
    Following,
    Found,
    Leaving,
    Left,
    StoreAt,
    ToCore,
    frame,
)
from whimbrel.engines.sockets import identity_of, listen, remove_if_ours
from whimbrel.kernel.contracts import Journal
from whimbrel.kernel.errors import Corrupt, JournalUnavailable
from whimbrel.kernel.events import Group, Outcome, Record
from whimbrel.kernel.limits import (
    BATCH_BYTES_MAX,
    BATCH_GROUPS_MAX,
    CORE_LEAVE_SECONDS,
    CORE_STOP_FLUSH_SECONDS,
    JOURNAL_PROBE_SECONDS,
    PENDING_GROUPS_MAX,
)

T = TypeVar("T")

_log = logging.getLogger(__name__)


class _Waiting(NamedTuple):
    """A group that waits for its batch, and who wants to know: a client or a thread of this process."""

    group: Group
    peer: Peer | None
    request_id: int
    future: "Future[Outcome] | None"


class Batch(NamedTuple):
    """What one append did, for the metrics."""

    groups: int
    records: int
    seconds: float
    failed: bool


class CoreServer:
    """Serves `path` until `stop`. Whoever makes it holds the journal's lock, so a socket found there is stale."""

    def __init__(
        self,
        journal: Journal,
        head: HeadWriter,
        path: Path,
        *,
        on_committed: Callable[[Sequence[Record]], None],
        on_batch: Callable[[Batch], None],
    ) -> None:
        self._journal, self._head = journal, head
        self._on_committed, self._on_batch = on_committed, on_batch
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._listener = listen(path)
        self._identity = identity_of(path)
        self._listener.setblocking(False)
        self._inbox = Inbox()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._inbox.bell, selectors.EVENT_READ)
        self._peers: set[Peer] = set()
        self._waiting: deque[_Waiting] = deque()
        self._stopping = False
        self.busy_since: float | None = None
        """Since when (time.perf_counter) an append has been under way; None while there is none."""
        self.failing = ""
        """Why the journal does not take appends; empty while it does."""
        self._publish(journal.head()[0], ())

    @property
    def head(self) -> int:
        """Sequence of the newest durable record."""
        return self._head.head

    @property
    def buffered_bytes(self) -> int:
        """What the slowest client has not yet taken."""
        return max((peer.buffered_bytes for peer in list(self._peers)), default=0)

    @property
    def pending_groups(self) -> int:
        """How many groups wait for the next batch."""
        return len(self._waiting)

    @property
    def clients(self) -> int:
        """How many connections are open."""
        return len(self._peers)

    def run(self) -> None:
        """Serve until `stop`; then what the clients have sent is appended and answered, and everything is closed."""
        try:
            while not self._stopping:
                self._turn(self._pause_seconds())
            self._leave()
            while self._waiting:
                self._append_batch()
        finally:
            self._close()

    def stop(self) -> None:
        """Ask the loop to end. Safe from a signal handler and from any thread."""
        self._stopping = True
        with suppress(OSError):  # the loop may have seen it already, and have closed what wakes it
            self._inbox.ring()

    def submit(self, group: Group) -> "Future[Outcome]":
        """Append from another thread of the core (follow-up jobs); the group joins the next batch."""
        return self._inbox.submit(group)

    def call(self, work: Callable[[Journal], T]) -> "Future[T]":
        """Have the loop do something with the journal between two batches (erase, trim): it is for one thread."""
        return self._inbox.call(partial(work, self._journal))

    def tell_store_moved(self) -> None:
        """Have the followers told where the store stands. Safe from any thread; notices are merged."""
        self._inbox.tell_store_moved()

    def _pause_seconds(self) -> float | None:
        if self._waiting:
            return 0.0
        return JOURNAL_PROBE_SECONDS if self.failing else None

    def _turn(self, timeout_seconds: float | None) -> None:
        for key, events in self._selector.select(timeout_seconds):
            if isinstance(key.data, Peer):
                self._serve(key.data, events)
            elif key.fileobj is self._listener:
                self._accept()
            else:
                self._woken()
        self._append_batch()

    def _leave(self) -> None:
        """Take no new clients, tell the others, and serve what each sends until it has heard (see wire.py)."""
        self._selector.unregister(self._listener)
        remove_if_ours(self._path, self._identity)
        while self._accept():
            pass
        self._listener.close()
        for peer in list(self._peers):
            peer.send(frame(Leaving()))
            self._flush(peer)
        ends = time.monotonic() + CORE_LEAVE_SECONDS
        while not all(peer.left for peer in self._peers) and (left := ends - time.monotonic()) > 0:
            self._turn(0.0 if self._waiting else left)
        self._turn(0.0)

    def _accept(self) -> bool:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except OSError as error:  # out of file descriptors: the others must go on being served
            _log.error("a connection could not be accepted", extra={"error": str(error)})
            return False
        peer = Peer(connection)
        self._peers.add(peer)
        self._selector.register(connection, selectors.EVENT_READ, peer)
        # It may have looked at the store, and waits for it to move; while it stood in the queue nobody told it.
        peer.send(frame(StoreAt(self._head.store)))
        self._flush(peer)
        return True

    def _woken(self) -> None:
        self._inbox.hush()
        self._waiting.extend(_Waiting(group, None, 0, future) for group, future in self._inbox.submitted())
        self._inbox.do_calls()
        if self._inbox.store_has_moved():
            self._push([frame(StoreAt(self._head.store))], list(self._peers))

    def _serve(self, peer: Peer, events: int) -> None:
        try:
            messages = peer.receive() if events & selectors.EVENT_READ else []
            for message in messages:
                self._take(peer, message)
        except (OSError, EOFError) as error:
            self._drop(peer, error)
        except Corrupt as error:
            _log.error("a client sent what cannot be read", extra={"error": str(error)})
            self._drop(peer, error)
        else:
            self._flush(peer)

    def _take(self, peer: Peer, message: ToCore) -> None:
        match message:
            case Append(request_id, group):
                if len(self._waiting) < PENDING_GROUPS_MAX:
                    self._waiting.append(_Waiting(group, peer, request_id, None))
                else:
                    peer.send(frame(Failed(request_id, False, BUSY)))
            case Find(request_id, keys):
                peer.send(self._find(request_id, keys))
            case Follow(after, chain):
                peer.send(frame(Following(self._head.head, self._holds(after, chain))))
                peer.following = True
            case Left():
                peer.left = True

    def _find(self, request_id: int, keys: tuple[str, ...]) -> bytes:
        try:
            return frame(Found(request_id, self._journal.find(keys)))
        except JournalUnavailable as error:
            return frame(Failed(request_id, False, error.public))

    def _holds(self, after: int, chain: bytes) -> bool:
        """Whether the journal's record `after` is the one that the follower saw. Trimmed records count as seen."""
        if after > self._head.head:
            return False
        if not chain:
            return True
        try:
            records = self._journal.read(after=after - 1, limit=1, up_to=after)
        except JournalUnavailable as error:
            _log.error("what a follower has seen cannot be checked", extra={"after": after, "error": str(error)})
            return True
        return not records or records[0].chain == chain

    def _append_batch(self) -> None:
        if not self._waiting and not self.failing:
            return
        # After a failure even an empty batch is worth trying: it makes the journal recover as soon as it can.
        batch = self._next_batch()
        self.busy_since = started = time.perf_counter()
        try:
            outcomes, records = self._journal.append([waiting.group for waiting in batch])
        except JournalUnavailable as error:
            self._on_batch(Batch(len(batch), 0, time.perf_counter() - started, True))
            self._fail(batch, error)
            return
        finally:
            self.busy_since = None
        self._on_batch(Batch(len(batch), len(records), time.perf_counter() - started, False))
        self._recovered()
        if records:
            self._publish(records[-1].sequence, records)
        self._answer(batch, outcomes)
        for peer in list(self._peers):
            self._flush(peer)

    def _recovered(self) -> None:
        if self.failing:
            _log.warning("the journal takes appends again")
        self.failing = ""

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        bytes_left = BATCH_BYTES_MAX
        while self._waiting and len(batch) < BATCH_GROUPS_MAX and bytes_left > 0:
            waiting = self._waiting.popleft()
            bytes_left -= sum([len(draft.payload) for draft in waiting.group.drafts])
            batch.append(waiting)
        return batch

    def _publish(self, head: int, records: Sequence[Record]) -> None:
        self._head.publish_head(head, records[0].time_ms if records else time.time_ns() // 1_000_000)
        if records:
            self._on_committed(records)
            self._push(committed_frames(records), [peer for peer in self._peers if peer.following])

    def _push(self, frames: Sequence[bytes], peers: Sequence[Peer]) -> None:
        for peer in peers:
            peer.push(frames)
            self._flush(peer)

    def _answer(self, batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
        by_peer: dict[Peer, list[Answer]] = {}
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.future is not None:
                waiting.future.set_result(outcome)
            elif waiting.peer is not None:
                by_peer.setdefault(waiting.peer, []).append(Answer(waiting.request_id, outcome))
        for peer, answers in by_peer.items():
            peer.send(frame(Answers(self._head.head, tuple(answers))))

    def _fail(self, batch: Sequence[_Waiting], error: JournalUnavailable) -> None:
        self.failing = str(error)
        _log.error("the journal refused a batch", extra={"groups": len(batch), "error": self.failing})
        for waiting in batch:
            if waiting.future is not None:
                waiting.future.set_exception(error)
            elif waiting.peer is not None:
                waiting.peer.send(frame(Failed(waiting.request_id, error.unknown, error.public)))
        for peer in list(self._peers):
            self._flush(peer)

    def _flush(self, peer: Peer) -> None:
        try:
            peer.flush()
        except OSError as error:
            self._drop(peer, error)
            return
        if peer.owed_head and peer.may_be_pushed_to():
            peer.owed_head = False
            peer.send(frame(Following(self._head.head, True)))
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.buffered_bytes else 0)
        if peer in self._peers and self._selector.get_key(peer.socket).events != wanted:
            self._selector.modify(peer.socket, wanted, peer)

    def _drop(self, peer: Peer, why: Exception) -> None:
        if peer in self._peers:
            self._peers.remove(peer)
            self._selector.unregister(peer.socket)
            peer.socket.close()
            _log.info("a client has left", extra={"why": repr(why)})

    def _close(self) -> None:
        self._inbox.close()
        for peer in self._peers:
            peer.socket.settimeout(CORE_STOP_FLUSH_SECONDS)
            try:
                peer.flush_all()
            except OSError as error:
                _log.info("a client left before its last answer", extra={"why": repr(error)})
            peer.socket.close()
        self._selector.close()
        self._listener.close()
        remove_if_ours(self._path, self._identity)
