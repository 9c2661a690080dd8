"""What people do with posts: favourite, bookmark, mute a conversation; and the lists of it.

Promises: each verb is idempotent, acts only on what its reader may see, and when it returns it is durable and shown.
Two requests that race are decided by the journal's keys, so nothing is counted twice. A verb on a reblog acts on the
reblogged post.
"""

from collections.abc import Callable

from whimbrel.kernel.contracts import Appender, Reading, Reads
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.events import Claim, Draft, Group, Refused, draft
from whimbrel.kernel.pages import Page, Paged, paged
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.interactions import events as happened
from whimbrel.microblog.interactions import rows
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.values import Post, Shown

Query = Callable[[Reading, int, Page], list[rows.Edge]]


class Interactions:
    """The room of interactions. Every verb raises NotFound for a post that its reader may not see."""

    def __init__(self, *, appender: Appender, reads: Reads, posts: Posts, accounts: Accounts) -> None:
        self._appender, self._reads, self._posts, self._accounts = appender, reads, posts, accounts

    async def favourite(self, reader: Reader, post_id: int) -> Shown:
        """Like a post; its author is told."""
        post = await self._subject(reader, post_id)
        fact = happened.Favourited(author_id=post.account_id)
        return await self._do(reader, post_id, post, _set(reader, post, fact, keys.favourite))

    async def unfavourite(self, reader: Reader, post_id: int) -> Shown:
        """Like it no more."""
        post = await self._subject(reader, post_id)
        fact = happened.Unfavourited(author_id=post.account_id)
        return await self._undo(reader, post_id, _unset(reader, post, fact, keys.favourite))

    async def bookmark(self, reader: Reader, post_id: int) -> Shown:
        """Keep a post; nobody else knows."""
        post = await self._subject(reader, post_id)
        return await self._do(reader, post_id, post, _set(reader, post, happened.Bookmarked(), keys.bookmark))

    async def unbookmark(self, reader: Reader, post_id: int) -> Shown:
        """Keep it no more."""
        post = await self._subject(reader, post_id)
        return await self._undo(reader, post_id, _unset(reader, post, happened.Unbookmarked(), keys.bookmark))

    async def mute_conversation(self, reader: Reader, post_id: int) -> Shown:
        """No more notifications from the conversation that the post stands in."""
        post = await self._subject(reader, post_id)
        claim = Claim(keys.thread_mute(reader.account_id, post.conversation_id))
        fact = happened.ConversationMuted(post.conversation_id)
        return await self._do(reader, post_id, post, draft(fact, actor=reader.account_id, id=post.id, claims=(claim,)))

    async def unmute_conversation(self, reader: Reader, post_id: int) -> Shown:
        """Notifications from it again."""
        post = await self._subject(reader, post_id)
        key = keys.thread_mute(reader.account_id, post.conversation_id)
        fact = happened.ConversationUnmuted(post.conversation_id)
        return await self._undo(reader, post_id, draft(fact, actor=reader.account_id, id=post.id, releases=(key,)))

    async def favourites(self, reader: Reader, page: Page) -> Paged[Shown]:
        """What the reader likes and may still see, the latest first."""
        return await self._posts_of(reader, page, rows.favourites)

    async def bookmarks(self, reader: Reader, page: Page) -> Paged[Shown]:
        """What the reader keeps and may still see, the latest first."""
        return await self._posts_of(reader, page, rows.bookmarks)

    async def favourited_by(self, viewer: Reader | None, post_id: int, page: Page) -> Paged[Account]:
        """Who likes the post, the latest first."""
        return await self._accounts_at(viewer, post_id, page, rows.favourited_by)

    async def reblogged_by(self, viewer: Reader | None, post_id: int, page: Page) -> Paged[Account]:
        """Who showed the post to everybody, the latest first."""
        return await self._accounts_at(viewer, post_id, page, rows.reblogged_by)

    async def _subject(self, viewer: Reader | None, post_id: int) -> Post:
        shown = await self._posts.get(viewer, post_id)
        return (shown.reblog or shown).post

    async def _do(self, reader: Reader, post_id: int, post: Post, one: Draft) -> Shown:
        me, author = reader.account_id, post.account_id
        forbids = (
            keys.deleted(post.id),
            keys.block(me, author),
            keys.block(author, me),
            keys.account_gone(me),
            keys.account_gone(author),
        )
        outcome = await self._appender.append(Group((one,), forbids=forbids))
        if isinstance(outcome, Refused):
            raise NotFound(log=f"post {post.id} went while account {me} acted on it: {outcome.key}")
        return await self._posts.get(reader, post_id)

    async def _undo(self, reader: Reader, post_id: int, one: Draft) -> Shown:
        # Refused means that there was nothing to take back, which is what was wanted.
        await self._appender.append(Group((one,)))
        return await self._posts.get(reader, post_id)

    async def _posts_of(self, reader: Reader, page: Page, query: Query) -> Paged[Shown]:
        edges = await self._reads.read(lambda look: query(look, reader.account_id, page))
        shown = await self._posts.show(reader, [post_id for _, post_id in edges])
        items = [shown[post_id] for _, post_id in edges if post_id in shown]
        return paged(page, edges=[edge for edge, _ in edges], items=items)

    async def _accounts_at(self, viewer: Reader | None, post_id: int, page: Page, query: Query) -> Paged[Account]:
        post = await self._subject(viewer, post_id)
        edges = await self._reads.read(lambda look: query(look, post.id, page))
        found = await self._accounts.many([account_id for _, account_id in edges])
        items = [
            found[account_id]
            for _, account_id in edges
            if account_id in found and not (viewer is not None and viewer.severed(account_id))
        ]
        return paged(page, edges=[edge for edge, _ in edges], items=items)


def _set(
    reader: Reader, post: Post, fact: happened.Favourited | happened.Bookmarked, key: Callable[[int, int], str]
) -> Draft:
    claim = Claim(key(reader.account_id, post.id))
    return draft(fact, actor=reader.account_id, id=post.id, claims=(claim,))


def _unset(
    reader: Reader, post: Post, fact: happened.Unfavourited | happened.Unbookmarked, key: Callable[[int, int], str]
) -> Draft:
    return draft(fact, actor=reader.account_id, id=post.id, releases=(key(reader.account_id, post.id),))
