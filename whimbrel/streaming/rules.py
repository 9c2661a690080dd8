"""Whom an event concerns, as pure functions over one watcher's side: home's rules, and those of notifications.

Whether a post belongs into a home is home_rules.wanted and posts' visible, the very functions that a reload uses.
Whether somebody is told of something is notifications.rules.wanted over facts that stand in memory here and are
looked up in the store there (notifications/queries.sql); a test compares the two on a running server.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from whimbrel.kernel.events import Event
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.home_rules import wanted as wanted_at_home
from whimbrel.microblog.notifications.rules import Facts, for_watchers, wanted
from whimbrel.microblog.posts.events import PostCreated, PostDeleted
from whimbrel.microblog.posts.rules import visible
from whimbrel.microblog.posts.values import Post
from whimbrel.microblog.recents import Entry
from whimbrel.streaming.sides import Side


class Notice(NamedTuple):
    """What somebody is told: of what kind, by whom, about which post."""

    kind: str
    from_id: int
    post_id: int | None


def entry_of(post: Post, subject: Post) -> Entry:
    """A post, or a reblog of `subject`, as home's rules look at it."""
    if subject is not post:
        return Entry(
            post.id,
            post.account_id,
            post.visibility,
            reblog_of=subject.id,
            reblog_author=subject.account_id,
            language=post.language or "",
            mentions=tuple(mention.account_id for mention in post.mentions),
        )
    other = post.in_reply_to_account_id if post.in_reply_to_account_id != post.account_id else None
    return Entry(
        post.id,
        post.account_id,
        post.visibility,
        reply_to=other or 0,
        language=post.language or "",
        mentions=tuple(mention.account_id for mention in post.mentions),
        tags=tuple(tag.name for tag in post.tags) if post.visibility == "public" else (),
    )


def belongs_home(reader: Reader, entry: Entry, post: Post, subject: Post, now_ms: int) -> bool:
    """Whether a post stands in a home, as far as one entry tells (a reblog also needs Home.holds)."""
    return wanted_at_home(reader, entry, now_ms) and visible(reader, subject) and visible(reader, post)


def belongs_to_direct(reader: Reader, post: Post) -> bool:
    """Whether a post is a direct one that its reader wrote or is named in."""
    return post.visibility == "direct" and visible(reader, post)


def hidden_in_public(reader: Reader, author: int, mentions: Iterable[int], now_ms: int) -> bool:
    """Whether a reader is spared a public post, as its public timelines spare it (timelines.py)."""
    if not (reader.blocks or reader.blocked_by or reader.mutes) or author == reader.account_id:
        return False
    return any(reader.hides(who, now_ms) for who in (author, *mentions))


def is_public(post: Post) -> bool:
    """Whether a post stands in the public timelines: public, no reblog, no reply to somebody else."""
    return (
        post.visibility == "public"
        and post.reblog_of_id is None
        and post.in_reply_to_account_id in (None, post.account_id)
    )


def may_miss(reader: Reader, gone: PostDeleted, tags: Collection[str], named: Collection[int], *, known: bool) -> bool:
    """Whether a post that is gone may stand before a reader's eyes: its id is then told, and nothing else of it.

    `tags` and `named` are those of the post if that is `known`; without them a public one may have been seen by anybody
    who follows hashtags.
    """
    me = reader.account_id
    if gone.account_id == me or me in named:
        return True
    if gone.visibility == "direct":
        return False
    if gone.account_id in reader.follows:
        return True
    return gone.visibility == "public" and bool(reader.tags if not known else any(tag in reader.tags for tag in tags))


def notice_of_post(side: Side, event: Event) -> Notice | None:
    """What a watcher is told of a new post: that it is named, or that one whom it watches has posted."""
    data: PostCreated = event.data
    me, author = side.reader.account_id, event.actor
    if me == author:
        return None
    if any(mention.account_id == me for mention in data.mentions):
        kind = "mention"
    else:
        follow = side.reader.follows.get(author)
        if follow is None or not follow.notify or not for_watchers(author, data):
            return None
        if follow.languages and data.language and data.language not in follow.languages:
            return None
        kind = "status"
    return told(side, Notice(kind, author, event.id), event.time_ms, data.conversation_id or event.id)


def notice_in(event: Event) -> tuple[int, Notice | None, int | None]:
    """Of an event that concerns one account: whose, what it would be told, and the post whose conversation counts."""
    kind, data = event.type, event.data
    if kind == "Reblogged":
        return data.author_id, Notice("reblog", event.actor, data.post_id), data.post_id
    if kind == "Favourited":
        return data.author_id, Notice("favourite", event.actor, event.id), event.id
    if kind in ("Followed", "FollowRequested"):
        what = "follow" if kind == "Followed" else "follow_request"
        return event.id, Notice(what, data.account_id, None), None
    return 0, None, None


def told(side: Side, notice: Notice, time_ms: int, conversation_id: int | None = None) -> Notice | None:
    """The notice, unless what stands between the two keeps the watcher from being told."""
    reader, sender = side.reader, notice.from_id
    if sender == reader.account_id:
        return None
    mute = reader.mutes.get(sender)
    muted = mute is not None and mute.notifications and (mute.expires_ms is None or mute.expires_ms > time_ms)
    facts = Facts("active", reader.severed(sender), muted, conversation_id in side.quiet)
    return notice if wanted(notice.kind, facts) else None
