"""How far the journal and the store are, for every process on the machine, without asking anybody.

A file of aligned 64-bit words, `run/head`, mapped by all: the core writes, the others read. It is what makes "read
your own writes" cheap: a request notes the durable head on arrival (one load from memory) and goes on at once when
its views have reached it. The file outlives the core: a new core writes into the same one, so that the mappings of
the other processes stay true.

Each word is written by one aligned 8-byte store, so a reader sees the old value or the new one. Two words may be of
different moments; who needs both reads the store's first, then the journal's: the answer errs towards "behind".
"""

import mmap
import os
from pathlib import Path
from typing import Final

_BYTES: Final = 4_096
_HEAD, _STORE, _STORE_TIME, _DISK = range(4)


class HeadReader:
    """What the core has published. Reading costs a load from memory, no system call."""

    def __init__(self, path: Path) -> None:
        """Maps the file; makes it when no core ever ran here (then everything reads 0)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Not ftruncate: a page that is not there yet is made at the first write, and on a full disk that kills.
            os.posix_fallocate(handle, 0, _BYTES)
            self._words = memoryview(mmap.mmap(handle, _BYTES)).cast("q")
        finally:
            os.close(handle)

    @property
    def head(self) -> int:
        """Sequence of the newest durable record."""
        return self._words[_HEAD]

    @property
    def store(self) -> int:
        """Sequence that the store stands at."""
        return self._words[_STORE]

    @property
    def store_time_ms(self) -> int:
        """The store holds everything from before this moment (milliseconds since 1970)."""
        return self._words[_STORE_TIME]

    @property
    def disk(self) -> int:
        """How the disk stands, as the core's number for it: 0 is well."""
        return self._words[_DISK]

    def store_age_seconds(self, now_ms: int) -> float:
        """How far the store is behind in time; 0.0 when it has taken everything in."""
        if self.store >= self.head:
            return 0.0
        return max(0, now_ms - self.store_time_ms) / 1_000


class HeadWriter(HeadReader):
    """The core's side. The journal's head is published by its loop, the store's cursor by the applier."""

    def publish_head(self, sequence: int, first_time_ms: int) -> None:
        """Say that everything up to `sequence` is durable; the first of what is new has `first_time_ms`."""
        if self.store >= self.head:
            self._words[_STORE_TIME] = first_time_ms
        self._words[_HEAD] = sequence

    def publish_store(self, sequence: int, time_ms: int) -> None:
        """Say that the store stands at `sequence`, whose time is `time_ms`."""
        self._words[_STORE_TIME] = time_ms
        self._words[_STORE] = sequence

    def publish_disk(self, level: int) -> None:
        """Say how the disk stands."""
        self._words[_DISK] = level
