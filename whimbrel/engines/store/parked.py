"""Parking (rule 9): one event that cannot be applied must not stop the view, nor be lost.

An event that was parked takes its subject with it: what came later about the same post or account would be applied to
rows that are not what it was appended for. A parked event that only *touches* a parked subject (a follow by a parked
account) does not park its other side, else one poisoned account would park half the graph; it does park what it
creates (the post of a parked account). The counter-example to parking nothing but the event itself was a poisoned
PostCreated followed by its edits and favourites: each of them would have been applied to nothing, and the replay
would have shown the post unedited with no favourites. Deletions are the exception: applying.py says why.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.events import Event, Record
from whimbrel.kernel.limits import PARKED_EVENTS_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.store")
_REASON_CHARACTERS_MAX = 500

Touches = Callable[[Event], Iterable[int]]
"""The ids of the posts and accounts that an event is about, or that have done it."""


class Subjects(NamedTuple):
    """What the rooms say of an event's subjects. `deletions`: the types of events that delete what they are about."""

    touches: Touches
    deletions: frozenset[str] = frozenset()


PLAIN_SUBJECTS: Final = Subjects(lambda event: (event.id, event.actor))
"""What every event says of itself."""


class ViewStopped(Unavailable):
    """More events are parked than a named limit allows: something is wrong with this version, not with one event."""

    code = "view_stopped"


class Parking:
    """Which ids are parked, as the rows of one transaction say."""

    def __init__(self, rows: Writing) -> None:
        self._rows = rows
        self.look()
        self._before = self.count

    def look(self) -> None:
        """Read it again: what was parked since was undone."""
        self._ids = {row[0] for row in self._rows.all(_SQL.parked_keys)}
        self.count = count_parked(self._rows)

    @property
    def added(self) -> int:
        """By how many more events are parked than at the beginning; below 0 when more have left."""
        return self.count - self._before

    @property
    def held(self) -> frozenset[int]:
        """The posts and accounts whose events are parked."""
        return frozenset(self._ids)

    def is_about(self, id_: int) -> bool:
        """Whether an event that is parked is about this post or account."""
        return bool(self.count) and self._rows.one(_SQL.parked_about, {"id": id_}) is not None

    def holds(self, ids: Iterable[int]) -> int | None:
        """The first of `ids` that is parked; None when none is."""
        return next((id_ for id_ in ids if id_ in self._ids), None) if self._ids else None

    def park(self, record: Record, reason: str, *, holds: bool) -> None:
        """Put the event aside; `holds`: and what comes later about the same. Raises ViewStopped above
        PARKED_EVENTS_MAX."""
        if self.count >= PARKED_EVENTS_MAX:
            raise ViewStopped(
                "The store has stopped.", log=f"{PARKED_EVENTS_MAX} events are parked, the last: {reason}"
            )
        self._rows.run(_SQL.park, {**record._asdict(), "reason": reason[:_REASON_CHARACTERS_MAX]})
        self.count += 1
        if record.id and holds:
            self._rows.run(_SQL.park_key, {"id": record.id, "sequence": record.sequence})
            self._ids.add(record.id)

    def take_all(self) -> list[Record]:
        """Take everything out, in journal order, to be tried again in the same transaction."""
        records = [record for record, _ in parked_events(self._rows)]
        self._rows.run(_SQL.unpark_events)
        self._rows.run(_SQL.unpark_keys)
        self.look()
        return records


def count_parked(rows: Reading) -> int:
    """How many events are parked."""
    row = rows.one(_SQL.count_parked)
    return int(row[0]) if row is not None else 0


def parked_events(rows: Reading, *, limit: int = PARKED_EVENTS_MAX) -> list[tuple[Record, str]]:
    """What is parked and why, in journal order."""
    return [(Record._make(row[:8]), row[8]) for row in rows.all(_SQL.parked, {"limit": limit})]


def parked_with_content(rows: Reading, types: Sequence[str]) -> list[int]:
    """The subjects of parked events of these types that still hold a payload."""
    return [row[0] for row in rows.all(_SQL.parked_with_content, {"types": tuple(types)})]


def blank_parked(rows: Writing, ids: Iterable[int], types: Sequence[str]) -> int:
    """Erase the content of parked events of these types about `ids` (rule 12); returns how many.

    Only what the journal erases too: an edge without its payload could not be applied any more.
    """
    return rows.run(_SQL.blank_parked, {"ids": tuple(ids), "types": tuple(types)})
