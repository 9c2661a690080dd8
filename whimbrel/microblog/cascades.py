"""What must follow a deletion: explicit events for all that hung on the deleted thing.

A deletion is acknowledged as one event and hides everything at once; what pointed at it (reblogs of a post; posts,
follows, requests and favourites of an account) is taken back by events of its own, so that every counter in every
view stays a plain sum of transitions. Considered was to let `apply` delete them: the in-memory views cannot know
them all, and would disagree.

The work is stateless: it asks the store what still hangs, appends, and asks again until nothing does. A crash in
between is repaired by the same question at the next start; an event that was already appended is refused by its key.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.events import Claim, Draft, Event, Group, draft
from whimbrel.kernel.sql import Queries
from whimbrel.microblog import keys
from whimbrel.microblog.graph.events import FollowRequestEnded, Unfollowed
from whimbrel.microblog.interactions.events import Unfavourited
from whimbrel.microblog.posts.events import PostDeleted

SERVER: Final = 0
"""The actor of what the server does by itself."""

CASCADE_EVENTS_MAX: Final = 500

_sql: Final = Queries("whimbrel.microblog", "cascades.sql")


def triggered(events: Iterable[Event]) -> tuple[set[int], set[int]]:
    """Posts and accounts that these events deleted: those that something may still hang on."""
    posts = {event.id for event in events if event.type == "PostDeleted"}
    accounts = {event.id for event in events if event.type == "AccountDeleted"}
    return posts, accounts


def unfinished(rows: Reading) -> tuple[set[int], set[int]]:
    """Deleted posts and accounts that something still hangs on: asked once at start. Costs a pass over reblogs."""
    posts = {id_ for (id_,) in rows.all(_sql.posts_missing_under_reblogs)}
    accounts = {id_ for (id_,) in rows.all(_sql.deleted_accounts_with_remains)}
    return posts, accounts


def due(rows: Reading, posts: Sequence[int], accounts: Sequence[int]) -> list[Group]:
    """The next groups to append, at most CASCADE_EVENTS_MAX; none when everything has followed."""
    drafts: list[Draft] = []
    for name, ids, make in (
        ("reblogs_of_deleted", posts, _post),
        ("posts_of_deleted", accounts, _post),
        ("follows_of_deleted", accounts, _follow),
        ("requests_of_deleted", accounts, _request),
        ("favourites_of_deleted", accounts, _favourite),
    ):
        room = CASCADE_EVENTS_MAX - len(drafts)
        if ids and room:
            found = rows.all(getattr(_sql, name), {"ids": list(ids), "limit": room})
            drafts += [make(*row) for row in found]
    return [Group((one,)) for one in drafts]


def _post(id_: int, account_id: int, visibility: str, in_reply_to_id: int | None, reblog_of_id: int | None) -> Draft:
    fact = PostDeleted(
        account_id=account_id, visibility=visibility, in_reply_to_id=in_reply_to_id, reblog_of_id=reblog_of_id
    )
    releases = (keys.reblog(account_id, reblog_of_id),) if reblog_of_id else ()
    return draft(fact, actor=SERVER, id=id_, claims=(Claim(keys.deleted(id_)),), releases=releases)


def _follow(account_id: int, target_id: int) -> Draft:
    key = keys.follow(account_id, target_id)
    return draft(Unfollowed(account_id=account_id), actor=SERVER, id=target_id, releases=(key,))


def _request(account_id: int, target_id: int) -> Draft:
    key = keys.request(account_id, target_id)
    return draft(FollowRequestEnded(account_id=account_id), actor=SERVER, id=target_id, releases=(key,))


def _favourite(account_id: int, post_id: int, author_id: int) -> Draft:
    key = keys.favourite(account_id, post_id)
    return draft(Unfavourited(author_id=author_id), actor=account_id, id=post_id, releases=(key,))
