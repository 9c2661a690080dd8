"""What this release writes: the schema of its store, and its format of events. See docs/mechanisms/migration.md.

Both are numbers that only grow. A release reads everything older; what is newer than it knows, it leaves alone.

While a migration is unfinished the release before may come back at any moment, and would have to park every event that
it does not know. So the format *in force* is a fact of the journal, which MigrationFinished raises: code that wants to
write a type or a field which is newer than format 1 asks `EventFormat.in_force` first, and writes the older event, or
none, as long as the answer is too low. It may read everything that it knows at any time.
"""

from typing import Final

from whimbrel.kernel.events import Event
from whimbrel.kernel.switching import MigrationFinished

SCHEMA: Final = 0
"""The number of the newest migration in whimbrel/migrations: a store of this release was made with it."""

FORMAT: Final = 1
"""The newest format of events that this release can write. Raised by one whenever an event type or a field is added."""


class EventFormat:
    """The format of events in force, as a view in a process's memory: true as soon as this process has heard of it."""

    def __init__(self, in_force: int) -> None:
        self.in_force = in_force

    def apply(self, event: Event) -> None:
        """Follow it. See kernel.contracts.MemoryView."""
        if type(event.data) is MigrationFinished:
            self.in_force = max(self.in_force, event.id)

    def forget(self) -> None:
        """It only grows, so what was known stays true; what was missed keeps us with the older format."""
