"""What a message needs and memory may lack: a post with its author, flags on it, the group of a notification.

The store is asked once an event, and fresh, so that it holds what the event did. Where it is away, flags are left out
and a group begins anew; a post that cannot be had is not sent, as a reload could not show it either.
"""

from collections.abc import Collection, Sequence
from functools import partial

from whimbrel.kernel.contracts import Reading, Reads
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import STREAM_KEYS_PER_LOOK_MAX
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.interactions import rows as interactions_rows
from whimbrel.microblog.notifications import rows as notifications_rows
from whimbrel.microblog.posts.values import MUTED, Post
from whimbrel.microblog.shelf import Shelf
from whimbrel.streaming.groups import Groups
from whimbrel.streaming.hub import Watcher
from whimbrel.streaming.rules import Notice
from whimbrel.streaming.shapes import Shape
from whimbrel.streaming.story import Story, Told, Whole


class Lookups:
    """Memory first, then the store."""

    def __init__(self, *, posts: "Shelf[int, Post]", accounts: Accounts, reads: Reads) -> None:
        self.groups = Groups()
        self.post_held = posts.held
        """A post if memory has it; never waits."""
        self._posts, self._accounts, self._reads = posts, accounts, reads

    async def whole(self, post_id: int) -> Whole | None:
        """A post with all that is shown of it; None when it is gone or cannot be had."""
        post = self._posts.held(post_id)
        subject = self._posts.held(post.reblog_of_id) if post is not None and post.reblog_of_id else post
        author = self._accounts.held(post.account_id) if post is not None else None
        subject_author = self._accounts.held(subject.account_id) if subject is not None else None
        if post is not None and subject is not None and author is not None and subject_author is not None:
            return Whole(post, author, subject, subject_author)
        return await self._loaded(post_id)

    async def _loaded(self, post_id: int) -> Whole | None:
        try:
            post = (await self._posts.many((post_id,))).get(post_id)
            if post is None:
                return None
            subject_id = post.reblog_of_id or post_id
            subject = (await self._posts.many((subject_id,))).get(subject_id)
            if subject is None:
                return None
            people = await self._accounts.many({post.account_id, subject.account_id})
        except StoreUnavailable:
            return None
        author, subject_author = people.get(post.account_id), people.get(subject.account_id)
        if author is None or subject_author is None:
            return None
        return Whole(post, author, post if subject_id == post_id else subject, subject_author)

    async def flags(self, watchers: Collection[Watcher], subject: Post) -> dict[int, int | None]:
        """The flags of each on a post, by account; nothing when nobody can say."""
        ids = [watcher.account_id for watcher in watchers]
        found: dict[int, int | None] = {}
        for start in range(0, len(ids), STREAM_KEYS_PER_LOOK_MAX):
            part = ids[start : start + STREAM_KEYS_PER_LOOK_MAX]
            try:
                found.update(await self._reads.read(partial(_marks_of, subject.id, part)))
            except StoreUnavailable:
                return {}
        for watcher in watchers:
            if subject.conversation_id in watcher.side.quiet:
                found[watcher.account_id] = (found[watcher.account_id] or 0) | MUTED
        return found

    async def newly_named(self, event: Event, former: Post | None, named: Sequence[int]) -> Collection[int]:
        """Whom an edit was the first to name; `former` is the post before it, if that is known."""
        if not named:
            return ()
        if former is not None:
            return set(named) - {mention.account_id for mention in former.mentions}
        try:
            return await self._reads.read(lambda look: notifications_rows.named_by(look, event.id, event.event_id))
        except StoreUnavailable:
            return ()

    async def notification(
        self, story: Story, watcher: Watcher, notice: Notice, about: Whole | None, marks: int | None
    ) -> Shape | None:
        """The message that tells a watcher; None when its sender is gone."""
        account_id = watcher.account_id
        latest = None
        try:
            if not self.groups.knows(account_id, notice):
                latest = await self._reads.read(lambda look: self.groups.learn(look, account_id, notice))
            sender = (await self._accounts.many((notice.from_id,))).get(notice.from_id)
        except StoreUnavailable:
            sender = self._accounts.held(notice.from_id)
        if sender is None:
            return None
        return story.notification(
            Told(notice.kind, sender, self.groups.key(account_id, notice, story.event, latest)), about, marks
        )


def _marks_of(post_id: int, account_ids: Sequence[int], look: Reading) -> dict[int, int]:
    return interactions_rows.marks_of(look, post_id, account_ids)
