"""The newest events that a process has taken in, for entities that are loaded from the store, which is behind.

What it costs is memory, so an event is let go once the store has it and every look at the store that began before
has ended (STORE_READ_DEADLINE_SECONDS). Sequences follow each other without a gap, so a look is index arithmetic.
"""

from collections import deque
from itertools import islice

from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import TAIL_EVENTS_MAX


class EventTail:
    """The contract's `Tail`. `cursor` is the newest sequence taken in."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self._events: deque[Event] = deque(maxlen=TAIL_EVENTS_MAX)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: Event) -> None:
        """Take in the next event. After a gap in the sequences what came before is of no use and let go."""
        if event.sequence != self.cursor + 1:
            self._events.clear()
        self._events.append(event)
        self.cursor = event.sequence

    def since(self, sequence: int) -> list[Event]:
        """Events above `sequence` up to `cursor`. Raises StoreUnavailable when they reach back too far."""
        wanted = self.cursor - sequence
        if wanted <= 0:
            return []
        if wanted > len(self._events):
            raise StoreUnavailable(
                "The server is catching up after a disturbance. Please try again in a moment.",
                log=f"the tail holds {len(self._events)} events up to {self.cursor}; asked for all above {sequence}",
            )
        newest = list(islice(reversed(self._events), wanted))
        newest.reverse()
        return newest

    def let_go(self, up_to: int) -> None:
        """Forget events that no look at the store can lack any more."""
        while self._events and self._events[0].sequence <= up_to:
            self._events.popleft()
