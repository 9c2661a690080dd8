"""What must follow from what somebody did, as explicit events: after a deletion, and after unlocking an account.

A deletion is acknowledged as one event and hides everything at once; what pointed at it (reblogs of a post; posts,
follows, requests and favourites of an account) is taken back by events of its own, so that every counter in every
view stays a plain sum of transitions. Considered was to let `apply` delete them: the in-memory views cannot know
them all, and would disagree.

Unlocking an account lets in everybody who waits (source: Mastodon 4.x, UpdateAccountService), be it done by an app or
by a command. Considered was to accept them in the request that unlocks: with thousands it lasts for seconds, and one
that breaks off leaves the others waiting at an open door.

The work is stateless: it asks the store what still hangs, appends a bounded piece, and asks again until nothing does. A
crash in between is repaired by the same question at the next start; an event that was already appended is refused by
its key.
"""

from collections.abc import Mapping, Set
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.events import Claim, Draft, Group, draft
from whimbrel.kernel.limits import CASCADE_GROUPS_MAX
from whimbrel.kernel.sql import Queries
from whimbrel.microblog import keys
from whimbrel.microblog.graph import groups
from whimbrel.microblog.graph.events import FollowRequestEnded, Unfollowed
from whimbrel.microblog.graph.rows import requests_to_unlocked
from whimbrel.microblog.interactions.events import Unfavourited
from whimbrel.microblog.posts.events import PostDeleted

SERVER: Final = 0
"""The actor of what the server does by itself."""

TRIGGERS: Final = ("PostDeleted", "AccountDeleted", "ProfileChanged")
"""Types of events that something may follow from."""

Owed = Mapping[str, Set[int]]
"""By trigger, what such events were about: posts and accounts that something may still hang on."""

_sql: Final = Queries("whimbrel.microblog", "cascades.sql")


def unfinished(rows: Reading) -> Owed:
    """All that is owed: asked once at start. Costs a pass over reblogs and follow requests."""
    questions = (_sql.posts_missing_under_reblogs, _sql.deleted_accounts_with_remains, _sql.unlocked_with_requests)
    return {
        trigger: {id_ for (id_,) in rows.all(question)} for trigger, question in zip(TRIGGERS, questions, strict=True)
    }


def due(rows: Reading, owed: Owed) -> list[Group]:
    """The next groups to append, at most CASCADE_GROUPS_MAX; none when everything has followed."""
    posts, accounts, profiles = (sorted(owed.get(trigger, ())) for trigger in TRIGGERS)
    found: list[Group] = []
    for name, ids, make in (
        ("reblogs_of_deleted", posts, _post),
        ("posts_of_deleted", accounts, _post),
        ("follows_of_deleted", accounts, _follow),
        ("requests_of_deleted", accounts, _request),
        ("favourites_of_deleted", accounts, _favourite),
    ):
        room = CASCADE_GROUPS_MAX - len(found)
        if ids and room:
            hanging = rows.all(getattr(_sql, name), {"ids": ids, "limit": room})
            found += [Group((make(*row),)) for row in hanging]
    waiting = requests_to_unlocked(rows, profiles, limit=CASCADE_GROUPS_MAX - len(found))
    return found + [groups.accept(target, requester, how) for requester, target, how in waiting]


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
