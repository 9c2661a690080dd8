"""Three days of one indicator, minute by minute, with the sums of every window that burn rates ask for.

Promises: constant memory (two arrays of 4 bytes a minute), adding and asking cost a few additions. The newest minute
counts while it runs. A window that is longer than what has been measured is not given: no history is not a good one.
"""

from array import array
from typing import Final

from whimbrel.statuspage.detection.burn import RULES, Requests

WINDOWS_MINUTES: Final = tuple(
    sorted({minutes for rule in RULES for minutes in (rule.long_minutes, rule.short_minutes)})
)
LONGEST_MINUTES: Final = WINDOWS_MINUTES[-1]
_COUNT_MAX: Final = 10**9
"""What one minute may hold: counters are somebody else's, and may be anything."""


class Series:
    """Bad and total by minute."""

    def __init__(self) -> None:
        self._bad = array("I", bytes(4 * LONGEST_MINUTES))
        self._total = array("I", bytes(4 * LONGEST_MINUTES))
        self._sums = {window: [0, 0] for window in WINDOWS_MINUTES}
        self._first = self._minute = -1

    def add(self, minute: int, bad: int, total: int) -> None:
        """Count into a minute (from 1970): the newest one or a later one; an earlier one is passed over."""
        if self._minute < 0:
            self._first = self._minute = minute
        if minute < self._minute:
            return
        self._move_to(minute)
        at = minute % LONGEST_MINUTES
        total = min(total, _COUNT_MAX - self._total[at])
        bad = min(bad, total)
        self._bad[at] += bad
        self._total[at] += total
        for sums in self._sums.values():
            sums[0] += bad
            sums[1] += total

    def windows(self, minute: int) -> dict[int, Requests]:
        """What each window saw that ends with this minute, by its length in minutes."""
        if self._minute < 0:
            return {}
        self._move_to(max(minute, self._minute))
        age = self._minute - self._first + 1
        return {window: Requests(sums[1], sums[0]) for window, sums in self._sums.items() if window <= age}

    def _move_to(self, minute: int) -> None:
        if minute - self._minute >= LONGEST_MINUTES:
            self._bad = array("I", bytes(4 * LONGEST_MINUTES))
            self._total = array("I", bytes(4 * LONGEST_MINUTES))
            self._sums = {window: [0, 0] for window in WINDOWS_MINUTES}
            self._minute = minute
        while self._minute < minute:
            self._minute += 1
            for window, sums in self._sums.items():
                at = (self._minute - window) % LONGEST_MINUTES
                sums[0] -= self._bad[at]
                sums[1] -= self._total[at]
            at = self._minute % LONGEST_MINUTES
            self._bad[at] = self._total[at] = 0
