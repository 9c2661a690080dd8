"""Parking (DESIGN rule 9): one event that cannot be applied must not stop the view, nor be lost.

An event that was parked takes its subject with it: what came later about the same post or account would be applied to
rows that are not what it was appended for. A parked event that only *touches* a parked subject (a follow by a parked
account) does not park its other side, else one poisoned account would park half the graph; it does park what it
creates (the post of a parked account). The counter-example to parking nothing but the event itself was a poisoned
PostCreated followed by its edits and favourites: each of them would have been applied to nothing, and the replay
would have shown the post unedited with no favourites.
"""

from collections.abc import Callable, Iterable

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.events import Event, Record
from whimbrel.kernel.limits import PARKED_EVENTS_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store")
_REASON_CHARACTERS_MAX = 500

Touches = Callable[[Event], Iterable[int]]
"""The ids of the posts and accounts that an event is about."""


class ViewStopped(Unavailable):
    """More events are parked than a named limit allows: something is wrong with this version, not with one event."""

    code = "view_stopped"


class Parking:
    """Which ids are parked, as the rows of one transaction say."""

    def __init__(self, rows: Writing) -> None:
        self._rows = rows
        self._ids = {row[0] for row in rows.all(_SQL.parked_keys)}
        self._count = 0
        self._before = count_parked(rows)

    @property
    def added(self) -> int:
        """How many events were parked through this object."""
        return self._count

    def holds(self, ids: Iterable[int]) -> int | None:
        """The first of `ids` that is parked; None when none is."""
        return next((id_ for id_ in ids if id_ in self._ids), None) if self._ids else None

    def park(self, record: Record, reason: str, *, poison: bool) -> None:
        """Put the event aside. Raises ViewStopped above PARKED_EVENTS_MAX."""
        if self._before + self._count >= PARKED_EVENTS_MAX:
            raise ViewStopped(
                "The store has stopped.", log=f"{PARKED_EVENTS_MAX} events are parked, the last: {reason}"
            )
        self._rows.run(_SQL.park, {**record._asdict(), "reason": reason[:_REASON_CHARACTERS_MAX]})
        self._count += 1
        if record.id and (poison or record.id == record.event_id):
            self._rows.run(_SQL.park_key, {"id": record.id, "sequence": record.sequence})
            self._ids.add(record.id)


def count_parked(rows: Reading) -> int:
    """How many events are parked."""
    row = rows.one(_SQL.count_parked)
    return int(row[0]) if row is not None else 0


def parked_events(rows: Reading, *, limit: int = PARKED_EVENTS_MAX) -> list[tuple[Record, str]]:
    """What is parked and why, in journal order."""
    return [(Record._make(row[:8]), row[8]) for row in rows.all(_SQL.parked, {"limit": limit})]


def parked_with_content(rows: Reading) -> list[int]:
    """The subjects of parked events that still hold a payload."""
    return [row[0] for row in rows.all(_SQL.parked_with_content)]


def take_all(rows: Writing) -> list[Record]:
    """Take everything out of the parking, in journal order, for a replay in the same transaction."""
    records = [record for record, _ in parked_events(rows)]
    rows.run(_SQL.unpark_events)
    rows.run(_SQL.unpark_keys)
    return records


def blank_parked(rows: Writing, ids: Iterable[int]) -> int:
    """Erase the content of parked events about `ids` (rule 12); returns how many."""
    return rows.run(_SQL.blank_parked, {"ids": tuple(ids)})
