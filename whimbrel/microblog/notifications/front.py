"""What people are told, and how far they have read.

Promises: a page that was read before and that nothing has changed costs no store and no wait; nobody is shown a
notification from an account or about a post that they may not see. Dismissing is durable when it returns.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from whimbrel.kernel.contracts import Appender, Reads
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.kernel.events import Draft, Group, draft
from whimbrel.kernel.pages import Page, Paged, paged
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.notifications import events as happened
from whimbrel.microblog.notifications import rows
from whimbrel.microblog.notifications.memory import NotificationsInMemory
from whimbrel.microblog.notifications.rows import Grouped, Newest, Noted, Wanted
from whimbrel.microblog.notifications.values import GROUPED_KINDS, KINDS, Marker, Notification, NotificationGroup
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.values import Shown

TIMELINES: Final = ("home", "notifications")
DISMISSED_AT_ONCE_MAX: Final = 1_000
ROUNDS_MAX: Final = 5

NOTHING: Final[frozenset[str]] = frozenset()
ALL_GROUPED: Final = frozenset(GROUPED_KINDS)


class Notifications:
    """The room of notifications. Everything here is one reader's own."""

    def __init__(
        self, *, appender: Appender, reads: Reads, memory: NotificationsInMemory, posts: Posts, accounts: Accounts
    ) -> None:
        self._appender, self._reads, self._memory = appender, reads, memory
        self._posts, self._accounts = posts, accounts

    def page_held(self, reader: Reader, page: Page) -> list[Notification] | None:
        """The page of all kinds, if everything it needs is in memory; None otherwise. Never waits."""
        newest = self._memory.held(reader.account_id)
        noted = None if newest is None else _within(newest, page)
        if noted is None:
            return None
        shown = self._posts.show_held(reader, [one.post_id for one in noted if one.post_id is not None])
        if shown is None:
            return None
        posts, account_of = iter(shown), self._accounts.held
        notifications: list[Notification] = []
        for one in noted:
            account = account_of(one.from_account_id)
            if account is None or reader.severed(one.from_account_id):
                return None
            post = None if one.post_id is None else next(posts)
            notifications.append(Notification(one.id, one.kind, one.created_ms, account, post, one.key()))
        return notifications

    async def page(
        self,
        reader: Reader,
        page: Page,
        *,
        kinds: frozenset[str] | None = None,
        excluded: frozenset[str] = NOTHING,
        account_id: int | None = None,
    ) -> list[Notification]:
        """A page of notifications, newest first; only of `kinds`, without `excluded`, from one account if given."""
        wanted = _wanted(kinds, excluded, account_id)
        quick = self.page_held(reader, page) if wanted.everything else None
        if quick is not None:
            return quick
        notifications: list[Notification] = []
        part = page
        for _ in range(ROUNDS_MAX):
            noted = await self._noted(reader, part, wanted)
            found = await self._whole(reader, noted)
            notifications = [*found, *notifications] if page.ascending else [*notifications, *found]
            if len(noted) < part.limit or len(notifications) >= page.limit:
                break
            # What may not be shown leaves room on the page: fill it from where this part ended.
            part = _beyond(page, noted)
        return notifications[-page.limit :] if page.ascending else notifications[: page.limit]

    async def get(self, reader: Reader, notification_id: int) -> Notification:
        """One notification; NotFound when it is not the reader's, or may not be shown."""
        noted = await self._reads.read(lambda look: rows.some(look, reader.account_id, (notification_id,)))
        found = await self._whole(reader, noted)
        if not found:
            raise NotFound
        return found[0]

    async def dismiss(self, reader: Reader, ids: Sequence[int]) -> None:
        """These are gone; NotFound when none of them was there."""
        noted = await self._reads.read(lambda look: rows.some(look, reader.account_id, ids))
        if not noted:
            raise NotFound
        await self._dismiss(reader, [one.id for one in noted])

    async def clear(self, reader: Reader) -> None:
        """All are gone."""
        newest = await self._noted(reader, Page(1), Wanted())
        if newest:
            await self._append(reader, happened.NotificationsCleared(newest[0].id))

    async def unread_count(
        self,
        reader: Reader,
        *,
        limit: int,
        kinds: frozenset[str] | None = None,
        excluded: frozenset[str] = NOTHING,
        grouped_kinds: frozenset[str] = NOTHING,
        account_id: int | None = None,
    ) -> int:
        """How many came since the reader's marker, counted up to `limit`; of `grouped_kinds`, a group counts once."""
        wanted, together = _wanted(kinds, excluded, account_id), grouped_kinds & ALL_GROUPED
        return await self._reads.read(lambda look: rows.unread(look, reader.account_id, wanted, together, limit))

    async def groups(
        self,
        reader: Reader,
        page: Page,
        *,
        kinds: frozenset[str] | None = None,
        excluded: frozenset[str] = NOTHING,
        grouped_kinds: frozenset[str] | None = None,
        account_id: int | None = None,
    ) -> list[NotificationGroup]:
        """A page of groups, each where its newest member within the page stands; the next page is below the last.

        Kinds that are not in `grouped_kinds` (None: all that can be) come one by one. A group is counted in full
        below the page's `max_id`, so what is left of it may stand on a later page again (as Mastodon has it).
        """
        wanted = _wanted(kinds, excluded, account_id)
        together = ALL_GROUPED if grouped_kinds is None else grouped_kinds & ALL_GROUPED
        found = await self._reads.read(lambda look: rows.groups(look, reader.account_id, page, wanted, together))
        return await self._whole_groups(reader, found)

    async def group(self, reader: Reader, key: str) -> NotificationGroup:
        """One group by its key; NotFound when nothing of it is there."""
        found = await self._reads.read(lambda look: rows.group(look, reader.account_id, key))
        whole = await self._whole_groups(reader, [found] if found else [])
        if not whole:
            raise NotFound
        return whole[0]

    async def group_accounts(self, reader: Reader, key: str, page: Page) -> Paged[Account]:
        """Everybody in one group, the latest first, paged by notification."""
        noted = await self._members(reader, key, page)
        accounts = await self._senders(reader, (one.from_account_id for one in noted))
        items = [accounts[one.from_account_id] for one in noted if one.from_account_id in accounts]
        return paged(page, edges=[one.id for one in noted], items=items)

    async def dismiss_group(self, reader: Reader, key: str) -> None:
        """The whole group is gone; nothing happens when nothing of it was there."""
        part = Page(DISMISSED_AT_ONCE_MAX)
        while noted := await self._members(reader, key, part):
            await self._dismiss(reader, [one.id for one in noted])
            if len(noted) < part.limit:
                break
            part = Page(part.limit, noted[-1].id)

    async def markers(self, reader: Reader, timelines: Iterable[str]) -> list[Marker]:
        """How far the reader has read; timelines never marked are left out."""
        markers = await self._memory.markers.one(reader.account_id) or {}
        return [markers[timeline] for timeline in dict.fromkeys(timelines) if timeline in markers]

    async def move_markers(self, reader: Reader, last_read: Mapping[str, int]) -> list[Marker]:
        """The reader has read so far; returns where the markers stand, since none moves back. Raises Invalid."""
        unknown = [timeline for timeline in last_read if timeline not in TIMELINES]
        if unknown:
            raise Invalid(f"Timeline {unknown[0]!r} is not one of {', '.join(TIMELINES)}")
        before = await self._memory.markers.one(reader.account_id) or {}
        facts = [
            happened.MarkerMoved(timeline, last_read_id)
            for timeline, last_read_id in last_read.items()
            if timeline not in before or before[timeline].last_read_id < last_read_id
        ]
        if facts:
            await self._append(reader, *facts)
        return await self.markers(reader, last_read)

    async def _noted(self, reader: Reader, page: Page, wanted: Wanted) -> list[Noted]:
        if wanted.everything:
            noted = _within(await self._memory.newest(reader.account_id), page)
            if noted is not None:
                return noted
        return await self._reads.read(lambda look: rows.page(look, reader.account_id, page, wanted))

    async def _members(self, reader: Reader, key: str, page: Page) -> list[Noted]:
        return await self._reads.read(lambda look: rows.members_of(look, reader.account_id, key, page))

    async def _whole(self, reader: Reader, noted: Sequence[Noted]) -> list[Notification]:
        accounts = await self._senders(reader, (one.from_account_id for one in noted))
        posts = await self._shown(reader, noted)
        return [
            Notification(
                one.id,
                one.kind,
                one.created_ms,
                accounts[one.from_account_id],
                None if one.post_id is None else posts[one.post_id],
                one.key(),
            )
            for one in noted
            if one.from_account_id in accounts and (one.post_id is None or one.post_id in posts)
        ]

    async def _whole_groups(self, reader: Reader, groups: Sequence[Grouped]) -> list[NotificationGroup]:
        accounts = await self._senders(reader, (id_ for group in groups for id_ in group.account_ids))
        posts = await self._shown(reader, [group.newest for group in groups])
        whole: list[NotificationGroup] = []
        for group in groups:
            named = tuple(accounts[id_] for id_ in group.account_ids if id_ in accounts)
            post_id = group.newest.post_id
            if named and (post_id is None or post_id in posts):
                post = None if post_id is None else posts[post_id]
                whole.append(_group(group, named, post))
        return whole

    async def _senders(self, reader: Reader, ids: Iterable[int]) -> dict[int, Account]:
        return await self._accounts.many({id_ for id_ in ids if not reader.severed(id_)})

    async def _shown(self, reader: Reader, noted: Iterable[Noted]) -> dict[int, Shown]:
        return await self._posts.show(reader, {one.post_id for one in noted if one.post_id is not None})

    async def _dismiss(self, reader: Reader, ids: Iterable[int]) -> None:
        rest = iter(ids)
        while some := tuple(islice(rest, DISMISSED_AT_ONCE_MAX)):
            await self._append(reader, happened.NotificationsDismissed(some))

    async def _append(
        self,
        reader: Reader,
        *facts: happened.MarkerMoved | happened.NotificationsCleared | happened.NotificationsDismissed,
    ) -> None:
        me = reader.account_id
        drafts: tuple[Draft, ...] = tuple(draft(fact, actor=me, id=me) for fact in facts)
        await self._appender.append(Group(drafts))


