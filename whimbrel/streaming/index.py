"""Who stands under a key, in little memory: most keys have one member, and a set of one costs 216 bytes."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
M = TypeVar("M", bound=Hashable)


class Index(Generic[K, M]):
    """Members by key. A member is never a set itself."""

    def __init__(self) -> None:
        self._members: dict[K, M | set[M]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._members

    def __len__(self) -> int:
        return len(self._members)

    def add(self, key: K, member: M) -> None:
        """Put a member under a key."""
        found = self._members.get(key)
        if found is None:
            self._members[key] = member
        elif isinstance(found, set):
            found.add(member)
        elif found != member:
            self._members[key] = {found, member}

    def discard(self, key: K, member: M) -> None:
        """Take a member away, if it is there."""
        found = self._members.get(key)
        if isinstance(found, set):
            found.discard(member)
            if not found:
                del self._members[key]
        elif found is not None and found == member:
            del self._members[key]

    def members(self, key: K) -> list[M]:
        """A copy of who stands under a key."""
        found = self._members.get(key)
        if found is None:
            return []
        return list(found) if isinstance(found, set) else [found]

    def count(self, key: K) -> int:
        """How many stand under a key."""
        found = self._members.get(key)
        return 0 if found is None else len(found) if isinstance(found, set) else 1

    def keys(self) -> Iterator[K]:
        """Every key that has a member."""
        return iter(self._members)
