"""What this release writes: the schema of its store, and its format of events. See docs/mechanisms/migration.md.

Both are numbers that only grow. A release reads everything older; what is newer than it knows, it leaves alone.
"""

from typing import Final

SCHEMA: Final = 0
"""The number of the newest migration in whimbrel/migrations: a store of this release was made with it."""

FORMAT: Final = 1
"""The newest format of events that this release can write. Raised by one whenever an event type or a field is added."""