def _wanted(kinds: frozenset[str] | None, excluded: frozenset[str], account_id: int | None) -> Wanted:
    return Wanted(tuple(kind for kind in KINDS if (not kinds or kind in kinds) and kind not in excluded), account_id)


def _within(newest: Newest, page: Page) -> list[Noted] | None:
    """The page out of what memory holds; None when it reaches below that."""
    held = newest.rows
    floor, ceiling = page.floor, page.ceiling
    reaches = newest.complete or (bool(held) and floor >= held[-1].id - 1)
    if page.ascending:
        return [one for one in held if floor < one.id < ceiling][-page.limit :] if reaches else None
    found = list(islice((one for one in held if floor < one.id < ceiling), page.limit))
    return found if reaches or len(found) == page.limit else None


def _beyond(page: Page, noted: Sequence[Noted]) -> Page:
    if page.ascending:
        return Page(page.limit, page.max_id, page.since_id, noted[0].id)
    return Page(page.limit, noted[-1].id, page.since_id)


def _group(group: Grouped, accounts: tuple[Account, ...], post: Shown | None) -> NotificationGroup:
    return NotificationGroup(
        group.key,
        group.newest.kind,
        group.size,
        group.newest_id,
        group.oldest_id,
        group.newest_ms,
        accounts,
        post,
    )
