"""One connection of the core: what was sent and not yet taken is kept, within a limit."""

import socket
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from whimbrel.engines.journal.wire import TO_CORE, Committed, FrameReader, ToCore, frame
from whimbrel.kernel.events import Record
from whimbrel.kernel.limits import COMMITTED_BYTES_MAX, FOLLOWER_BUFFER_BYTES_MAX

_RECEIVE_BYTES: Final = 256 * 1024
_GATHERED_MAX: Final = 64
"""Buffers given to one sendmsg; the system's own limit is 1,024."""


class Peer:
    """A client's connection.

    A follower that does not take its pushes is not waited for and not disconnected: above
    FOLLOWER_BUFFER_BYTES_MAX pushes are left out and it is owed one notice of the head, from which it catches up by
    reading the journal's file.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.following = False
        self.owed_head = False
        self.left = False
        """Whether it has said that it sends nothing more."""
        self.buffered_bytes = 0
        self._out: deque[bytes | memoryview] = deque()
        self._reader: FrameReader[ToCore] = FrameReader(TO_CORE)

    def receive(self) -> list[ToCore]:
        """What has come in. Raises EOFError when the client is gone, Corrupt when it sends nonsense."""
        try:
            delivered = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return []
        if not delivered:
            raise EOFError
        return self._reader.feed(delivered)

    def send(self, data: bytes) -> None:
        """Keep `data` for the next `flush`."""
        self._out.append(data)
        self.buffered_bytes += len(data)

    def push(self, frames: Sequence[bytes]) -> None:
        """Send a follower news, unless it is too far behind to take them."""
        if self.owed_head or not self.may_be_pushed_to(limit=FOLLOWER_BUFFER_BYTES_MAX):
            self.owed_head = True
            return
        for data in frames:
            self.send(data)

    def may_be_pushed_to(self, *, limit: int = FOLLOWER_BUFFER_BYTES_MAX // 2) -> bool:
        """Whether less than `limit` waits; the default is lower so that stopping and going on do not alternate."""
        return self.buffered_bytes < limit

    def flush(self) -> None:
        """Send what the socket takes at once. Raises OSError when the client is gone."""
        while self._out:
            gathered = [self._out[position] for position in range(min(len(self._out), _GATHERED_MAX))]
            try:
                sent = self.socket.sendmsg(gathered)
            except BlockingIOError:
                return
            self._sent(sent)

    def flush_all(self) -> None:
        """Send everything, waiting as long as the socket's timeout allows."""
        while self._out:
            self._sent(self.socket.send(self._out[0]))

    def _sent(self, count: int) -> None:
        self.buffered_bytes -= count
        while count:
            first = self._out.popleft()
            if count < len(first):
                self._out.appendleft(memoryview(first)[count:])
                return
            count -= len(first)


def committed_frames(records: Sequence[Record]) -> list[bytes]:
    """The records as frames, encoded once for all followers, none longer than a frame may be."""
    return [frame(Committed(tuple(part))) for part in _parts(records)]


def _parts(records: Sequence[Record]) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = 0
    for record in records:
        size += len(record.payload)
        if size > COMMITTED_BYTES_MAX and part:
            yield part
            part, size = [], len(record.payload)
        part.append(record)
    yield part
