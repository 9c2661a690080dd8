"""The front door of the graph: who follows, asks, blocks, mutes and endorses whom, and which hashtags.

Promises: every verb may be repeated; what races is decided in the journal (groups.py), so no follow stands beside a
block whatever the order of arrival; follow, mute, block and their opposites need no store. Not here: hiding what a
reader does not want to see, which the timelines do through the Reader.
"""

import re
from collections.abc import Callable, Container, Sequence
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Appender, Reading, Reads
from whimbrel.kernel.errors import Forbidden, Invalid, NotFound, StoreUnavailable
from whimbrel.kernel.events import Outcome, Refused, Taken
from whimbrel.kernel.limits import COMMENT_CHARACTERS_MAX, FOLLOWS_MAX, TAG_CHARACTERS_MAX
from whimbrel.kernel.pages import Page, Paged
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph import groups, rows
from whimbrel.microblog.graph.memory import GraphInMemory
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.graph.values import FollowSettings, MuteSettings, Relationship

NOT_ALLOWED: Final = "This action is not allowed"

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


class Graph:
    """The verbs of the room. The first argument is the one who acts or looks."""

    def __init__(
        self,
        *,
        appender: Appender,
        reads: Reads,
        memory: GraphInMemory,
        accounts: Accounts,
        fold_tag: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._appender, self._reads, self._memory = appender, reads, memory
        self._accounts, self._fold_tag, self._clock = accounts, fold_tag, clock

    def reader_held(self, account_id: int) -> Reader | None:
        """The account's side of the graph, if memory has it; never waits."""
        return self._memory.readers.held(account_id)

    async def reader(self, account_id: int) -> Reader:
        """The account's side of the graph. Raises NotFound when the account was deleted a moment ago."""
        reader = await self._memory.readers.one(account_id)
        if reader is None:
            raise NotFound
        return reader

    async def follow(self, reader: Reader, target: Account, *, settings: FollowSettings) -> None:
        """Follow, ask a locked account, or change how one follows or asks.

        Raises Invalid (oneself, too many), Forbidden when a block stands between the two, NotFound.
        """
        _check_other(reader, target)
        _check_languages(settings)
        if target.id in reader.follows:
            await self._change_follow(reader, target.id, settings)
        elif target.id in reader.requested and target.locked:
            await self._change_request(reader, target.id, settings)
        else:
            await self._begin_to_follow(reader, target, settings)

    async def unfollow(self, reader: Reader, target: Account) -> None:
        """Follow no longer, and withdraw a request."""
        await self._appender.append(groups.unfollow(reader.account_id, target.id))

    async def remove_follower(self, reader: Reader, target: Account) -> None:
        """Be followed no longer by somebody."""
        await self._appender.append(groups.remove_follower(reader.account_id, target.id))

    async def accept(self, reader: Reader, requester_id: int) -> None:
        """Let somebody follow who has asked. Raises NotFound when nobody has, Forbidden beside a block."""
        requester = await self._memory.readers.one(requester_id)
        settings = requester.requested.get(reader.account_id) if requester else None
        if settings is None:
            raise NotFound
        _check_allowed(await self._appender.append(groups.accept(reader.account_id, requester_id, settings)))

    async def reject(self, reader: Reader, requester_id: int) -> None:
        """Do not let somebody follow who has asked. Raises NotFound when nobody has."""
        requester = await self._accounts.get(requester_id)
        _check_allowed(await self._appender.append(groups.reject(reader.account_id, requester.id)))

    async def block(self, reader: Reader, target: Account) -> None:
        """Block: neither sees the other any more, and every follow and request between them ends."""
        _check_other(reader, target)
        _check_allowed(await self._appender.append(groups.block(reader.account_id, target.id)))

    async def unblock(self, reader: Reader, target: Account) -> None:
        """Block no longer."""
        await self._appender.append(groups.unblock(reader.account_id, target.id))

    async def mute(self, reader: Reader, target: Account, *, settings: MuteSettings) -> None:
        """Mute, or change how and for how long one mutes."""
        _check_other(reader, target)
        if reader.mutes.get(target.id) != settings:
            _check_allowed(await self._appender.append(groups.mute(reader.account_id, target.id, settings)))

    async def unmute(self, reader: Reader, target: Account) -> None:
        """Mute no longer."""
        if target.id in reader.mutes:
            await self._appender.append(groups.unmute(reader.account_id, target.id))

    async def write_note(self, reader: Reader, target: Account, comment: str) -> None:
        """Keep a private note about somebody; an empty one removes it. Raises Invalid for one that is too long."""
        if len(comment) > COMMENT_CHARACTERS_MAX:
            raise Invalid(f"Validation failed: Comment is too long (maximum is {COMMENT_CHARACTERS_MAX} characters)")
        _check_allowed(await self._appender.append(groups.write_note(reader.account_id, target.id, comment)))

    async def endorse(self, reader: Reader, target: Account) -> None:
        """Show somebody on one's profile. Raises Invalid unless one follows them."""
        outcome = await self._appender.append(groups.endorse(reader.account_id, target.id))
        if isinstance(outcome, Refused):
            raise Invalid("Validation failed: You must be already following the person you want to endorse")

    async def unendorse(self, reader: Reader, target: Account) -> None:
        """Show somebody no longer."""
        await self._appender.append(groups.unendorse(reader.account_id, target.id))

    async def follow_tag(self, reader: Reader, shown: str) -> None:
        """Follow a hashtag, written in any way that means it. Raises Invalid when it is none."""
        shown = shown.removeprefix("#")
        if not shown.strip() or len(shown) > TAG_CHARACTERS_MAX:
            raise Invalid(f"Validation failed: Tag must have 1 to {TAG_CHARACTERS_MAX} characters")
        await self._appender.append(groups.follow_tag(reader.account_id, self._fold_tag(shown), shown))

    async def unfollow_tag(self, reader: Reader, tag: str) -> None:
        """Follow a hashtag no longer."""
        await self._appender.append(groups.unfollow_tag(reader.account_id, self._fold_tag(tag.removeprefix("#"))))

    async def relationships(self, reader: Reader, ids: Sequence[int]) -> list[Relationship]:
        """What lies between the reader and those of the accounts that exist, in the order of `ids`.

        One look at the store. Without it the journal's keys answer for all but the private notes, which then stay
        empty: a follow that was acknowledged can be answered while the store is away.
        """
        found = await self._accounts.many(dict.fromkeys(ids))
        present = list(found)
        try:
            known = await self._reads.read(lambda look: rows.incoming(look, reader.account_id, present))
        except StoreUnavailable:
            known = await self._incoming_from_keys(reader.account_id, present)
        return [self._relationship(reader, id_, known) for id_ in ids if id_ in found]

    async def followers(self, viewer: Reader | None, account: Account, page: Page) -> Paged[Account]:
        """Who follows an account, newest first; nothing when it hides them or has blocked the viewer."""
        return await self._shown_list(viewer, account, page, "followers_page")

    async def following(self, viewer: Reader | None, account: Account, page: Page) -> Paged[Account]:
        """Whom an account follows, newest first; nothing when it hides them or has blocked the viewer."""
        return await self._shown_list(viewer, account, page, "following_page")

    async def endorsements(self, account: Account, page: Page) -> Paged[Account]:
        """Whom an account shows on its profile, newest first."""
        return await self._list(lambda look: rows.page_of_ids(look, "endorsements_page", account.id, page))

    async def blocks(self, reader: Reader, page: Page) -> Paged[Account]:
        """Whom the reader blocks, newest first."""
        return await self._list(lambda look: rows.page_of_ids(look, "blocks_page", reader.account_id, page))

    async def requests(self, reader: Reader, page: Page) -> Paged[Account]:
        """Who asks to follow the reader, newest first."""
        return await self._list(lambda look: rows.page_of_ids(look, "requests_page", reader.account_id, page))

    async def mutes(self, reader: Reader, page: Page) -> Paged[tuple[Account, MuteSettings]]:
        """Whom the reader mutes now, and how, newest first."""
        now_ms = self._clock()
        found = await self._reads.read(lambda look: rows.page_of_mutes(look, reader.account_id, page, now_ms=now_ms))
        accounts = await self._accounts.many(id_ for id_, _ in found.items)
        items = tuple((accounts[id_], settings) for id_, settings in found.items if id_ in accounts)
        return Paged(items, next_max_id=found.next_max_id, prev_min_id=found.prev_min_id)

    async def followed_tags(self, reader: Reader, page: Page) -> Paged[tuple[str, str]]:
        """Which hashtags the reader follows, newest first: folded, and as written."""
        return await self._reads.read(lambda look: rows.page_of_tags(look, reader.account_id, page))

    async def familiar_followers(self, reader: Reader, ids: Sequence[int]) -> dict[int, list[Account]]:
        """For each of `ids`: whom the reader follows that follows it, without those who hide whom they follow."""
        found = await self._reads.read(lambda look: rows.familiar_followers(look, reader.account_id, ids))
        accounts = await self._accounts.many({id_ for some in found.values() for id_ in some})
        return {
            target_id: [accounts[id_] for id_ in some if id_ in accounts and not reader.severed(id_)]
            for target_id, some in found.items()
        }

    async def _begin_to_follow(self, reader: Reader, target: Account, settings: FollowSettings) -> None:
        if len(reader.follows) + len(reader.requested) >= FOLLOWS_MAX:
            raise Invalid(f"Validation failed: You cannot follow more than {FOLLOWS_MAX} people")
        begin = groups.request if target.locked else groups.follow
        outcome = await self._appender.append(begin(reader.account_id, target.id, settings))
        # Somebody with the same account was quicker. What stands now is what was asked for, but for its settings.
        if _meets(outcome, keys.follow(reader.account_id, target.id)):
            await self._change_follow(reader, target.id, settings)
        elif not _meets(outcome, keys.request(reader.account_id, target.id)):
            _check_allowed(outcome)

    async def _change_follow(self, reader: Reader, target_id: int, settings: FollowSettings) -> None:
        if reader.follows.get(target_id) != settings:
            await self._appender.append(groups.change_follow(reader.account_id, target_id, settings))

    async def _change_request(self, reader: Reader, target_id: int, settings: FollowSettings) -> None:
        if reader.requested.get(target_id) != settings:
            await self._appender.append(groups.change_request(reader.account_id, target_id, settings))

    async def _shown_list(self, viewer: Reader | None, account: Account, page: Page, name: str) -> Paged[Account]:
        viewer_id = viewer.account_id if viewer is not None else 0
        hidden = account.hide_collections and viewer_id != account.id
        if hidden or (viewer is not None and viewer.severed(account.id)):
            return Paged(())
        return await self._list(lambda look: rows.page_of_ids(look, name, account.id, page, viewer_id=viewer_id))

    async def _list(self, query: Callable[[Reading], Paged[int]]) -> Paged[Account]:
        found = await self._reads.read(query)
        accounts = await self._accounts.many(found.items)
        items = tuple(accounts[id_] for id_ in found.items if id_ in accounts)
        return Paged(items, next_max_id=found.next_max_id, prev_min_id=found.prev_min_id)

    async def _incoming_from_keys(self, account_id: int, ids: Sequence[int]) -> rows.Incoming:
        follows = {keys.follow(id_, account_id): id_ for id_ in ids}
        requests = {keys.request(id_, account_id): id_ for id_ in ids}
        endorsed = {keys.endorsement(account_id, id_): id_ for id_ in ids}
        held = await self._appender.find([*follows, *requests, *endorsed])
        return rows.Incoming(_held(follows, held), _held(requests, held), _held(endorsed, held), {})

    def _relationship(self, reader: Reader, account_id: int, known: rows.Incoming) -> Relationship:
        return Relationship(
            account_id=account_id,
            following=reader.follows.get(account_id),
            requested=reader.requested.get(account_id),
            followed_by=account_id in known.followed_by,
            requested_by=account_id in known.requested_by,
            blocking=account_id in reader.blocks,
            blocked_by=account_id in reader.blocked_by,
            muting=reader.mutes.get(account_id) if reader.mutes_now(account_id, self._clock()) else None,
            endorsed=account_id in known.endorsed,
            note=known.notes.get(account_id, ""),
        )


def _check_other(reader: Reader, target: Account) -> None:
    if target.id == reader.account_id:
        raise Invalid("Validation failed: You cannot do this to yourself")


def _check_languages(settings: FollowSettings) -> None:
    for language in settings.languages:
        if not _LANGUAGE.fullmatch(language):
            raise Invalid(f"Validation failed: Language {language[:40]!r} is not a language code such as en or pt-BR")


def _check_allowed(outcome: Outcome) -> None:
    if not isinstance(outcome, Refused):
        return
    if outcome.held and outcome.key.startswith("block:"):
        raise Forbidden(NOT_ALLOWED, log=f"{outcome.key} is held")
    raise NotFound(log=f"{outcome.key} is {'held' if outcome.held else 'not held'}")


def _meets(outcome: Outcome, key: str) -> bool:
    return isinstance(outcome, Taken | Refused) and outcome.key == key


def _held(ids: dict[str, int], held: Container[str]) -> set[int]:
    return {id_ for key, id_ in ids.items() if key in held}
