"""The write front door of posts: draft, rules, append, acknowledged.

Promises: when a verb returns, its event is durable and this process's memory shows it. A retry with the same
Idempotency-Key within 24 hours gives the same post. Nothing here needs the store, but the pin limit.
"""

import hashlib

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Appender, Reads
from whimbrel.kernel.errors import Forbidden, Invalid, NotFound
from whimbrel.kernel.events import Appended, Claim, Draft, Group, Refused, Stamp, Taken, draft
from whimbrel.kernel.limits import (
    IDEMPOTENCY_HOURS,
    IDEMPOTENCY_KEY_CHARACTERS_MAX,
    MENTIONS_MAX,
    PINS_MAX,
)
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts import events as happened
from whimbrel.microblog.posts import rows
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.language import detect
from whimbrel.microblog.posts.rules import may_reblog, reblog_visibility
from whimbrel.microblog.posts.text import compose, mentioned_names
from whimbrel.microblog.posts.values import VISIBILITIES, Composed, Post, PostDraft, Shown

_fingerprint = msgspec.msgpack.Encoder()


class Publish:
    """Publish, edit, delete, reblog and pin. Each verb raises JournalUnavailable when the journal does not answer."""

    def __init__(
        self, *, appender: Appender, posts: Posts, accounts: Accounts, reads: Reads, clock: Clock, options: Options
    ) -> None:
        self._appender, self._posts, self._accounts = appender, posts, accounts
        self._reads, self._clock, self._options = reads, clock, options

    async def publish(self, author: Reader, wanted: PostDraft, *, idempotency_key: str | None = None) -> Shown:
        """A new post, or the one that the same key has made before.

        Raises Invalid (empty, too long, unknown visibility, or the key was used for another post) and NotFound when
        the post replied to is not visible to the author.
        """
        account = await self._accounts.get(author.account_id)
        parent = await self._parent(author, wanted.in_reply_to_id)
        composed = await self._composed(wanted.text, wanted.spoiler)
        fact = _created(account, wanted, composed, parent)
        claims = self._once(author.account_id, wanted, idempotency_key)
        forbids = [keys.account_gone(author.account_id)]
        if parent is not None:
            forbids.append(keys.deleted(parent.id))
        group = Group((draft(fact, actor=account.id, claims=claims),), forbids=tuple(forbids))
        outcome = await self._appender.append(group)
        if isinstance(outcome, Refused):
            raise NotFound("The post you are trying to reply to does not appear to exist.")
        stamp = self._same_post(outcome, claims)
        return await self._posts.get(author, stamp.id)

    async def edit(self, author: Reader, post_id: int, wanted: PostDraft) -> Shown:
        """The post with another text, warning or language; what it said before is kept as history."""
        post = await self._posts.own(author, post_id)
        composed = await self._composed(wanted.text, wanted.spoiler)
        fact = happened.PostEdited(
            account_id=author.account_id,
            text=wanted.text,
            html=composed.html,
            spoiler=wanted.spoiler,
            sensitive=post.sensitive if wanted.sensitive is None else wanted.sensitive,
            language=wanted.language or post.language,
            mentions=composed.mentions,
            tags=composed.tags,
        )
        await self._done(draft(fact, actor=author.account_id, id=post_id), forbids=(keys.deleted(post_id),))
        return await self._posts.get(author, post_id)

    async def delete(self, author: Reader, post_id: int) -> Shown:
        """Delete one's own post or reblog; returns it as it was, for deleting and writing again."""
        post = await self._posts.either(author, post_id)
        shown = await self._posts.get(author, post_id)
        await self._delete(author, post)
        return shown

    async def reblog(self, author: Reader, post_id: int, *, visibility: str | None = None) -> Shown:
        """Show a post to one's followers; a second time gives the first reblog.

        Raises Invalid (visibility), Forbidden (what may not be shown to others), and NotFound.
        """
        if visibility is not None and visibility not in ("public", "unlisted", "private"):
            raise Invalid(f"Visibility {visibility!r} is not one of public, unlisted, private")
        seen = await self._posts.get(author, post_id)
        post = (seen.reblog or seen).post
        if not may_reblog(author, post):
            raise Forbidden("This action is not allowed")
        account = await self._accounts.get(author.account_id)
        fact = happened.Reblogged(
            post_id=post.id,
            author_id=post.account_id,
            visibility=reblog_visibility(visibility, post, account.default_visibility),
            post_visibility=post.visibility,
            language=post.language,
            mentions=post.mentions,
        )
        claim = Claim(keys.reblog(account.id, post.id))
        group = Group(
            (draft(fact, actor=account.id, claims=(claim,)),),
            forbids=(
                keys.deleted(post.id),
                keys.block(account.id, post.account_id),
                keys.block(post.account_id, account.id),
            ),
        )
        outcome = await self._appender.append(group)
        if isinstance(outcome, Refused):
            raise NotFound
        return await self._posts.get(author, _stamp(outcome).id)

    async def unreblog(self, author: Reader, post_id: int) -> Shown:
        """Take one's reblog back; returns the post that was reblogged. Nothing happens when there was no reblog."""
        seen = await self._posts.get(author, post_id)
        post = (seen.reblog or seen).post
        key = keys.reblog(author.account_id, post.id)
        stamp = (await self._appender.find((key,))).get(key)
        if stamp is not None:
            reblog = await self._posts.either(author, stamp.id)
            await self._delete(author, reblog)
        return await self._posts.get(author, post.id)

    async def pin(self, author: Reader, post_id: int) -> Shown:
        """Put one's own post on top of one's profile. Raises Invalid beyond PINS_MAX, for reblogs and direct posts."""
        post = await self._posts.either(author, post_id)
        if post.reblog_of_id is not None:
            raise Invalid("Validation failed: A reblog cannot be pinned")
        if post.visibility == "direct":
            raise Invalid("Validation failed: Posts that are only visible to mentioned users cannot be pinned")
        pinned = await self._reads.read(lambda look: rows.pins(look, author.account_id))
        if post_id not in pinned:
            if len(pinned) >= PINS_MAX:
                raise Invalid("Validation failed: You have already pinned the maximum number of posts")
            claim = Claim(keys.pin(author.account_id, post_id))
            fact = draft(happened.Pinned(), actor=author.account_id, id=post_id, claims=(claim,))
            await self._appender.append(Group((fact,), forbids=(keys.deleted(post_id),)))
        return await self._posts.get(author, post_id)

    async def unpin(self, author: Reader, post_id: int) -> Shown:
        """Take one's own post from the top of one's profile; nothing happens when it was not there."""
        await self._posts.either(author, post_id)
        key = keys.pin(author.account_id, post_id)
        await self._appender.append(
            Group((draft(happened.Unpinned(), actor=author.account_id, id=post_id, releases=(key,)),))
        )
        return await self._posts.get(author, post_id)

    async def _parent(self, author: Reader, post_id: int | None) -> Post | None:
        if post_id is None:
            return None
        try:
            shown = await self._posts.get(author, post_id)
        except NotFound:
            raise NotFound("The post you are trying to reply to does not appear to exist.") from None
        return (shown.reblog or shown).post

    async def _composed(self, text: str, spoiler: str) -> Composed:
        names = mentioned_names(text)
        ids = await self._accounts.ids_by_name(names) if 0 < len(names) <= MENTIONS_MAX else {}
        options = self._options
        return compose(text, ids=ids, public_url=options.public_url, limit=options.post_characters_max, spoiler=spoiler)

    def _once(self, account_id: int, wanted: PostDraft, key: str | None) -> tuple[Claim, ...]:
        if not key:
            return ()
        if len(key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
            raise Invalid(f"Idempotency-Key has {len(key)} characters, at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} may be")
        digest = hashlib.blake2b(_fingerprint.encode(wanted), digest_size=16).digest()
        expires_ms = self._clock() + IDEMPOTENCY_HOURS * 3_600_000
        return (Claim(keys.idempotency(account_id, key), digest, expires_ms),)

    def _same_post(self, outcome: Appended | Taken, claims: tuple[Claim, ...]) -> Stamp:
        if isinstance(outcome, Taken) and outcome.digest != claims[0].digest:
            raise Invalid("This Idempotency-Key was already used for a different post")
        return _stamp(outcome)

    async def _delete(self, author: Reader, post: Post) -> None:
        fact = happened.PostDeleted(
            account_id=post.account_id,
            visibility=post.visibility,
            in_reply_to_id=post.in_reply_to_id,
            reblog_of_id=post.reblog_of_id,
        )
        me = author.account_id
        releases = (keys.reblog(me, post.reblog_of_id),) if post.reblog_of_id else ()
        gone = draft(fact, actor=me, id=post.id, claims=(Claim(keys.deleted(post.id)),), releases=releases)
        unpinned = draft(happened.Unpinned(), actor=me, id=post.id, releases=(keys.pin(me, post.id),), optional=True)
        outcome = await self._appender.append(Group((unpinned, gone)))
        if not isinstance(outcome, Appended):
            raise NotFound

    async def _done(self, one: Draft, *, forbids: tuple[str, ...]) -> None:
        outcome = await self._appender.append(Group((one,), forbids=forbids))
        if not isinstance(outcome, Appended):
            raise NotFound


def _created(account: Account, wanted: PostDraft, composed: Composed, parent: Post | None) -> happened.PostCreated:
    visibility = wanted.visibility or account.default_visibility
    if visibility not in VISIBILITIES:
        raise Invalid(f"Validation failed: Visibility {visibility!r} is not one of {', '.join(VISIBILITIES)}")
    sensitive = account.default_sensitive if wanted.sensitive is None else wanted.sensitive
    return happened.PostCreated(
        text=wanted.text,
        html=composed.html,
        visibility=visibility,
        spoiler=wanted.spoiler,
        sensitive=sensitive or bool(wanted.spoiler),
        language=wanted.language or account.default_language or detect(wanted.text),
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=parent.account_id if parent else None,
        conversation_id=parent.conversation_id if parent else None,
        mentions=composed.mentions,
        tags=composed.tags,
        app_id=wanted.app_id,
        app_name=wanted.app_name,
        app_website=wanted.app_website,
    )


def _stamp(outcome: Appended | Taken) -> Stamp:
    if isinstance(outcome, Taken):
        return outcome.first
    stamp = outcome.stamps[0]
    assert stamp is not None, "a draft that is not optional always gets its stamp"
    return stamp
