"""How often somebody may try: a few tries for nothing, then each costs twice the wait of the one before.

Promises: a try is counted before the work begins, so many at once gain nothing; memory is bounded. What is counted is
forgotten at a restart, which nobody outside can cause.

Design note. To lock a name after some failures would hand a stranger the means to lock the operators out during an
outage. So what is strict is the pair of name and network; the name alone only makes everybody wait for up to a minute,
after a hundred failures; and whoever has the right password but the wrong code is held to the strict rule by name.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import TooMany
from whimbrel.kernel.limits import SIGN_IN_KEYS_MAX


class Allowance(NamedTuple):
    """How many tries are for nothing, and the longest wait after that."""

    tries: int
    wait_seconds_max: int


class Throttle:
    """Counts failures by key."""

    def __init__(self, allowance: Allowance, clock: Clock) -> None:
        self._allowance, self._clock = allowance, clock
        self._failures: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()

    def check(self, key: Hashable) -> None:
        """Raise TooMany while the key has to wait."""
        _, until_ms = self._failures.get(key, (0, 0))
        left_ms = until_ms - self._clock()
        if left_ms > 0:
            seconds = -(-left_ms // 1_000)
            raise TooMany(f"Too many tries. Please wait {seconds} seconds.", retry_after_seconds=seconds)

    def count(self, key: Hashable) -> None:
        """One more failure, or a try that may become one."""
        count = self._failures.get(key, (0, 0))[0] + 1
        over = count - self._allowance.tries
        wait_seconds = min(2 ** min(over, 30), self._allowance.wait_seconds_max) if over >= 0 else 0
        self._failures[key] = (count, self._clock() + 1_000 * wait_seconds)
        self._failures.move_to_end(key)
        if len(self._failures) > SIGN_IN_KEYS_MAX:
            self._failures.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """It went well."""
        self._failures.pop(key, None)
