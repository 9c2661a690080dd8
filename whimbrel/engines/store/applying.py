"""Applying: records in, rows and cursor out, one transaction a batch.

Design note. A savepoint around every event costs two statements each; nearly no event ever raises. So a batch is
first applied plainly, and only when something raised is it undone and applied again event by event, each in a
savepoint: that second time is the retry of rule 9, and what raises again is parked in the same transaction. A fault of
the file is not the event's fault and parks nothing.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from whimbrel.engines.store.parked import Parking, Touches, ViewStopped, blank_parked, take_all
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


class Applying:
    """Feeds the rooms' `apply` through one writer. `touches` names the posts and accounts an event is about.

    `decode` may raise for a payload that does not fit its type: that event is parked like any other that raises.
    """

    def __init__(self, writer: StoreWriter, decode: Decode, apply: Apply, *, touches: Touches | None = None) -> None:
        self._writer, self._decode, self._apply = writer, decode, apply
        self._touches = touches or (lambda event: (event.id, event.actor))

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
            records = take_all(rows)
            parking = Parking(rows)
            for record in records:
                self._carefully(rows, record, parking)
            return Applied(rows.cursor, parking.added)

    def blank_parked(self, ids: Sequence[int]) -> int:
        """Erase the content of parked events about `ids`; returns how many. Goes with the journal's `blank`."""
        with self._writer.writing() as rows:
            return blank_parked(rows, ids)

    def _in_one(self, records: Sequence[Record], *, careful: bool) -> Applied:
        with self._writer.writing() as rows:
            fresh = _above(records, rows.standing)
            parking = Parking(rows)
            for record in fresh:
                if careful:
                    self._carefully(rows, record, parking)
                else:
                    self._plainly(rows, record, parking)
            if fresh:
                rows.move(fresh[-1])
            return Applied(rows.cursor, parking.added)

    def _plainly(self, rows: Pen, record: Record, parking: Parking) -> None:
        event = self._decode(record)
        if event.type == JOURNAL_OPENED:
            return
        if type(event.data) is UnknownEvent:
            parking.park(record, f"this version does not know {event.type}", poison=True)
        elif (subject := parking.holds(self._touches(event))) is not None:
            parking.park(record, f"{subject} is parked", poison=False)
        else:
            self._apply(rows, event)

    def _carefully(self, rows: Pen, record: Record, parking: Parking) -> None:
        try:
            with rows.alone():
                self._plainly(rows, record, parking)
        except _NOT_THE_EVENTS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a room raises parks the event, and only the event
            reason = f"{type(error).__name__}: {error}"
            _log.error("an event is parked", extra={"sequence": record.sequence, "type": record.type, "error": reason})
            parking.park(record, reason, poison=True)


def _above(records: Sequence[Record], standing: Standing) -> list[Record]:
    """The records that the store has not taken in. Raises Corrupt when one is missing."""
    fresh = [record for record in records if record.sequence > standing.sequence]
    for expected, record in enumerate(fresh, standing.sequence + 1):
        if record.sequence != expected:
            raise Corrupt("The journal has a gap.", log=f"expected record {expected}, got {record.sequence}")
    return fresh
