"""Finding accounts, hashtags, and a post or profile by its address. Everything found is shown as its viewer may see it.

Needs the store for words and hashtags (StoreUnavailable without it); addresses are answered like any post.
"""

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reads
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.posts.values import Shown
from whimbrel.microblog.search import rows
from whimbrel.microblog.search.rules import account_at, post_at
from whimbrel.microblog.search.values import TagInfo


class Search:
    """The room of search."""

    def __init__(self, *, reads: Reads, accounts: Accounts, posts: Posts, clock: Clock, public_url: str) -> None:
        self._reads, self._accounts, self._posts = reads, accounts, posts
        self._clock, self._public_url = clock, public_url

    async def accounts(
        self, viewer: Reader | None, prefix: str, *, limit: int, offset: int = 0, following: bool = False
    ) -> list[Account]:
        """Accounts whose name or display name has words that begin so, the best first; a leading @ means nothing.

        The exact name stands first, then those whom the viewer follows, then by followers. With `following` only
        those whom the viewer follows. Who is on the other side of a block is found by the exact name only: apps look
        people up so in order to unblock them, or to block them too; their profile can be opened in any case.
        """
        viewer_id = viewer.account_id if viewer else None
        text = prefix.strip().removeprefix("@")
        ids = await self._reads.read(
            lambda look: rows.accounts(look, text, viewer_id=viewer_id, limit=limit, offset=offset, following=following)
        )
        found = await self._accounts.many(ids)
        return [found[id_] for id_ in ids if id_ in found and _findable(viewer, found[id_], text)]

    async def tags(self, prefix: str, *, limit: int, offset: int = 0) -> list[TagInfo]:
        """Hashtags of public posts that begin so: the exact one first, then the most used; a leading # is no part."""
        folded, now_ms = fold(prefix.strip().removeprefix("#")), self._clock()
        if not folded:
            return []
        return await self._reads.read(lambda look: rows.tags(look, folded, limit=limit, offset=offset, now_ms=now_ms))

    async def tag(self, name: str) -> TagInfo:
        """One hashtag and its use on the last seven days; one that nobody uses has a history of noughts."""
        folded, now_ms = fold(name), self._clock()
        return await self._reads.read(lambda look: rows.tag(look, folded, name, now_ms=now_ms))

    async def post_by_url(self, viewer: Reader | None, url: str) -> Shown | None:
        """The post at an address of this server; None when it is none, or not visible to the viewer."""
        found = post_at(url, self._public_url)
        if found is None:
            return None
        name, post_id = found
        try:
            shown = await self._posts.get(viewer, post_id)
        except NotFound:
            return None
        return shown if shown.author.name.lower() == name.lower() else None

    async def account_by_url(self, url: str) -> Account | None:
        """The account whose profile stands at an address of this server."""
        name = account_at(url, self._public_url)
        if name is None:
            return None
        try:
            return await self._accounts.by_name(name)
        except NotFound:
            return None


def _findable(viewer: Reader | None, account: Account, text: str) -> bool:
    return viewer is None or not viewer.severed(account.id) or account.name.lower() == text.lower()
