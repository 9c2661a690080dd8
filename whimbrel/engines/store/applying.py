"""Applying: records in, rows and cursor out, one transaction a batch.

Design note. A savepoint around every event costs two statements each; nearly no event ever raises. So a batch is
first applied plainly, and only when something raised is it undone and applied again event by event, each in a
savepoint: that second time is the retry of rule 9, and what raises again is parked in the same transaction. A fault of
the file is not the event's fault and parks nothing.

A deletion is never held up. Were it parked with what it is about, the content would be erased from the journal, and
a store built from that would lack rows which this one still shows. So what is parked about its subject is settled
first, as in a store that meets it erased: what can be applied is, of the rest nothing remains. Only an event of a type
that is unknown stays parked, for the version that knows it, and holds nothing up any more.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from whimbrel.engines.store.parked import PLAIN_SUBJECTS, Parking, Subjects, ViewStopped, blank_parked
from whimbrel.engines.store.standing import Standing
from whimbrel.engines.store.writer import Pen, StoreWriter
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.events import JOURNAL_OPENED, Event, Record, UnknownEvent

_log = logging.getLogger(__name__)

Decode = Callable[[Record], Event]
Apply = Callable[[Writing, Event], None]
_NOT_THE_EVENTS_FAULT = (StoreUnavailable, Corrupt, ViewStopped, MemoryError)


class Applied(NamedTuple):
    """What a batch came to: where the store stands now, and how many events it has newly parked."""

    sequence: int
    parked: int


class _Attempt(NamedTuple):
    """How an event is tried. `held`: the subjects that were held while it was parked; None: it comes the first time.

    `deleted`: the subject whose deletion follows.
    """

    held: frozenset[int] | None = None
    deleted: int | None = None


_FIRST: Final = _Attempt()


class Applying:
    """Feeds the rooms' `apply` through one writer.

    `decode` may raise for a payload that does not fit its type: that event is parked like any other that raises.
    """

    def __init__(
        self, writer: StoreWriter, decode: Decode, apply: Apply, *, subjects: Subjects = PLAIN_SUBJECTS
    ) -> None:
        self._writer, self._decode, self._apply = writer, decode, apply
        self._touches, self._deletions = subjects

    def apply_batch(self, records: Sequence[Record]) -> Applied:
        """Take in the records that are above the cursor, all in one transaction; those below it are passed over.

        Raises Corrupt when a record is missing in between or the file must be rebuilt, StoreUnavailable when it is
        worth trying again, ViewStopped above PARKED_EVENTS_MAX. Then nothing of the batch was applied.
        """
        try:
            return self._in_one(records, careful=False)
        except _NOT_THE_EVENTS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a room raises: the careful way finds which event it was
            _log.warning("a batch is applied event by event", extra={"error": repr(error)})
        return self._in_one(records, careful=True)

    def replay_parked(self) -> Applied:
        """Apply what is parked again, in order, with this version's rooms; what still raises stays parked."""
        with self._writer.writing() as rows:
            parking = Parking(rows)
            self._try_again(rows, parking, None)
            return Applied(rows.cursor, parking.count)

    def blank_parked(self, ids: Sequence[int], types: Sequence[str]) -> int:
        """Erase parked content of these types about `ids`, as the journal's `blank` does; returns how many."""
        with self._writer.writing() as rows:
            return blank_parked(rows, ids, types)

    def _in_one(self, records: Sequence[Record], *, careful: bool) -> Applied:
        with self._writer.writing() as rows:
            fresh = _above(records, rows.standing)
            parking = Parking(rows)
            for record in fresh:
                if careful:
                    self._carefully(rows, record, parking, _FIRST)
                else:
                    self._plainly(rows, record, parking, _FIRST)
            if fresh:
                rows.move(fresh[-1])
            return Applied(rows.cursor, parking.added)

    def _plainly(self, rows: Pen, record: Record, parking: Parking, attempt: _Attempt) -> None:
        event = self._decode(record)
        if event.type == JOURNAL_OPENED:
            return
        if type(event.data) is UnknownEvent:
            holds = attempt.held is None or record.id in attempt.held
            parking.park(record, f"this version does not know {event.type}", holds=holds)
        elif event.type in self._deletions:
            if parking.is_about(event.id):
                self._try_again(rows, parking, event.id)
            self._apply(rows, event)
        elif (subject := parking.holds(self._touches(event))) is None:
            self._apply(rows, event)
        elif event.id == attempt.deleted:
            self._apply(rows, self._decode(_erased(record)))
        else:
            parking.park(record, f"{subject} is parked", holds=record.id == record.event_id)

    def _carefully(self, rows: Pen, record: Record, parking: Parking, attempt: _Attempt) -> None:
        try:
            with rows.alone():
                self._plainly(rows, record, parking, attempt)
        except _NOT_THE_EVENTS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a room raises parks the event, and only the event
            parking.look()  # what it parked before it raised was undone
            if record.id == attempt.deleted:
                self._apply(rows, self._decode(_erased(record)))
                return
            reason = f"{type(error).__name__}: {error}"
            _log.error("an event is parked", extra={"sequence": record.sequence, "type": record.type, "error": reason})
            parking.park(record, reason, holds=True)

    def _try_again(self, rows: Pen, parking: Parking, deleted: int | None) -> None:
        """Apply all that is parked, in order. What still cannot be parks again, unless its subject is deleted."""
        attempt = _Attempt(parking.held - {deleted}, deleted)
        for record in parking.take_all():
            self._carefully(rows, record, parking, attempt)


def _erased(record: Record) -> Record:
    """The record as it is once its content was erased from the journal."""
    return record._replace(payload=b"")


def _above(records: Sequence[Record], standing: Standing) -> list[Record]:
    """The records that the store has not taken in. Raises Corrupt when one is missing."""
    fresh = [record for record in records if record.sequence > standing.sequence]
    for expected, record in enumerate(fresh, standing.sequence + 1):
        if record.sequence != expected:
            raise Corrupt("The journal has a gap.", log=f"expected record {expected}, got {record.sequence}")
    return fresh
