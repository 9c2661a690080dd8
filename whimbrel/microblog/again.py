"""Taking away again what was taken away once: after a restore to a moment before people deleted it.

The events are new ones, appended to the restored journal like any other, because the record of the first deletion lies
beyond the moment that was restored. They say what the first ones said: whoever deletes something has deleted it.
What hung on it follows by itself (cascades.py). The server is the actor.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading, Row
from whimbrel.kernel.events import Claim, Draft, Group, draft
from whimbrel.kernel.sql import Queries
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.events import AccountDeleted, TokenRevoked
from whimbrel.microblog.cascades import SERVER
from whimbrel.microblog.posts.events import PostDeleted, Unpinned

TOKEN_KEYS: Final = "token:"
"""What the keys of tokens begin with; released when one is revoked."""

_sql: Final = Queries("whimbrel.microblog", "again.sql")
_IDS_MAX: Final = 500


def taken_away(rows: Reading, deleted: Sequence[int], revoked: Sequence[int]) -> list[Group]:
    """The groups that delete these posts and accounts, and revoke these tokens, where they are here.

    `deleted` are ids of posts, reblogs and accounts in any order. Posts go before accounts, so that nothing is deleted
    twice; a group whose subject is gone meanwhile is refused by its key.
    """
    groups = [Group(_post(*row)) for row in _found(rows, _sql.posts, deleted)]
    groups += [Group((_token(*row),)) for row in _found(rows, _sql.tokens, revoked)]
    return groups + [Group((_account(*row),)) for row in _found(rows, _sql.accounts, deleted)]


def _found(rows: Reading, query: str, ids: Sequence[int]) -> Iterator[Row]:
    for start in range(0, len(ids), _IDS_MAX):
        yield from rows.all(query, {"ids": list(ids[start : start + _IDS_MAX])})


def _post(
    id_: int, account_id: int, visibility: str, in_reply_to_id: int | None, reblog_of_id: int | None
) -> tuple[Draft, Draft]:
    fact = PostDeleted(
        account_id=account_id, visibility=visibility, in_reply_to_id=in_reply_to_id, reblog_of_id=reblog_of_id
    )
    releases = (keys.reblog(account_id, reblog_of_id),) if reblog_of_id else ()
    pinned = (keys.pin(account_id, id_),)
    unpinned = draft(Unpinned(), actor=account_id, id=id_, releases=pinned, optional=True)
    return unpinned, draft(fact, actor=SERVER, id=id_, claims=(Claim(keys.deleted(id_)),), releases=releases)


def _account(id_: int, email: str) -> Draft:
    claims, releases = (Claim(keys.account_gone(id_)),), (keys.email(email),)
    return draft(AccountDeleted(), actor=SERVER, id=id_, claims=claims, releases=releases)


def _token(id_: int, token_hash: str) -> Draft:
    return draft(TokenRevoked(token_hash), actor=SERVER, id=id_, releases=(keys.token(token_hash),), optional=True)
