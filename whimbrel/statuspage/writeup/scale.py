"""Round numbers along the two sides of a chart. Pure."""

from math import ceil, floor, log10
from typing import Final

_ROUND: Final = (1, 2, 2.5, 5, 10)
_MARKS_MAX: Final = 4
_STEPS_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080)
_TIMES_MAX: Final = 9


def ticks(largest: float) -> list[float]:
    """From 0 to at least `largest` in equal round steps, at most four of them; whole numbers."""
    wanted = max(largest, _MARKS_MAX) / _MARKS_MAX
    size = 10.0 ** floor(log10(wanted))
    step = next(size * one for one in _ROUND if size * one >= wanted and (size * one).is_integer())
    return [step * count for count in range(max(1, ceil(max(largest, 1) / step)) + 1)]


def time_ticks(from_ms: int, until_ms: int) -> list[int]:
    """Round moments of UTC between the two, nine at most."""
    wanted = (until_ms - from_ms) / 60_000 / _TIMES_MAX
    step_ms = 60_000 * next((one for one in _STEPS_MINUTES if one >= wanted), ceil(wanted / 10_080) * 10_080)
    first = from_ms + -from_ms % step_ms
    return list(range(first, until_ms + 1, step_ms))
