"""One timer for all: who is on the wheel is visited once a turn, each second a part of them.

Ten thousand timers would be ten thousand entries in the loop's heap, moved at every ping. A wheel of thirty places is
thirty sets. Nobody is visited before a whole turn has passed since it was put on.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

M = TypeVar("M", bound=Hashable)


class Wheel(Generic[M]):
    """Members on `seconds` places; each `turn` (once a second) gives those of one place."""

    def __init__(self, seconds: int) -> None:
        self._places: list[set[M]] = [set() for _ in range(seconds + 1)]
        self._now = 0

    def __len__(self) -> int:
        return sum(map(len, self._places))

    def put(self, member: M) -> int:
        """Put a member on; returns its place, with which it is taken off."""
        self._places[self._now].add(member)
        return self._now

    def take(self, member: M, place: int) -> None:
        """Take a member off."""
        self._places[place].discard(member)

    def turn(self) -> list[M]:
        """Turn by one place; returns who is to be visited now. They stay where they are."""
        self._now = (self._now + 1) % len(self._places)
        return list(self._places[self._now])
