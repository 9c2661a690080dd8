"""The home timeline, computed when it is read: merge the window, ask the store below its floor, hydrate.

Promises: newest first by id; stable under `max_id`, `since_id` and `min_id`; a poller with `since_id` misses
nothing; never empty because something is broken (StoreUnavailable instead). The rules stand in home_rules.py.
Cost: some 40 us from memory whatever the number of followed accounts, one store query for each page below the
window's floor, with an index range in it for each followed hashtag.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading, Reads, Row
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import HOME_REBLOG_LOOK_BACK
from whimbrel.kernel.pages import Page
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.home_rules import Candidate, seen_below, wanted
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.ladder import home_below, joined, tagged_below
from whimbrel.microblog.posts.values import Shown
from whimbrel.microblog.recents import GONE, LANGUAGE, PLAIN_MASK, Positions, Window
from whimbrel.microblog.recents_rows import entry_of_row

NEVER_MS: Final = 1 << 62
MARGIN_ENTRIES: Final = 12
HOME_ROUNDS_MAX: Final = 64


class Sources(NamedTuple):
    """What a reader's home draws on, kept beside the reader until the graph changes or a mute expires."""

    slots: NDArray[np.int32]
    authors: tuple[int, ...]
    checked: int
    until_ms: int


class Home:
    """The read front door of home timelines."""

    def __init__(self, *, window: Window, posts: Posts, reads: Reads, clock: Clock) -> None:
        self._window, self._posts, self._reads, self._clock = window, posts, reads, clock

    def page_held(self, reader: Reader, page: Page) -> list[Shown] | None:
        """The page, if everything it needs is in memory; None otherwise. Never waits."""
        ids = self._ascending_held(reader, page) if page.ascending else self._descending_held(reader, page)
        return None if ids is None else self._posts.show_held(reader, ids)

    async def page(self, reader: Reader, page: Page) -> list[Shown]:
        """The page, newest first. Raises StoreUnavailable only when memory has nothing at all to show for it."""
        quick = self.page_held(reader, page)
        if quick is not None:
            return quick
        return await (self._page_up(reader, page) if page.ascending else self._page_down(reader, page))

    async def holds(self, reader: Reader, entry_id: int) -> bool:
        """Whether an entry stands in this home, where it is judged by what lies below it.

        Raises StoreUnavailable when memory does not reach far enough and the store is away.
        """
        page = Page(1, entry_id + 1, entry_id - 1)
        ids = self._descending_held(reader, page)
        if ids is None:
            candidates, _ = await self._below(reader, page.ceiling, HOME_REBLOG_LOOK_BACK + 1)
            ids = choose(candidates, page, complete=True)
        return bool(ids)

    # Newest first

    def _descending_held(self, reader: Reader, page: Page) -> list[int] | None:
        candidates, complete = self._newest(reader, page.ceiling, page.limit)
        ids = choose(candidates, page, complete=complete)
        if ids is None and candidates and not complete:
            # A reblog wants its forty entries below in sight, or was left out and made the page short: look further.
            more, complete = self._newest(reader, candidates[-1][0], page.limit + HOME_REBLOG_LOOK_BACK)
            ids = choose(candidates + more, page, complete=complete)
        return ids

    async def _page_down(self, reader: Reader, page: Page) -> list[Shown]:
        shown: list[Shown] = []
        ceiling, need = page.ceiling, page.limit + HOME_REBLOG_LOOK_BACK
        for _ in range(HOME_ROUNDS_MAX):
            candidates, complete = await self._below(reader, ceiling, need)
            # Only what has its forty entries below in sight can be judged; the rest waits for the next round.
            judged = 0 if complete else candidates[-HOME_REBLOG_LOOK_BACK - 1][0]
            rest = Page(page.limit - len(shown), ceiling, max(page.floor, judged - 1))
            ids = choose(candidates, rest, complete=True) or []
            shown += await self._posts.listed(reader, ids)
            # A full page may have lost what is not visible (one's own reblog of somebody who blocks one): go on below.
            full = len(ids) == rest.limit
            if len(shown) >= page.limit or (not full and (complete or judged <= page.floor)):
                break
            ceiling = ids[-1] if full else judged
        return shown

    async def _below(self, reader: Reader, ceiling: int, need: int) -> tuple[list[Candidate], bool]:
        """At least `need` candidates below `ceiling` (or all: then True), from memory and the store beneath it."""
        candidates, complete = self._newest(reader, ceiling, need)
        floor = self._window.floor_id
        while not complete and len(candidates) < need:
            beneath = min(ceiling, floor + 1, candidates[-1][0] if candidates else ceiling)
            try:
                older, last = await self._stored(reader, beneath, 0, need, ascending=False)
            except StoreUnavailable:
                if not candidates:
                    raise
                return candidates, True
            candidates += older
            complete = last == 0
            floor = last - 1
        return candidates, complete

    def _newest(self, reader: Reader, ceiling: int, need: int) -> tuple[list[Candidate], bool]:
        sources, found = self._sources(reader), list[Candidate]()
        while len(found) < need:
            wish = need - len(found) + MARGIN_ENTRIES
            positions = self._window.newest(sources.slots, below=ceiling, above=0, limit=wish)
            positions = self._with_tags(reader, positions, ceiling, enough=len(positions) >= wish)
            found += self._passing(reader, sources, positions)
            if len(positions) < wish:
                return found, self._window.floor_id == 0
            ceiling = self._window.ids(positions[-1:])[0]
        return found, False

    # Oldest first (min_id)

    def _ascending_held(self, reader: Reader, page: Page) -> list[int] | None:
        if page.floor < self._window.floor_id:
            return None
        return self._climb(reader, page.floor, page.ceiling, page.limit)

    def _climb(self, reader: Reader, floor: int, ceiling: int, limit: int) -> list[int] | None:
        sources, chosen = self._sources(reader), list[int]()
        while len(chosen) < limit:
            wish = limit - len(chosen) + MARGIN_ENTRIES
            positions = self._window.oldest(sources.slots, below=ceiling, above=floor, limit=wish)
            positions = self._with_tags_above(reader, positions, floor, ceiling, enough=len(positions) >= wish)
            for id_, subject in self._passing(reader, sources, positions):
                if id_ != subject:
                    below, complete = self._newest(reader, id_, HOME_REBLOG_LOOK_BACK)
                    if not complete and len(below) < HOME_REBLOG_LOOK_BACK:
                        return None
                    if seen_below([(id_, subject), *below], 0):
                        continue
                chosen.append(id_)
            if len(positions) < wish:
                break
            floor = self._window.ids(positions[-1:])[0]
        return chosen[:limit][::-1]

    async def _page_up(self, reader: Reader, page: Page) -> list[Shown]:
        shown: list[Shown] = []
        floor = page.floor
        for _ in range(HOME_ROUNDS_MAX):
            ids, floor = await self._above(reader, floor, page.ceiling, page.limit - len(shown))
            shown = [*await self._posts.listed(reader, ids), *shown]
            if floor == 0 or len(shown) >= page.limit:
                break
        return shown

    async def _above(self, reader: Reader, floor: int, ceiling: int, limit: int) -> tuple[list[int], int]:
        """Up to `limit` ids directly above `floor`, newest first, and where to go on (0: there is no more)."""
        if floor >= self._window.floor_id:
            climbed = self._climb(reader, floor, ceiling, limit)
            if climbed is not None:
                return climbed, climbed[0] if len(climbed) == limit else 0
        seam = self._window.floor_id
        upto = min(ceiling, seam + 1) if floor < seam else ceiling
        found, last = await self._stored(reader, upto, floor, limit, ascending=True)
        chosen: list[int] = []
        for id_, subject in found:
            below, _ = (await self._below(reader, id_, HOME_REBLOG_LOOK_BACK)) if id_ != subject else ([], True)
            if id_ == subject or not seen_below([(id_, subject), *below], 0):
                chosen.append(id_)
        chosen = chosen[:limit]
        if len(chosen) == limit:
            return chosen[::-1], chosen[-1]
        if last:
            return chosen[::-1], last
        return chosen[::-1], seam if upto < ceiling else 0

    # Both

    async def _stored(
        self, reader: Reader, below: int, above: int, limit: int, *, ascending: bool
    ) -> tuple[list[Candidate], int]:
        """Candidates from the store, and the id up to which they are all there are (0: there are no more)."""
        authors, tags, now_ms = self._sources(reader).authors, tuple(reader.tags), self._clock()
        most = limit + MARGIN_ENTRIES

        def lists(look: Reading) -> Sequence[list[Row]]:
            authored = home_below(look, authors, ceiling=below, floor=above, limit=most, ascending=ascending)
            if not tags:
                return (authored,)
            return authored, tagged_below(look, tags, ceiling=below, floor=above, limit=most, ascending=ascending)

        rows, last = joined(await self._reads.read(lists), limit=most, ascending=ascending)
        entries = [entry_of_row(row) for row in rows]
        return [(e.id, e.reblog_of or e.id) for e in entries if wanted(reader, e, now_ms)], last

    def _sources(self, reader: Reader) -> Sources:
        derived = reader.derived
        now_ms = self._clock() if reader.mutes else 0
        if isinstance(derived, Sources) and derived.until_ms > now_ms:
            return derived
        reader.derived = fresh = self._derive(reader, now_ms)
        return fresh

    def _derive(self, reader: Reader, now_ms: int) -> Sources:
        followed = [a for a in reader.follows if not reader.hides(a, now_ms)] if _hides_any(reader) else reader.follows
        authors = (*followed, reader.account_id)
        slots = np.unique(np.array([self._window.slot(author) for author in authors], np.int32))
        by_language = any(settings.languages for settings in reader.follows.values())
        ends = [m.expires_ms for m in reader.mutes.values() if m.expires_ms is not None and m.expires_ms > now_ms]
        return Sources(slots, authors, PLAIN_MASK | (LANGUAGE if by_language else 0), min(ends, default=NEVER_MS))

    def _passing(self, reader: Reader, sources: Sources, positions: Positions) -> list[Candidate]:
        # Nearly all of a page is plain posts by those whom the reader follows: only what may be more is looked at.
        window = self._window
        ids = window.ids(positions)
        passed: list[Candidate] = list(zip(ids, ids, strict=True))
        kinds = window.kinds(positions)
        doubtful = range(len(ids)) if reader.tags else np.flatnonzero(kinds & sources.checked).tolist()
        now_ms = self._clock()
        for index in reversed(doubtful):
            entry = None if kinds[index] & GONE else window.entry(int(positions[index]))
            if entry is not None and wanted(reader, entry, now_ms):
                passed[index] = (entry.id, entry.reblog_of or entry.id)
            else:
                del passed[index]
        return passed

    def _with_tags(self, reader: Reader, positions: Positions, ceiling: int, *, enough: bool) -> Positions:
        if not reader.tags:
            return positions
        lowest = self._window.ids(positions[-1:])[0] - 1 if enough else 0
        tagged = self._window.tagged(reader.tags, below=ceiling, above=lowest)
        return np.union1d(positions, self._window.at(tagged))[::-1] if tagged else positions

    def _with_tags_above(
        self, reader: Reader, positions: Positions, floor: int, ceiling: int, *, enough: bool
    ) -> Positions:
        if not reader.tags:
            return positions
        highest = self._window.ids(positions[-1:])[0] + 1 if enough else ceiling
        tagged = self._window.tagged(reader.tags, below=highest, above=floor)
        return np.union1d(positions, self._window.at(tagged)) if tagged else positions


def choose(candidates: list[Candidate], page: Page, *, complete: bool) -> list[int] | None:
    """The page's ids out of its candidates (newest first), without reblogs of what stands just below them.

    None when the candidates do not reach far enough to be sure: too few, and more exist (`complete` False).
    """
    chosen: list[int] = []
    floor, limit = page.floor, page.limit
    for index, (id_, subject) in enumerate(candidates):
        if id_ <= floor or len(chosen) == limit:
            return chosen
        if id_ != subject:
            if not complete and len(candidates) - index <= HOME_REBLOG_LOOK_BACK:
                return None
            if seen_below(candidates, index):
                continue
        chosen.append(id_)
    return chosen if complete or len(chosen) == limit else None


def _hides_any(reader: Reader) -> bool:
    return bool(reader.mutes or reader.blocks or reader.blocked_by)
