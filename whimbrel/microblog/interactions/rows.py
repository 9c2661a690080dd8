"""Questions to the store about favourites, bookmarks, reblogs and muted conversations: rows in, values out.

Lists are newest first, whichever end was asked, each entry with the id of its edge, by which they are paged.
"""

from collections.abc import Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.limits import READER_MARKS_MAX
from whimbrel.kernel.pages import Page
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.interactions.values import Marks
from whimbrel.microblog.posts.values import BOOKMARKED, FAVOURITED, PINNED, REBLOGGED

Edge = tuple[int, int]
"""The edge's id, and the id of the post or account at its other end."""

_sql: Final = Queries("whimbrel.microblog.interactions")


def marks(rows: Reading, account_id: int, post_ids: Sequence[int]) -> dict[int, int]:
    """The flags of an account (FAVOURITED | REBLOGGED | MUTED | BOOKMARKED | PINNED) on each of these posts."""
    found = dict.fromkeys(post_ids, 0)
    for post_id, flag in rows.all(_sql.marks, {"account_id": account_id, "post_ids": post_ids}):
        found[post_id] |= flag
    return found


def marks_of(rows: Reading, post_id: int, account_ids: Sequence[int]) -> dict[int, int]:
    """The flags of these accounts on one post, without MUTED; every account is in the answer."""
    found = dict.fromkeys(account_ids, 0)
    for account_id, flag in rows.all(_sql.marks_of, {"post_id": post_id, "account_ids": account_ids}):
        found[account_id] |= flag
    return found


def quiet(rows: Reading, account_ids: Sequence[int]) -> dict[int, set[int]]:
    """The conversations that each account wants no notifications from. One query an account."""
    wanted = {"limit": READER_MARKS_MAX}
    return {
        account_id: {id_ for id_, _ in rows.all(_sql.newest_conversation_mutes, {**wanted, "account_id": account_id})}
        for account_id in account_ids
    }


def newest_marks(rows: Reading, account_ids: Sequence[int], *, limit: int = READER_MARKS_MAX) -> dict[int, Marks]:
    """For each account what it did lately, `limit` of each kind, for its memory. Five queries an account."""
    return {account_id: _newest_marks(rows, account_id, limit) for account_id in account_ids}


def favourites(rows: Reading, account_id: int, page: Page) -> list[Edge]:
    """What an account likes."""
    return _edges(rows, account_id, page, down=_sql.favourites_down, up=_sql.favourites_up)


def bookmarks(rows: Reading, account_id: int, page: Page) -> list[Edge]:
    """What an account keeps."""
    return _edges(rows, account_id, page, down=_sql.bookmarks_down, up=_sql.bookmarks_up)


def favourited_by(rows: Reading, post_id: int, page: Page) -> list[Edge]:
    """Who likes a post."""
    return _edges(rows, post_id, page, down=_sql.favourited_by_down, up=_sql.favourited_by_up)


def reblogged_by(rows: Reading, post_id: int, page: Page) -> list[Edge]:
    """Who reblogged a post publicly; the edge is the reblog."""
    return _edges(rows, post_id, page, down=_sql.reblogged_by_down, up=_sql.reblogged_by_up)


def _edges(rows: Reading, id_: int, page: Page, *, down: str, up: str) -> list[Edge]:
    wanted = {"id": id_, "ceiling": page.ceiling, "floor": page.floor, "limit": page.limit}
    found = [(edge, other) for edge, other in rows.all(up if page.ascending else down, wanted)]
    return found[::-1] if page.ascending else found


def _newest_marks(rows: Reading, account_id: int, limit: int) -> Marks:
    mine = Marks()
    wanted = {"account_id": account_id, "limit": limit}
    for sql, flag in (
        (_sql.newest_favourites, FAVOURITED),
        (_sql.newest_reblogs, REBLOGGED),
        (_sql.newest_bookmarks, BOOKMARKED),
    ):
        edges = rows.all(sql, wanted)
        for post_id, _ in edges:
            mine.flags[post_id] = mine.flags.get(post_id, 0) | flag
        mine.floor = max(mine.floor, edges[-1][1] if len(edges) == limit else 0)
    for (post_id,) in rows.all(_sql.pinned, {"account_id": account_id}):
        mine.flags[post_id] = mine.flags.get(post_id, 0) | PINNED
    quiet = rows.all(_sql.newest_conversation_mutes, wanted)
    mine.quiet = {conversation_id for conversation_id, _ in quiet}
    mine.quiet_floor = quiet[-1][1] if len(quiet) == limit else 0
    return mine
