"""The timelines that are not home: public, hashtag, profile, and the thread around a post.

The public timeline's newest pages come from the window in memory; everything else is asked of the store, by id, and
then shown as far as the viewer may see. Whom the viewer mutes or blocks is judged by `Reader.hides`, as in home; who is
asked about differs, since a profile and a thread are opened on purpose (source: Mastodon 4.x, PublicFeed,
AccountStatusesFilter, StatusFilter). A page that loses entries to it is filled up from below, so that a short page
always means the end.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reads
from whimbrel.kernel.limits import (
    CONTEXT_ANCESTORS_MAX,
    CONTEXT_ANONYMOUS_ANCESTORS_MAX,
    CONTEXT_ANONYMOUS_DESCENDANTS_MAX,
    CONTEXT_DESCENDANTS_MAX,
)
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts import rows
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.values import Shown
from whimbrel.microblog.recents import GONE, PUBLIC, REBLOG, REPLY, Window

ROUNDS_MAX: Final = 20
PUBLIC_MASK: Final = PUBLIC | REBLOG | REPLY | GONE
ANONYMOUS_DEPTH_MAX: Final = 20
DEPTH_MAX: Final = 4_096

Fetch = Callable[[Page], Awaitable[Sequence[int]]]
Concerned = Callable[[Shown], Sequence[int]]
"""Of an entry, the accounts whom the viewer must not hide if it is to be shown."""


class Timelines:
    """The read front door of public, hashtag and profile timelines, newest first, and of threads."""

    def __init__(self, *, window: Window, posts: Posts, reads: Reads, clock: Clock) -> None:
        self._window, self._posts, self._reads, self._clock = window, posts, reads, clock

    def public_held(self, viewer: Reader | None, page: Page) -> list[Shown] | None:
        """The newest public posts, if memory has the whole page; None otherwise. Never waits."""
        if page.ascending:
            return None
        window, wish = self._window, page.limit
        hits = window.with_kind(PUBLIC_MASK, PUBLIC, below=page.ceiling, above=page.floor, limit=wish + wish // 2)
        shown = self._posts.show_held(viewer, window.ids(hits[: wish + wish // 2]))
        if shown is None:
            return None
        shown = self._unhidden(viewer, shown, _everybody)[:wish]
        complete = len(shown) == wish or page.floor >= window.floor_id or window.floor_id == 0
        return shown if complete and (len(shown) == wish or len(hits) < wish) else None

    async def public(
        self, viewer: Reader | None, page: Page, *, local: bool = False, remote: bool = False, only_media: bool = False
    ) -> list[Shown]:
        """Public posts of everybody, without reblogs and replies to others (source: Mastodon 4.x, PublicFeed)."""
        if not (remote or only_media):
            quick = self.public_held(viewer, page)
            if quick is not None:
                return quick

        async def fetch(part: Page) -> Sequence[int]:
            return await self._reads.read(
                lambda look: rows.public(look, part, local=local, remote=remote, only_media=only_media)
            )

        return await self._filled(viewer, page, fetch, concerned=_everybody)

    async def tag(
        self,
        viewer: Reader | None,
        tag: str,
        page: Page,
        *,
        any_of: Sequence[str] = (),
        all_of: Sequence[str] = (),
        none_of: Sequence[str] = (),
        local: bool = False,
        remote: bool = False,
        only_media: bool = False,
    ) -> list[Shown]:
        """Public posts with `tag` or one of `any_of`, with all of `all_of` and none of `none_of` (folded names)."""

        async def fetch(part: Page) -> Sequence[int]:
            return await self._reads.read(
                lambda look: rows.tagged(
                    look,
                    tag,
                    part,
                    any_of=any_of,
                    all_of=all_of,
                    none_of=none_of,
                    local=local,
                    remote=remote,
                    only_media=only_media,
                )
            )

        return await self._filled(viewer, page, fetch, concerned=_everybody)

    async def account(
        self,
        viewer: Reader | None,
        account: Account,
        page: Page,
        *,
        exclude_replies: bool = False,
        exclude_reblogs: bool = False,
        pinned: bool = False,
        tagged: str | None = None,
        only_media: bool = False,
    ) -> list[Shown]:
        """What an account posted and reblogged, as far as `viewer` may see; `pinned` gives only its pinned posts.

        Who opens a muted account's profile sees its posts; what it reblogged of somebody muted is left out.
        """

        async def fetch(part: Page) -> Sequence[int]:
            return await self._reads.read(
                lambda look: rows.by_account(
                    look,
                    account.id,
                    part,
                    viewer_id=viewer.account_id if viewer else None,
                    follows=viewer is not None and account.id in viewer.follows,
                    exclude_replies=exclude_replies,
                    exclude_reblogs=exclude_reblogs,
                    pinned=pinned,
                    tagged=tagged,
                    only_media=only_media,
                )
            )

        if viewer is not None and viewer.severed(account.id):
            return []
        return await self._filled(viewer, page, fetch, concerned=_reblogged)

    async def context(self, viewer: Reader | None, post_id: int) -> tuple[list[Shown], list[Shown]]:
        """What the post answers (oldest first) and what answers it (depth first), as far as `viewer` may see.

        Posts of those whom the viewer mutes are left out, answers to them are not. Anonymous viewers get 40 and 60 at
        the most, 20 deep (source: Mastodon 4.x, statuses_controller). NotFound when the post itself is not visible.
        """
        shown = await self._posts.get(viewer, post_id)
        subject = (shown.reblog or shown).post.id
        known = viewer is not None
        above_max = CONTEXT_ANCESTORS_MAX if known else CONTEXT_ANONYMOUS_ANCESTORS_MAX
        below_max = CONTEXT_DESCENDANTS_MAX if known else CONTEXT_ANONYMOUS_DESCENDANTS_MAX
        depth_max = DEPTH_MAX if known else ANONYMOUS_DEPTH_MAX
        above, below = await self._reads.read(
            lambda look: (
                rows.ancestors(look, subject, above_max),
                rows.descendants(look, subject, below_max, depth_max),
            )
        )
        seen = await self._posts.show(viewer, [*above, *below])
        ancestors, descendants = ([seen[id_] for id_ in ids if id_ in seen] for ids in (above, below))
        return self._unhidden(viewer, ancestors, _author), self._unhidden(viewer, descendants, _author)

    async def _filled(self, viewer: Reader | None, page: Page, fetch: Fetch, *, concerned: Concerned) -> list[Shown]:
        shown: list[Shown] = []
        part = page
        for _ in range(ROUNDS_MAX):
            ids = list(await fetch(part))
            found = self._unhidden(viewer, await self._posts.listed(viewer, ids), concerned)
            shown = [*found, *shown] if page.ascending else [*shown, *found]
            if len(ids) < part.limit or len(shown) >= page.limit:
                break
            bound = ids[0] if page.ascending else ids[-1]
            part = Page(
                page.limit, page.max_id if page.ascending else bound, page.since_id, bound if page.ascending else None
            )
        return shown[-page.limit :] if page.ascending else shown[: page.limit]

    def _unhidden(self, viewer: Reader | None, shown: list[Shown], concerned: Concerned) -> list[Shown]:
        if viewer is None or not (viewer.blocks or viewer.blocked_by or viewer.mutes):
            return shown
        now_ms = self._clock()
        me = viewer.account_id
        return [
            one
            for one in shown
            if one.post.account_id == me or not any(viewer.hides(who, now_ms) for who in concerned(one))
        ]


def _everybody(shown: Shown) -> list[int]:
    post = (shown.reblog or shown).post
    return [shown.post.account_id, post.account_id, *(mention.account_id for mention in post.mentions)]


def _author(shown: Shown) -> list[int]:
    return [shown.post.account_id]


def _reblogged(shown: Shown) -> list[int]:
    return [shown.reblog.post.account_id] if shown.reblog else []
