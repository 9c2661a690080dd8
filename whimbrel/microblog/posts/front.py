"""Reading posts: what is visible to a viewer, whole, with nothing left to look up. Writing is publish.py's."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from whimbrel.kernel.contracts import Reads
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts import rows
from whimbrel.microblog.posts.rules import ANONYMOUS_MAY_SEE, visible
from whimbrel.microblog.posts.values import Post, Revision, Shown
from whimbrel.microblog.shelf import Shelf

_NOTHING: frozenset[str] = frozenset()


class Marks(Protocol):
    """A viewer's own flags on posts (favourited, bookmarked, ...), which a room upstairs keeps."""

    def held(self, reader_id: int, posts: Sequence[Post]) -> list[int] | None:
        """One integer of flags a post, from memory; None when memory does not know."""
        ...

    async def marks(self, reader_id: int, posts: Sequence[Post]) -> list[int]:
        """The same, asking the store for what memory lacks."""
        ...


class Posts:
    """The room of posts, as other rooms and dialects enter it."""

    def __init__(self, *, reads: Reads, shelf: "Shelf[int, Post]", accounts: Accounts, marks: Marks) -> None:
        self._reads, self._shelf, self._accounts, self._marks = reads, shelf, accounts, marks

    def show_held(self, viewer: Reader | None, ids: Sequence[int]) -> list[Shown] | None:
        """The posts in the order of `ids`, all from memory at no wait; None unless every one is here and visible."""
        held, account_of = self._shelf.held, self._accounts.held
        # What anybody may see is seen by a viewer whom no block concerns: one look instead of a call for each post.
        for_all = ANONYMOUS_MAY_SEE if viewer is None or not (viewer.blocks or viewer.blocked_by) else _NOTHING
        posts: list[Post] = []
        subjects: list[Post] = []
        for id_ in ids:
            post = held(id_)
            subject = held(post.reblog_of_id) if post is not None and post.reblog_of_id else post
            if post is None or subject is None:
                return None
            if not (subject.visibility in for_all or visible(viewer, subject)):
                return None
            if subject is not post and not visible(viewer, post):
                return None
            posts.append(post)
            subjects.append(subject)
        marks = self._marks.held(viewer.account_id, subjects) if viewer else [None] * len(posts)
        if marks is None:
            return None
        shown: list[Shown] = []
        for post, subject, mark in zip(posts, subjects, marks, strict=True):
            author = account_of(post.account_id)
            subject_author = author if subject is post else account_of(subject.account_id)
            if author is None or subject_author is None:
                return None
            shown.append(_shown(post, author, subject, subject_author, mark))
        return shown

    async def show(self, viewer: Reader | None, ids: Iterable[int]) -> dict[int, Shown]:
        """Those of `ids` that exist and that `viewer` may see, by id, whole.

        Raises StoreUnavailable when memory lacks one and the store is away.
        """
        posts = await self._shelf.many(ids)
        targets = await self._shelf.many({post.reblog_of_id for post in posts.values() if post.reblog_of_id})
        everyone = {post.account_id for post in (*posts.values(), *targets.values())}
        authors = await self._accounts.many(everyone)
        pairs = [
            (post, subject)
            for post in posts.values()
            if (subject := targets.get(post.reblog_of_id) if post.reblog_of_id else post) is not None
            and visible(viewer, subject)
            and visible(viewer, post)
            and post.account_id in authors
            and subject.account_id in authors
        ]
        marks: Sequence[int | None] = [None] * len(pairs)
        if viewer is not None:
            marks = await self._marks.marks(viewer.account_id, [subject for _, subject in pairs])
        return {
            post.id: _shown(post, authors[post.account_id], subject, authors[subject.account_id], mark)
            for (post, subject), mark in zip(pairs, marks, strict=True)
        }

    async def listed(self, viewer: Reader | None, ids: Sequence[int]) -> list[Shown]:
        """Like `show`, in the order of `ids`, without those that are not visible."""
        quick = self.show_held(viewer, ids)
        if quick is not None:
            return quick
        shown = await self.show(viewer, ids)
        return [shown[id_] for id_ in ids if id_ in shown]

    async def get(self, viewer: Reader | None, post_id: int) -> Shown:
        """One post. Raises NotFound when it does not exist or the viewer may not know that it does."""
        quick = self.show_held(viewer, (post_id,))
        if quick is not None:
            return quick[0]
        shown = (await self.show(viewer, (post_id,))).get(post_id)
        if shown is None:
            raise NotFound
        return shown

    async def own(self, author: Reader, post_id: int) -> Post:
        """A post by `author` itself (not a reblog); NotFound otherwise."""
        post = await self._shelf.one(post_id)
        if post is None or post.account_id != author.account_id or post.reblog_of_id is not None:
            raise NotFound
        return post

    async def either(self, author: Reader, post_id: int) -> Post:
        """A post or reblog by `author` itself; NotFound otherwise."""
        post = await self._shelf.one(post_id)
        if post is None or post.account_id != author.account_id:
            raise NotFound
        return post

    async def history(self, viewer: Reader | None, post_id: int) -> list[Revision]:
        """Every state of the post, oldest first; a post never edited has one."""
        shown = await self.get(viewer, post_id)
        return await self._reads.read(lambda look: rows.history(look, shown.post, shown.author))

    async def source(self, author: Reader, post_id: int) -> Post:
        """The post as its author typed it."""
        return await self.own(author, post_id)


def _shown(post: Post, author: Account, subject: Post, subject_author: Account, marks: int | None) -> Shown:
    if subject is post:
        return Shown(post, author, marks)
    return Shown(post, author, marks, Shown(subject, subject_author, marks))
