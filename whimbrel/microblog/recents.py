"""Who posted what lately: the newest entries of everybody, in memory, ready to be merged into any home.

Design note. A home timeline is computed when it is read (merge on read): nothing is copied to followers, so a post
by an account with a million followers costs what any other costs, and an unfollow, mute or block acts at once.
Considered were a ring for each author (evicted one by one, loaded one by one) and one window over all authors. The
counter-example against rings: a ring that has overflowed knows nothing below its oldest entry, so each author has a
floor of its own, a merge must stop at the newest of them, and the first page after a start loads hundreds of
rings. The window is complete for every author above *one* floor; below it the store is asked, and nothing is ever
silently missing. It is also smaller: 42 bytes an entry, in columns.

Two ways to take a reader's entries out of it, chosen by how often the followed authors post:
- *scan*: walk newest first over the authors' column in growing chunks, keeping those that are marked as followed.
  Costs time in proportion to entries passed over; about 1 ns each.
- *chains*: every entry names its author's previous one, so the entries of authors who hardly post are collected
  directly. Chosen when all followed authors together have no more than CHAINED_ENTRIES_MAX entries here.
Worst case is one pass over the whole window, some 0.2 ms.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whimbrel.kernel.limits import WINDOW_ENTRIES_MAX

CHAINED_ENTRIES_MAX: Final = 96
SCAN_CHUNK_ENTRIES: Final = 2_048
SLACK: Final = 1.25
AUTHORS_AT_FIRST: Final = 1_024

REBLOG: Final = 1
REPLY: Final = 2
MENTIONS: Final = 4
DIRECT: Final = 8
GONE: Final = 16
PUBLIC: Final = 32
LANGUAGE: Final = 64
PLAIN_MASK: Final = REBLOG | REPLY | MENTIONS | DIRECT | GONE

Positions = NDArray[np.int64]
Hits = Callable[[int, int], NDArray[Any]]
Slots = NDArray[np.int32]


class Reach(NamedTuple):
    """How many entries are wanted, and in how large a first chunk they are looked for; later ones double."""

    limit: int
    chunk: int


Walk = Callable[[int, int, Reach, Hits], Positions]


class Entry(NamedTuple):
    """One post or reblog as the rules of the home see it. Absent ids are 0, an unknown language is empty.

    `reply_to` is the account replied to, only when it is not the author. `mentions` are those of the reblogged
    post for a reblog.
    """

    id: int
    author: int
    visibility: str = "public"
    reply_to: int = 0
    reblog_of: int = 0
    reblog_author: int = 0
    language: str = ""
    mentions: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()

    def kind(self) -> int:
        """The entry's flags in the window."""
        return (
            (REBLOG if self.reblog_of else 0)
            | (REPLY if self.reply_to else 0)
            | (MENTIONS if self.mentions else 0)
            | (DIRECT if self.visibility == "direct" else 0)
            | (PUBLIC if self.visibility == "public" else 0)
            | (LANGUAGE if self.language else 0)
        )


