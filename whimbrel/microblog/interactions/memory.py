"""What active readers have done with posts, in the memory of a process: the flags beside each post on a page.

A page's twenty posts are answered from one dictionary, without waiting. Memory holds the newest edges of a reader
only; of older posts it learns page by page, from the store.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from whimbrel.kernel.contracts import Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import PINS_MAX, READER_MARKS_MAX, READERS_CACHED_MAX
from whimbrel.microblog.interactions import rows
from whimbrel.microblog.interactions.values import Marks
from whimbrel.microblog.posts.values import BOOKMARKED, FAVOURITED, MUTED, PINNED, REBLOGGED, Post
from whimbrel.microblog.shelf import Shelf

FLAGS_MAX: Final = 8 * READER_MARKS_MAX
"""A reader with more flags than this in memory is loaded anew: the newest ones only."""


class MarksInMemory:
    """The flags of the readers that were active lately, kept true by the journal (a MemoryView)."""

    def __init__(
        self, reads: Reads, tail: Tail, *, items_max: int = READERS_CACHED_MAX, marks_max: int = READER_MARKS_MAX
    ) -> None:
        self._reads, self._tail, self._marks_max = reads, tail, marks_max
        self._shelf: Shelf[int, Marks] = Shelf(
            reads,
            tail,
            query=partial(rows.newest_marks, limit=marks_max),
            touched=touched,
            change=change,
            items_max=items_max,
        )

    def held(self, reader_id: int, posts: Sequence[Post]) -> list[int] | None:
        """The reader's flags on each post, from memory; None when memory does not know them all."""
        mine = self._shelf.held(reader_id)
        return None if mine is None else _known(mine, posts)

    async def marks(self, reader_id: int, posts: Sequence[Post]) -> list[int]:
        """The same, asking the store for what memory lacks. Raises StoreUnavailable when it is away."""
        mine = await self._shelf.one(reader_id)
        known = None if mine is None else _known(mine, posts)
        return await self._older(reader_id, posts) if known is None else known

    def apply(self, event: Event) -> None:
        """Take one event in."""
        if event.type in CHANGES:
            self._shelf.apply(event)

    def forget(self) -> None:
        """Hold nothing."""
        self._shelf.forget()

    async def _older(self, reader_id: int, posts: Sequence[Post]) -> list[int]:
        ids = [post.id for post in posts]
        found, cursor = await self._reads.read(
            lambda look: (rows.marks(look, reader_id, ids), look.cursor), fresh=False
        )
        learnt = Marks(flags={id_: flags & ~MUTED for id_, flags in found.items()})
        learnt.quiet = {post.conversation_id for post in posts if found[post.id] & MUTED}
        for event in self._tail.since(cursor) if cursor < self._tail.cursor else ():
            if reader_id in touched(event):
                change(reader_id, learnt, event)
        mine = self._shelf.held(reader_id)
        if mine is not None:
            _learn(mine, learnt, posts, self._marks_max)
        return _flags(learnt, posts)


def touched(event: Event) -> Iterable[int]:
    """The reader whose flags an event changes."""
    if event.type not in CHANGES or isinstance(event.data, BlankedEvent):
        return ()
    if event.type == "PostDeleted":
        return (event.data.account_id,) if event.data.reblog_of_id is not None else ()
    return (event.id,) if event.type == "AccountDeleted" else (event.actor,)


def change(_reader_id: int, mine: Marks, event: Event) -> Marks | None:
    """The reader's flags after the event; None when they are to be loaded anew. Changes them in place."""
    kept = CHANGES[event.type](mine, event)
    return mine if kept and len(mine.flags) <= FLAGS_MAX else None


def _known(mine: Marks, posts: Sequence[Post]) -> list[int] | None:
    floor, quiet_floor, older = mine.floor, mine.quiet_floor, mine.older
    if floor or quiet_floor:
        for post in posts:
            if (post.id <= floor or post.conversation_id <= quiet_floor) and post.id not in older:
                return None
    return _flags(mine, posts)


def _flags(mine: Marks, posts: Sequence[Post]) -> list[int]:
    get, quiet = mine.flags.get, mine.quiet
    if not quiet:
        return [get(post.id, 0) for post in posts]
    return [get(post.id, 0) | (MUTED if post.conversation_id in quiet else 0) for post in posts]


def _learn(mine: Marks, learnt: Marks, posts: Sequence[Post], older_max: int) -> None:
    if len(mine.older) >= older_max:
        mine.older.clear()
    for post in posts:
        mine.older.add(post.id)
        if flags := learnt.flags.get(post.id, 0):
            mine.flags[post.id] = flags
        else:
            mine.flags.pop(post.id, None)
        if post.conversation_id in learnt.quiet:
            mine.quiet.add(post.conversation_id)


def _set(flag: int) -> Callable[[Marks, Event], bool]:
    def change_flag(mine: Marks, event: Event) -> bool:
        mine.flags[event.id] = mine.flags.get(event.id, 0) | flag
        return True

    return change_flag


def _clear(flag: int) -> Callable[[Marks, Event], bool]:
    def change_flag(mine: Marks, event: Event) -> bool:
        _drop(mine, event.id, flag)
        return True

    return change_flag


def _drop(mine: Marks, post_id: int, flag: int) -> None:
    if left := mine.flags.get(post_id, 0) & ~flag:
        mine.flags[post_id] = left
    else:
        mine.flags.pop(post_id, None)


def _reblogged(mine: Marks, event: Event) -> bool:
    mine.flags[event.data.post_id] = mine.flags.get(event.data.post_id, 0) | REBLOGGED
    return True


def _reblog_gone(mine: Marks, event: Event) -> bool:
    _drop(mine, event.data.reblog_of_id, REBLOGGED)
    return True


def _pinned(mine: Marks, event: Event) -> bool:
    # As the store has it (posts/apply.py): two pins that raced for the last place are not both there.
    if sum(1 for flags in mine.flags.values() if flags & PINNED) < PINS_MAX:
        mine.flags[event.id] = mine.flags.get(event.id, 0) | PINNED
    return True


def _muted(mine: Marks, event: Event) -> bool:
    mine.quiet.add(event.data.conversation_id)
    return True


def _unmuted(mine: Marks, event: Event) -> bool:
    mine.quiet.discard(event.data.conversation_id)
    return True


def _gone(_mine: Marks, _event: Event) -> bool:
    return False


CHANGES: Final[dict[str, Callable[[Marks, Event], bool]]] = {
    "Favourited": _set(FAVOURITED),
    "Unfavourited": _clear(FAVOURITED),
    "Bookmarked": _set(BOOKMARKED),
    "Unbookmarked": _clear(BOOKMARKED),
    "Reblogged": _reblogged,
    "PostDeleted": _reblog_gone,
    "Pinned": _pinned,
    "Unpinned": _clear(PINNED),
    "ConversationMuted": _muted,
    "ConversationUnmuted": _unmuted,
    "AccountDeleted": _gone,
}
