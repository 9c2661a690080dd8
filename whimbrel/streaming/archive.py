"""The journal's file, asked for what somebody has missed: from an event on, bounded, in a thread of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from whimbrel.kernel.events import Event, Record, Vocabulary
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX, RESUME_EVENTS_MAX


class JournalFile(Protocol):
    """The journal as somebody reads it who does not write it."""

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` and not above `up_to`, oldest first."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Archive:
    """Finds and decodes records by event id. What cannot be decoded is left out: it is news to nobody."""

    def __init__(self, open_file: Callable[[], JournalFile], vocabulary: Vocabulary) -> None:
        self._open_file, self._vocabulary = open_file, vocabulary
        self._file: JournalFile | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive")

    async def since(self, event_id: int, *, up_to: int) -> list[Event] | None:
        """Events from `event_id` on (that one included) up to a sequence; None when too many, or not there any more.

        Raises JournalUnavailable or Corrupt.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._since, event_id, up_to)

    async def newest(self, limit: int, *, up_to: int) -> list[Event]:
        """The last events up to a sequence: those that are still there."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._newest, limit, up_to)

    def close(self) -> None:
        """Let go of the file and the thread."""
        self._thread.shutdown(wait=True)
        if self._file is not None:
            self._file.close()

    def _since(self, event_id: int, up_to: int) -> list[Event] | None:
        oldest = self._records(0, 1, up_to)
        if not oldest or (oldest[0].event_id > event_id and oldest[0].sequence > 1):
            return None
        low, high = oldest[0].sequence, up_to + 1  # the first sequence whose event is not before event_id
        while low < high:
            middle = (low + high) // 2
            found = self._records(middle - 1, 1, up_to)
            if found and found[0].event_id < event_id:
                low = found[0].sequence + 1
            else:
                high = middle
        return self._between(low - 1, up_to) if up_to - low < RESUME_EVENTS_MAX else None

    def _newest(self, limit: int, up_to: int) -> list[Event]:
        oldest = self._records(max(0, up_to - limit), 1, up_to)
        return (self._between(oldest[0].sequence - 1, up_to) if oldest else None) or []

    def _between(self, after: int, up_to: int) -> list[Event] | None:
        """Every event above `after` up to a sequence; None when some are gone, trimmed while this was read perhaps."""
        events: list[Event] = []
        while after < up_to:
            records = self._records(after, FOLLOW_READ_RECORDS_MAX, up_to)
            if not records or records[0].sequence != after + 1:
                return None
            after = records[-1].sequence
            events += [event for record in records if (event := self._decoded(record)) is not None]
        return events

    def _records(self, after: int, limit: int, up_to: int) -> list[Record]:
        if self._file is None:
            self._file = self._open_file()
        return self._file.read(after=after, limit=limit, up_to=up_to)

    def _decoded(self, record: Record) -> Event | None:
        try:
            return self._vocabulary.decode(record)
        except msgspec.DecodeError:
            return None
