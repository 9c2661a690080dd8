"""The newest events as they were taken in, for those who resume: most come back within seconds."""

from bisect import bisect_left
from collections.abc import Iterable

from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import RESUME_EVENTS_HELD_MAX


class Lately:
    """A run of events without a gap, ascending."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = list(events)

    @property
    def newest(self) -> Event | None:
        """The last one."""
        return self._events[-1] if self._events else None

    def add(self, event: Event) -> None:
        """Take in the next. After a gap what came before is of no use."""
        if self._events and event.sequence != self._events[-1].sequence + 1:
            self._events.clear()
        self._events.append(event)
        if len(self._events) > 2 * RESUME_EVENTS_HELD_MAX:
            del self._events[:RESUME_EVENTS_HELD_MAX]

    def since(self, event_id: int) -> list[Event] | None:
        """Everything from an event on, that event included; None when it reaches back further than this does."""
        if not self._events or self._events[0].event_id > event_id:
            return None
        return self._events[bisect_left(self._events, event_id, key=_event_id) :]


def _event_id(event: Event) -> int:
    return event.event_id
