"""Bursts: how many reports have come from one network in the last minute, and how many from everywhere this second.

Promises: bounded memory; beyond BURST_NETWORKS_MAX networks the rest share buckets. Forgotten with the process: this
bounds abuse, it is no accounting. Time is a parameter.
"""

from typing import Final

from whimbrel.kernel.limits import BURST_NETWORKS_MAX

_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1_000
_BUCKETS: Final = 1_024


class Bursts:
    """Counts by network, in fixed minutes of which the last one fades, and by second."""

    def __init__(self) -> None:
        self._minute, self._second, self._in_second = -1, -1, 0
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def noted(self, network: int, now_ms: int) -> int:
        """Count one in; returns how many of the last 60 seconds came from this network."""
        minute, within_ms = divmod(now_ms, _MINUTE_MS)
        if minute != self._minute:
            self._before, self._now = (self._now if minute == self._minute + 1 else {}), {}
            self._minute = minute
        key = network
        if key not in self._now and len(self._now) >= BURST_NETWORKS_MAX:
            key = -1 - network % _BUCKETS
        count = self._now[key] = self._now.get(key, 0) + 1
        return count + self._before.get(key, 0) * (_MINUTE_MS - within_ms) // _MINUTE_MS

    def in_second(self, now_ms: int) -> int:
        """Count one in; returns how many there were this second."""
        second = now_ms // _SECOND_MS
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return self._in_second
