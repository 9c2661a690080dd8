"""Time as a parameter, so that a test owns it.

Everything that needs the time of day takes a `Clock`; nothing else in the house reads it.
"""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the time of day in milliseconds since 1970-01-01 UTC."""


def wall_clock_ms() -> int:
    """The machine's own clock, which may step back: ids guard themselves against that (kernel.ids)."""
    return time.time_ns() // 1_000_000
