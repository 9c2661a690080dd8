"""The graph as the store has it: queries in, values out. Nothing here writes."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from whimbrel.kernel.contracts import Reading, Row
from whimbrel.kernel.limits import FAMILIAR_FOLLOWERS_MAX
from whimbrel.kernel.pages import Page, Paged
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings

SQL = Queries("whimbrel.microblog.graph")

FOLLOW_AS_USUAL: Final = FollowSettings()

_LISTS: Final = (
    "followers_page",
    "following_page",
    "endorsements_page",
    "requests_page",
    "blocks_page",
    "mutes_page",
    "tags_page",
)
_NEWEST: Final = {name: getattr(SQL, name) for name in _LISTS}
# The same lists taken from the old end, for `min_id`: one word of the query differs.
_OLDEST: Final = {name: sql.replace(" DESC LIMIT", " ASC LIMIT") for name, sql in _NEWEST.items()}


class Incoming(NamedTuple):
    """What only the store knows between a reader and some accounts: ids, and the notes by id."""

    followed_by: set[int]
    requested_by: set[int]
    endorsed: set[int]
    notes: dict[int, str]


def readers(rows: Reading, ids: Iterable[int]) -> dict[int, Reader]:
    """Everything about the sides of these accounts, one reader each whether it has edges or not; none if deleted.

    Eight queries, however many; 2,000 follows cost about 1 ms.
    """
    ids = list(ids)
    deleted = {row[0] for row in rows.all(SQL.deleted, {"ids": ids})}
    found = {id_: Reader(id_) for id_ in ids if id_ not in deleted}
    wanted = {"ids": list(found)}
    for account_id, target_id in rows.all(SQL.followed_ids, wanted):
        found[account_id].follows[target_id] = FOLLOW_AS_USUAL
    for account_id, target_id, *settings in rows.all(SQL.followed_with_settings, wanted):
        found[account_id].follows[target_id] = _follow_settings(*settings)
    for account_id, target_id, *settings in rows.all(SQL.requested, wanted):
        found[account_id].requested[target_id] = _follow_settings(*settings)
    for account_id, target_id in rows.all(SQL.blocked, wanted):
        found[account_id].blocks.add(target_id)
    for account_id, blocker_id in rows.all(SQL.blocked_by, wanted):
        found[account_id].blocked_by.add(blocker_id)
    for account_id, target_id, notifications, expires_ms in rows.all(SQL.muted, wanted):
        found[account_id].mutes[target_id] = MuteSettings(notifications == 1, expires_ms)
    for account_id, tag, shown in rows.all(SQL.tags_followed, wanted):
        found[account_id].tags[tag] = shown
    return found


def incoming(rows: Reading, account_id: int, ids: Iterable[int]) -> Incoming:
    """What lies between an account and others that its reader does not hold."""
    wanted: dict[str, Any] = {"account_id": account_id, "ids": list(ids)}
    kinds: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
    for other_id, kind in rows.all(SQL.incoming, wanted):
        kinds[kind].add(other_id)
    return Incoming(kinds[1], kinds[2], kinds[3], dict(rows.all(SQL.notes, wanted)))


def page_of_ids(rows: Reading, name: str, account_id: int, page: Page, *, viewer_id: int = 0) -> Paged[int]:
    """One page of account ids from the list `name` of an account, paged by the ids of its edges."""
    found = _edges(rows, name, page, {"account_id": account_id, "viewer_id": viewer_id})
    return _paged(found, tuple(row[1] for row in found), page)


def page_of_mutes(rows: Reading, account_id: int, page: Page, *, now_ms: int) -> Paged[tuple[int, MuteSettings]]:
    """One page of whom an account mutes at `now_ms`, and how."""
    found = _edges(rows, "mutes_page", page, {"account_id": account_id, "now_ms": now_ms})
    return _paged(found, tuple((row[1], MuteSettings(row[2] == 1, row[3])) for row in found), page)


def page_of_tags(rows: Reading, account_id: int, page: Page) -> Paged[tuple[str, str]]:
    """One page of the hashtags that an account follows: folded, and as written."""
    found = _edges(rows, "tags_page", page, {"account_id": account_id})
    return _paged(found, tuple((row[1], row[2]) for row in found), page)


def familiar_followers(rows: Reading, account_id: int, ids: Iterable[int]) -> dict[int, list[int]]:
    """For each of `ids`: whom the account follows that follows it, newest first; FAMILIAR_FOLLOWERS_MAX in all."""
    found: dict[int, list[int]] = {id_: [] for id_ in ids}
    wanted = {"account_id": account_id, "ids": list(found), "limit": FAMILIAR_FOLLOWERS_MAX}
    for target_id, follower_id in rows.all(SQL.familiar_followers, wanted):
        found[target_id].append(follower_id)
    return found


def follows_between(rows: Reading, account_id: int, *, limit: int) -> list[tuple[int, int]]:
    """At most `limit` follows from or to an account, as (follower, followed): for the clean-up after a deletion."""
    return [(row[0], row[1]) for row in rows.all(SQL.follows_between, {"account_id": account_id, "limit": limit})]


def requests_between(rows: Reading, account_id: int, *, limit: int) -> list[tuple[int, int]]:
    """At most `limit` requests from or to an account, as (who asks, who is asked)."""
    return [(row[0], row[1]) for row in rows.all(SQL.requests_between, {"account_id": account_id, "limit": limit})]


def requests_to_unlocked(rows: Reading, ids: Iterable[int], *, limit: int) -> list[tuple[int, int, FollowSettings]]:
    """Who waits to follow accounts that are not locked, the longest waiting first: who asks, who is asked, and how."""
    found = rows.all(SQL.requests_to_unlocked, {"ids": list(ids), "limit": limit})
    return [(row[0], row[1], _follow_settings(*row[2:])) for row in found]


def _edges(rows: Reading, name: str, page: Page, wanted: dict[str, Any]) -> list[Row]:
    sql = (_OLDEST if page.ascending else _NEWEST)[name]
    found = rows.all(sql, {**wanted, "floor": page.floor, "ceiling": page.ceiling, "limit": page.limit})
    return found[::-1] if page.ascending else found


def _paged(edges: list[Row], items: tuple[Any, ...], page: Page) -> Paged[Any]:
    if not edges:
        return Paged(())
    more = page.ascending or len(edges) == page.limit
    return Paged(items, next_max_id=edges[-1][0] if more else None, prev_min_id=edges[0][0])


def _follow_settings(reblogs: int, notify: int, languages: str) -> FollowSettings:
    return FollowSettings(reblogs == 1, notify == 1, tuple(languages.split()))