class Window:
    """The newest `entries_max` entries of everybody, ascending by id. Positions are absolute and never reused."""

    def __init__(self, *, entries_max: int = WINDOW_ENTRIES_MAX) -> None:
        self._entries_max = entries_max
        self._capacity = int(entries_max * SLACK) + 1
        self._slots: dict[int, int] = {}
        self._accounts: list[int] = []
        self._newest = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int32)
        self._grow_authors(AUTHORS_AT_FIRST)
        self._empty()

    def _empty(self) -> None:
        self.floor_id = 0
        """Entries with an id at or below this one may be missing here and must be asked of the store."""
        self._base = 0
        self._size = 0
        self._ids = np.zeros(self._capacity, np.int64)
        self._authors = np.zeros(self._capacity, np.intp)
        self._previous = np.full(self._capacity, -1, np.int64)
        self._kinds = np.zeros(self._capacity, np.uint8)
        self._details: dict[int, Entry] = {}
        self._tagged: dict[str, list[int]] = {}
        self._newest[:] = -1
        self._counts[:] = 0

    def __len__(self) -> int:
        return self._size

    # Feeding

    def load(self, entries: Iterable[Entry], *, floor_id: int) -> None:
        """Start again from the store's newest entries, ascending; below `floor_id` the store knows more."""
        self._empty()
        self.floor_id = floor_id
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take in a new entry. One that is not above the newest (an imported old post) is left to the store."""
        if self._size and entry.id <= int(self._ids[self._size - 1]):
            return
        if self._size == self._capacity:
            self._slide()
        slot = self.slot(entry.author)
        index, position = self._size, self._base + self._size
        kind = entry.kind()
        self._ids[index] = entry.id
        self._authors[index] = slot
        self._kinds[index] = kind
        self._previous[index] = self._newest[slot]
        self._newest[slot] = position
        self._counts[slot] += 1
        self._size = index + 1
        if kind & (PLAIN_MASK | LANGUAGE) or entry.tags or entry.visibility != "public":
            self._details[entry.id] = entry
        for tag in entry.tags:
            self._tagged.setdefault(tag, []).append(entry.id)

    def replace(self, entry: Entry) -> None:
        """An edit changed what the rules look at."""
        index = self._index(entry.id)
        if index is not None:
            before = self.entry(index + self._base).tags
            self._kinds[index] = entry.kind() | (int(self._kinds[index]) & GONE)
            self._details[entry.id] = entry
            for tag in set(before) - set(entry.tags):
                self._tagged[tag] = [id_ for id_ in self._tagged[tag] if id_ != entry.id]
            for tag in set(entry.tags) - set(before):
                self._tagged.setdefault(tag, []).append(entry.id)

    def remove(self, id_: int) -> None:
        """The post is gone: it never shows again."""
        index = self._index(id_)
        if index is not None:
            self._kinds[index] |= GONE
            self._details.pop(id_, None)

    def remove_author(self, account_id: int) -> None:
        """The account is gone, and everything of it."""
        slot = self._slots.get(account_id)
        if slot is not None:
            mine = self._authors[: self._size] == slot
            self._kinds[: self._size][mine] |= GONE

    def slot(self, account_id: int) -> int:
        """The column number of an account, given at the first question."""
        slot = self._slots.get(account_id)
        if slot is None:
            slot = self._slots[account_id] = len(self._accounts)
            self._accounts.append(account_id)
            if slot >= len(self._newest):
                self._grow_authors(2 * len(self._newest))
        return slot

    # Reading

    def entry(self, position: int) -> Entry:
        """The entry at a position that `newest` or `oldest` gave."""
        index = position - self._base
        id_ = int(self._ids[index])
        return self._details.get(id_) or Entry(id_, self._accounts[int(self._authors[index])])

    def find(self, id_: int) -> Entry | None:
        """The entry of a post or reblog that is here and not gone."""
        index = self._index(id_)
        if index is None or self._kinds[index] & GONE:
            return None
        return self.entry(index + self._base)

    def newest_id(self) -> int:
        """The highest id that ever was here; 0 at the beginning."""
        return int(self._ids[self._size - 1]) if self._size else self.floor_id

    def ids(self, positions: Positions) -> list[int]:
        """Their ids, in the same order."""
        found: list[int] = self._ids[positions - self._base].tolist()
        return found

    def kinds(self, positions: Positions) -> NDArray[np.uint8]:
        """Their flags, in the same order."""
        return self._kinds[positions - self._base]

    def newest(self, slots: Slots, *, below: int, above: int, limit: int) -> Positions:
        """At least `limit` (or all there are) newest entries of these authors with above < id < below, newest first."""
        low, high = self._span(below=below, above=above)
        entries = int(self._counts[slots].sum())
        if entries <= CHAINED_ENTRIES_MAX:
            found = self._chained(slots)
            return found[(found >= self._base + low) & (found < self._base + high)]
        return self._scan(slots, low, high, self._reach(entries, limit), self._walk_down)

    def oldest(self, slots: Slots, *, below: int, above: int, limit: int) -> Positions:
        """The same from the old end: at least `limit` oldest entries above `above`, oldest first."""
        low, high = self._span(below=below, above=above)
        entries = int(self._counts[slots].sum())
        if entries <= CHAINED_ENTRIES_MAX:
            found = self._chained(slots)[::-1]
            return found[(found >= self._base + low) & (found < self._base + high)]
        return self._scan(slots, low, high, self._reach(entries, limit), self._walk_up)

    def tagged(self, tags: Iterable[str], *, below: int, above: int) -> list[int]:
        """Ids of the entries with any of these hashtags, newest first."""
        found = {id_ for tag in tags for id_ in self._tagged.get(tag, ()) if above < id_ < below}
        return sorted(found, reverse=True)

    def at(self, ids: Sequence[int]) -> Positions:
        """The positions of entries that are here, in the order of `ids` (which must all be here)."""
        found: Positions = np.searchsorted(self._ids[: self._size], np.asarray(ids, np.int64)) + self._base
        return found

    def with_kind(self, mask: int, value: int, *, below: int, above: int, limit: int) -> Positions:
        """At least `limit` newest entries, of anybody, whose flags under `mask` equal `value`; newest first."""
        low, high = self._span(below=below, above=above)
        reach = Reach(limit, SCAN_CHUNK_ENTRIES)
        return self._walk_down(low, high, reach, lambda a, b: (self._kinds[a:b] & mask) == value)

    # How

    def _span(self, *, below: int, above: int) -> tuple[int, int]:
        ids = self._ids[: self._size]
        high = self._size if not self._size or below > int(ids[-1]) else int(np.searchsorted(ids, below))
        low = 0 if above <= self.floor_id else int(np.searchsorted(ids, above, side="right"))
        return low, high

    def _reach(self, entries: int, limit: int) -> Reach:
        # As far as these authors' share of the window says that `limit` entries lie, and a quarter more for chance.
        return Reach(limit, max(SCAN_CHUNK_ENTRIES, int(1.25 * limit * self._size / entries)))

    def _scan(self, slots: Slots, low: int, high: int, reach: Reach, walk: Walk) -> Positions:
        wanted, authors = self._wanted, self._authors
        wanted[slots] = True
        try:
            return walk(low, high, reach, lambda a, b: wanted[authors[a:b]])
        finally:
            wanted[slots] = False

    def _walk_down(self, low: int, high: int, reach: Reach, hits: Hits) -> Positions:
        parts: list[Positions] = []
        missing, chunk = reach
        while high > low and missing > 0:
            start = max(low, high - chunk)
            found = np.flatnonzero(hits(start, high))[::-1] + start
            parts.append(found)
            missing -= len(found)
            high, chunk = start, chunk * 2
        return self._joined(parts)

    def _walk_up(self, low: int, high: int, reach: Reach, hits: Hits) -> Positions:
        parts: list[Positions] = []
        missing, chunk = reach
        while low < high and missing > 0:
            end = min(high, low + chunk)
            found = np.flatnonzero(hits(low, end)) + low
            parts.append(found)
            missing -= len(found)
            low, chunk = end, chunk * 2
        return self._joined(parts)

    def _joined(self, parts: list[Positions]) -> Positions:
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.zeros(0, np.int64)
        return joined + self._base

    def _chained(self, slots: Slots) -> Positions:
        newest = self._newest[slots]
        found: list[int] = []
        base, previous = self._base, self._previous
        for position in newest[newest >= base].tolist():
            while position >= base:
                found.append(position)
                position = int(previous[position - base])
        found.sort(reverse=True)
        return np.asarray(found, np.int64)

    def _index(self, id_: int) -> int | None:
        index = int(np.searchsorted(self._ids[: self._size], id_))
        return index if index < self._size and int(self._ids[index]) == id_ else None

    def _slide(self) -> None:
        # The oldest fifth leaves at once, so that moving the rest costs little for each new entry.
        drop = self._size - self._entries_max
        self.floor_id = int(self._ids[drop - 1])
        leaving = self._authors[:drop]
        np.subtract.at(self._counts, leaving, 1)
        for id_ in self._ids[:drop].tolist():
            self._details.pop(id_, None)
        for column in (self._ids, self._authors, self._previous, self._kinds):
            column[: self._entries_max] = column[drop : self._size]
        self._base += drop
        self._size = self._entries_max
        kept = {tag: [id_ for id_ in ids if id_ > self.floor_id] for tag, ids in self._tagged.items()}
        self._tagged = {tag: ids for tag, ids in kept.items() if ids}

    def _grow_authors(self, count: int) -> None:
        newest, counts = np.full(count, -1, np.int64), np.zeros(count, np.int32)
        old = len(self._newest)
        newest[:old], counts[:old] = self._newest, self._counts
        self._newest, self._counts = newest, counts
        self._wanted = np.zeros(count, np.bool_)
