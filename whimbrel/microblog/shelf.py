"""Shelves: entities held in the memory of a process, loaded from the store once and then kept true by the journal.

Design note. A process's memory views stand at the journal's head; the store stands a little behind. An entity
loaded from the store is therefore too old by the events in between, or (when the load was slow) newer than what
memory has seen. Waiting for the store to catch up would make a page as slow as the slowest batch, and invalidating
on every event would leave nothing in memory under load. So a load reads the entity with the store's cursor, replays
the events between that cursor and memory's (from `Tail`), and marks an entity that is ahead so that events it has
already seen are not counted twice. What it costs: each room says what an event changes twice, as rows and as a pure
`change(key, value, event)`; a test compares the two for every event type.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from whimbrel.kernel.contracts import Reading, Reads, Tail
from whimbrel.kernel.events import Event

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Query = Callable[[Reading, Sequence[K]], Mapping[K, V]]
Change = Callable[[K, V, Event], "V | None"]
Touched = Callable[[Event], Iterable[K]]

_EVICTED_AT_ONCE = 0.1


class Shelf(Generic[K, V]):
    """At most `items_max` entities of one kind by key.

    `query` reads entities from the store; `touched` names the keys that an event changes; `change` is pure and
    returns the entity after the event, or None when it is gone. A value may be frozen or change in place.
    """

    def __init__(
        self,
        reads: Reads,
        tail: Tail,
        *,
        query: "Query[K, V]",
        touched: "Touched[K]",
        change: "Change[K, V]",
        items_max: int,
    ) -> None:
        self._reads, self._tail = reads, tail
        self._query, self._touched, self._change = query, touched, change
        self._items_max = items_max
        self._held: dict[K, V] = {}
        self._seen_to: dict[K, int] = {}
        self.held = self._held.get
        """The entity under a key if memory has it, else None; never waits."""

    def __len__(self) -> int:
        return len(self._held)

    async def one(self, key: K) -> V | None:
        """The entity, from memory or else from the store; None when it does not exist."""
        found = self._held.get(key)
        return found if found is not None else (await self.many((key,))).get(key)

    async def many(self, keys: Iterable[K]) -> dict[K, V]:
        """The entities that exist, by key. One look at the store for all that memory lacks; a second one when making
        room for those has cost others that were asked for too.

        Raises StoreUnavailable when one is not in memory and the store is away.
        """
        wanted = list(dict.fromkeys(keys))
        missing = [key for key in wanted if key not in self._held]
        if not missing:
            return {key: self._held[key] for key in wanted}
        loaded: dict[K, V] = {}
        asked: set[K] = set()
        while not asked.issuperset(missing):
            asked.update(missing)
            loaded = await self._load(missing)
            # Making room for what was loaded may have cost others that were held, or they have changed meanwhile.
            missing = [key for key in wanted if key not in self._held]
        return {key: value for key in wanted if (value := self._held.get(key) or loaded.get(key)) is not None}

    def put(self, key: K, value: V) -> None:
        """Hold an entity that an event has just created."""
        if len(self._held) >= self._items_max:
            self._evict()
        self._held[key] = value

    def apply(self, event: Event) -> None:
        """Let an event change what is held. Called by the follower, in journal order."""
        for key in self._touched(event):
            value = self._held.get(key)
            if value is None or event.sequence <= self._seen_to.get(key, 0):
                continue
            self._set(key, self._change(key, value, event))

    def drop(self, key: K) -> None:
        """Forget one entity; the next look loads it again."""
        self._held.pop(key, None)
        self._seen_to.pop(key, None)

    def forget(self) -> None:
        """Forget everything."""
        self._held.clear()
        self._seen_to.clear()

    async def _load(self, keys: Sequence[K]) -> dict[K, V]:
        loaded, cursor = await self._reads.read(lambda rows: (dict(self._query(rows, keys)), rows.cursor), fresh=False)
        missed = self._tail.since(cursor) if cursor < self._tail.cursor else []
        for event in missed:
            for key in self._touched(event):
                if (value := loaded.get(key)) is not None:
                    changed = self._change(key, value, event)
                    if changed is None:
                        del loaded[key]
                    else:
                        loaded[key] = changed
        for key, value in loaded.items():
            if key not in self._held:  # another load may have been quicker, and events have reached its copy
                self.put(key, value)
                if cursor > self._tail.cursor:
                    self._seen_to[key] = cursor
        return loaded

    def _set(self, key: K, value: V | None) -> None:
        if value is None:
            self.drop(key)
        else:
            self._held[key] = value

    def _evict(self) -> None:
        # The oldest tenth by time of entry: no bookkeeping on the hot path, and what is hot comes back at once.
        for key in list(self._held)[: max(1, int(self._items_max * _EVICTED_AT_ONCE))]:
            self.drop(key)
