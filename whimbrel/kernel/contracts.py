"""The seams: a handful of verbs each, one file per engine, chosen once in wiring.py."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from whimbrel.kernel.events import Event, Group, Outcome, Record, Stamp

T = TypeVar("T")

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]


class Journal(Protocol):
    """The durable order of all changes. Exactly one process holds it open for writing."""

    def append(self, groups: Sequence[Group]) -> tuple[list[Outcome], list[Record]]:
        """Append all groups in one transaction and return when it is synced to disk.

        Outcomes stand in the order of `groups`; the records are those newly written, in sequence order.
        Raises JournalUnavailable when the disk refuses: then nothing of the batch may be reported as done.
        """
        ...

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records with sequence above `after` (and not above `up_to`), oldest first."""
        ...

    def head(self) -> tuple[int, bytes]:
        """Sequence and chain hash of the newest durable record; (0, empty) for an empty journal."""
        ...

    def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """For each of `keys` that is held: the stamp of the event that claimed it."""
        ...

    def blank(self, ids: Sequence[int], *, types: Sequence[str]) -> int:
        """Erase the payloads of the records of these types about `ids` (posts, accounts); returns how many.

        Rule 12: types that hold content, never those that undo something, or a replay would not agree. A bounded
        piece at a time: call again until it returns 0.
        """
        ...

    def trim(self, *, up_to: int) -> int:
        """Forget records up to a sequence that a verified snapshot covers; returns how many (rule 13)."""
        ...

    def shrink(self) -> int:
        """Give space that a trim has freed back to the disk; returns how many bytes. In pieces, as `trim`."""
        ...

    def close(self) -> None:
        """Let go of the files and the lock."""
        ...


class Reading(Protocol):
    """One consistent look at the store: everything read through it is as of `cursor`."""

    cursor: int

    def all(self, sql: str, parameters: Parameters = ...) -> list[Row]:
        """Every row. A list parameter `:ids` written as `(:ids*)` in the SQL is expanded."""
        ...

    def one(self, sql: str, parameters: Parameters = ...) -> Row | None:
        """The first row, or None."""
        ...


class Writing(Reading, Protocol):
    """A reading that may also change rows; handed to `apply` only."""

    def run(self, sql: str, parameters: Parameters = ...) -> int:
        """Execute one statement; returns how many rows it changed."""
        ...


class Store(Protocol):
    """The relational view of the journal, as a reader sees it."""

    def reading(self) -> AbstractContextManager[Reading]:
        """Open one consistent look. Raises StoreUnavailable when the store is away."""
        ...

    def ping(self) -> None:
        """Raise StoreUnavailable unless a read works."""
        ...

    def close(self) -> None:
        """Let go of the file; the next look opens it again."""
        ...


class MemoryView(Protocol):
    """A view in the memory of a process, fed in journal order by the process's one follower."""

    def apply(self, event: Event) -> None:
        """Take one event in. Must not block and must not raise for an event that it does not know."""
        ...

    def forget(self) -> None:
        """Drop everything: the follower will not feed what was missed (it starts again at a new cursor)."""
        ...


class Appender(Protocol):
    """What a front door holds of the journal: the one verb that changes anything."""

    async def append(self, group: Group) -> Outcome:
        """Return when the group is durable *and* applied to this process's memory views.

        Raises JournalUnavailable; with `unknown` set the group may have been written.
        """
        ...

    async def find(self, keys: Sequence[str]) -> dict[str, Stamp]:
        """For each of `keys` that is held: the stamp of the event that claimed it. Needs no store."""
        ...


class Reads(Protocol):
    """What a front door holds of the store: consistent looks, off the event loop, with a deadline."""

    async def read(self, query: Callable[[Reading], T], *, fresh: bool = True) -> T:
        """Run `query` on one consistent look in a thread of the store's own.

        With `fresh` the look is at least as new as the journal's durable head at the time of the call: it waits
        for the store up to READ_YOUR_WRITES_DEADLINE_SECONDS, then serves what there is (the answer's age is
        `age_seconds`). Without, it does not wait: for memory views, which replay what is missing from `Tail`.
        Raises StoreUnavailable when the store cannot be read at all.
        """
        ...

    def age_seconds(self) -> float:
        """How far the store is behind the journal's head in time; 0.0 when it has caught up."""
        ...


class Tail(Protocol):
    """The newest events that this process's memory views have taken in, for entities loaded from the store."""

    cursor: int

    def since(self, sequence: int) -> list[Event]:
        """Events above `sequence` up to `cursor`. Raises StoreUnavailable when they reach back too far."""
        ...
