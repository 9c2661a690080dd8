"""What one event means to those who listen: who gets which message, in which shape.

The same plan serves live listening and resuming; only who is asked about differs (`Listeners`). What a plan needs
beyond the event comes from lookups.py. A new kind of message is a line in `Newsroom` and a function.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from whimbrel.api.mastodon.render.everything import Render
from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import STREAM_SLICE_READERS
from whimbrel.microblog.home import Home
from whimbrel.microblog.posts.events import PostCreated, PostDeleted, PostEdited, Reblogged
from whimbrel.microblog.posts.values import MUTED, REBLOGGED, Post
from whimbrel.streaming.breath import Breath
from whimbrel.streaming.hub import Hub, Subscription, Watcher, wants_home
from whimbrel.streaming.lookups import Lookups
from whimbrel.streaming.names import DIRECT, NOTIFICATIONS, USER
from whimbrel.streaming.rules import (
    Notice,
    belongs_home,
    belongs_to_direct,
    entry_of,
    hidden_in_public,
    is_public,
    may_miss,
    notice_in,
    notice_of_post,
    told,
)
from whimbrel.streaming.shapes import Shape
from whimbrel.streaming.story import Story, Told, Whole, deletion

PUBLIC_HERE: Final = ("public", "public:local")
HASHTAG_HERE: Final = ("hashtag", "hashtag:local")
"""Every post is from here and without media, so the remote streams and those of media are open and silent."""

Plan = list[tuple[Subscription, Shape]]


class Happened(NamedTuple):
    """An event, and the post that it changed or took away as it was before, if memory had it.

    `notices`: who is told, by account, as it was decided when the event was taken in; None when it was not.
    """

    event: Event
    former: Post | None = None
    notices: Mapping[int, Notice] | None = None


class Listeners(Protocol):
    """Those who may get something (hub.Hub, or the one who resumes)."""

    def audience(self, author: int, tags: Iterable[str] = (), others: Iterable[int] = ()) -> list[Watcher]:
        """The watchers whom something by an author may concern."""
        ...

    def everybody(self) -> list[Watcher]:
        """Every watcher."""
        ...

    def listening(self, kind: str, key: str = "") -> list[Subscription]:
        """Who listens to an open stream."""
        ...

    def flags(self, watcher: Watcher, post_id: int) -> int:
        """The watcher's flags on a post that is new to it."""
        ...


class Newsroom:
    """Makes plans. `home` is the product's own, over this process's memory."""

    def __init__(self, *, lookups: Lookups, home: Home, render: Render, clock: Clock) -> None:
        self.groups = lookups.groups
        self._lookups, self._home, self._render, self._clock = lookups, home, render, clock
        self._plans: dict[str, Callable[[Happened, Listeners], Awaitable[Plan]]] = {
            "PostCreated": self._created,
            "PostEdited": self._edited,
            "PostDeleted": self._deleted,
            "Reblogged": self._reblogged,
            "Favourited": self._favourited,
            "Followed": self._followed,
            "FollowRequested": self._followed,
        }

    def concerns(self, event: Event) -> bool:
        """Whether an event can be news at all."""
        return event.type in self._plans and not isinstance(event.data, BlankedEvent)

    def decide(self, event: Event, hub: Hub) -> Mapping[int, Notice] | None:
        """Who is told of something, by how things stand now: who blocks or mutes a moment later has been told.

        None where that cannot be known without the store; then it is decided when it is told.
        """
        if event.type == "PostCreated":
            named = [mention.account_id for mention in event.data.mentions]
            found = {one.account_id: notice_of_post(one.side, event) for one in hub.to_be_told(event.actor, named)}
            return {account_id: notice for account_id, notice in found.items() if notice is not None}
        recipient_id, notice, post_id = notice_in(event)
        recipient = hub.watchers.get(recipient_id)
        if notice is None or recipient is None:
            return {} if notice is not None else None
        post = self._lookups.post_held(post_id) if post_id is not None else None
        if post_id is not None and post is None:
            return None
        decided = told(recipient.side, notice, event.time_ms, post.conversation_id if post else None)
        return {recipient_id: decided} if decided is not None else {}

    def _decided(self, happened: Happened, recipient: Watcher, about: Post | None) -> Notice | None:
        if happened.notices is not None:
            return happened.notices.get(recipient.account_id)
        _, notice, _ = notice_in(happened.event)
        conversation_id = about.conversation_id if about is not None else None
        return notice and told(recipient.side, notice, happened.event.time_ms, conversation_id)

    async def plan(self, happened: Happened, listeners: Listeners) -> Plan:
        """Who gets what, in the order of sending. The audience is taken before anything is waited for."""
        return await self._plans[happened.event.type](happened, listeners)

    # What happens to posts

    async def _created(self, happened: Happened, listeners: Listeners) -> Plan:
        event, data = happened.event, happened.event.data
        assert isinstance(data, PostCreated)
        tags = [tag.name for tag in data.tags] if data.visibility == "public" else []
        watchers = listeners.audience(event.actor, tags, [mention.account_id for mention in data.mentions])
        public = data.visibility == "public" and data.in_reply_to_account_id in (None, event.actor)
        open_ones = _open(listeners, tags, public=public)
        whole = await self._lookups.whole(event.id) if watchers or open_ones else None
        if whole is None:
            return []
        story, post = Story(self._render, event, "update"), whole.post
        plan = await self._plan_open(open_ones, story, whole)
        entry, breath, decided = entry_of(post, post), Breath(), happened.notices
        for count, watcher in enumerate(watchers):
            side = watcher.side
            flags = listeners.flags(watcher, post.id) | (MUTED if post.conversation_id in side.quiet else 0)
            home = wants_home(watcher) and belongs_home(side.reader, entry, post, post, self._clock())
            notice = notice_of_post(side, event) if decided is None else decided.get(watcher.account_id)
            shape = story.post(whole, flags) if home or belongs_to_direct(side.reader, post) else None
            notification = None
            if notice is not None:
                key = self._lookups.groups.key(watcher.account_id, notice, event, None)
                notification = story.notification(Told(notice.kind, whole.author, key), whole, flags)
            _give(plan, watcher, home=shape if home else None, direct=_direct(post, shape), notification=notification)
            if count % STREAM_SLICE_READERS == 0:
                await breath.rest()
        return plan

    async def _reblogged(self, happened: Happened, listeners: Listeners) -> Plan:
        event, data = happened.event, happened.event.data
        assert isinstance(data, Reblogged)
        watchers = listeners.audience(event.actor, (), (data.author_id,))
        whole = await self._lookups.whole(event.id) if watchers else None
        if whole is None:
            return []
        wanting = await self._wanting_reblog(watchers, whole)
        recipient = next((one for one in watchers if one.account_id == data.author_id), None)
        notice = self._decided(happened, recipient, whole.subject) if recipient is not None else None
        concerned = wanting | {recipient} if recipient and notice else wanting
        flags = await self._lookups.flags(concerned, whole.subject)
        story, plan = Story(self._render, event, "update"), Plan()
        for watcher in watchers:
            if watcher in wanting:
                _give(plan, watcher, home=story.post(whole, flags.get(watcher.account_id)))
            if watcher is recipient and notice:
                about = whole.subject_alone()
                shape = await self._lookups.notification(story, watcher, notice, about, flags.get(watcher.account_id))
                _give(plan, watcher, notification=shape)
        return plan

    async def _edited(self, happened: Happened, listeners: Listeners) -> Plan:
        event, data = happened.event, happened.event.data
        assert isinstance(data, PostEdited)
        named = [mention.account_id for mention in data.mentions]
        held = self._lookups.post_held(event.id)
        watchers = listeners.audience(data.account_id, [tag.name for tag in data.tags], named)
        reblogged = held is None or held.reblogs > 0
        others = [one for one in listeners.everybody() if one not in set(watchers)] if reblogged else []
        open_ones = _open(listeners, [tag.name for tag in data.tags], public=True)
        whole = await self._lookups.whole(event.id) if watchers or others or open_ones else None
        if whole is None:
            return []
        post, story = whole.post, Story(self._render, event, "status.update")
        public = post.visibility == "public"
        hearing = [one for one in open_ones if public and (is_public(post) or one.name.kind in HASHTAG_HERE)]
        plan = await self._plan_open(hearing, story, whole)
        entry, now_ms = entry_of(post, post), self._clock()
        flags = await self._lookups.flags([*watchers, *others] if post.reblogs else watchers, post)
        newly_named = await self._lookups.newly_named(event, happened.former, named)
        for watcher in (*watchers, *others):
            marks = flags.get(watcher.account_id)
            reader = watcher.side.reader
            home = belongs_home(reader, entry, post, post, now_ms)
            shape = story.post(whole, marks) if home or belongs_to_direct(reader, post) else None
            notice = _notice_of_edit(watcher, event, post, newly_named, marks or 0)
            notification = None
            if notice is not None:
                key = self._lookups.groups.key(watcher.account_id, notice, event, None)
                notification = story.notification(Told(notice.kind, whole.author, key), whole, marks)
            _give(plan, watcher, home=shape if home else None, direct=_direct(post, shape), notification=notification)
        return plan

    async def _deleted(self, happened: Happened, listeners: Listeners) -> Plan:
        event, data, former = happened.event, happened.event.data, happened.former
        assert isinstance(data, PostDeleted)
        tags = [tag.name for tag in former.tags] if former is not None else []
        named = [mention.account_id for mention in former.mentions] if former is not None else []
        shape, plan = deletion(event), Plan()
        if data.visibility == "public" and data.reblog_of_id is None:
            # Without the post nobody knows its hashtags: then all who listen to any are told, which harms nobody.
            heard = _open(listeners, tags if former is not None else [""], public=True)
            plan += [(subscription, shape) for subscription in heard]
        for watcher in listeners.audience(data.account_id, tags, named):
            gone = may_miss(watcher.side.reader, data, tags, named, known=former is not None)
            direct = gone and data.visibility == "direct"
            _give(plan, watcher, home=shape if gone else None, direct=shape if direct else None)
        return plan

    # What happens between people

    async def _favourited(self, happened: Happened, listeners: Listeners) -> Plan:
        event = happened.event
        author_id: int = event.data.author_id
        recipient = _only(listeners.audience(author_id), author_id)
        whole = await self._lookups.whole(event.id) if recipient else None
        if recipient is None or whole is None:
            return []
        notice = self._decided(happened, recipient, whole.post)
        if notice is None:
            return []
        flags = await self._lookups.flags((recipient,), whole.post)
        story = Story(self._render, event)
        shape = await self._lookups.notification(story, recipient, notice, whole, flags.get(author_id))
        plan = Plan()
        _give(plan, recipient, notification=shape)
        return plan

    async def _followed(self, happened: Happened, listeners: Listeners) -> Plan:
        event = happened.event
        recipient = _only(listeners.audience(event.id), event.id)
        if recipient is None:
            return []
        notice = self._decided(happened, recipient, None)
        if notice is None:
            return []
        shape = await self._lookups.notification(Story(self._render, event), recipient, notice, None, None)
        plan = Plan()
        _give(plan, recipient, notification=shape)
        return plan

    # What is needed for that

    async def _wanting_reblog(self, watchers: Sequence[Watcher], whole: Whole) -> set[Watcher]:
        entry, breath, wanting = entry_of(whole.post, whole.subject), Breath(), set[Watcher]()
        for watcher in watchers:
            reader = watcher.side.reader
            if not (wants_home(watcher) and belongs_home(reader, entry, whole.post, whole.subject, self._clock())):
                continue
            try:
                if await self._home.holds(reader, whole.post.id):
                    wanting.add(watcher)
            except StoreUnavailable:
                wanting.add(watcher)  # it may stand just below: better shown twice than not at all
            await breath.rest()
        return wanting

    async def _plan_open(self, hearing: Iterable[Subscription], story: Story, whole: Whole) -> Plan:
        plan, breath, post = Plan(), Breath(), whole.post
        named = [mention.account_id for mention in post.mentions]
        for count, subscription in enumerate(hearing):
            watcher = subscription.watcher
            if watcher is None or not hidden_in_public(watcher.side.reader, post.account_id, named, self._clock()):
                plan.append((subscription, story.post(whole, None)))
            if count % STREAM_SLICE_READERS == 0:
                await breath.rest()
        return plan


def _open(listeners: Listeners, tags: Iterable[str], *, public: bool) -> list[Subscription]:
    found = [one for kind in PUBLIC_HERE for one in listeners.listening(kind)] if public else []
    return found + [one for tag in tags for kind in HASHTAG_HERE for one in listeners.listening(kind, tag)]


def _give(
    plan: Plan,
    watcher: Watcher,
    *,
    home: Shape | None = None,
    direct: Shape | None = None,
    notification: Shape | None = None,
) -> None:
    for subscription in watcher.subscriptions:
        kind = subscription.name.kind
        if kind == USER and home is not None:
            plan.append((subscription, home))
        elif kind == DIRECT and direct is not None:
            plan.append((subscription, direct))
        if notification is not None and subscription.notified and kind in (USER, NOTIFICATIONS):
            plan.append((subscription, notification))


def _direct(post: Post, shape: Shape | None) -> Shape | None:
    return shape if post.visibility == "direct" else None


def _only(watchers: Iterable[Watcher], account_id: int) -> Watcher | None:
    return next((watcher for watcher in watchers if watcher.account_id == account_id), None)


def _notice_of_edit(
    watcher: Watcher, event: Event, post: Post, newly_named: Collection[int], marks: int
) -> Notice | None:
    notice = None
    if watcher.account_id in newly_named:
        notice = told(watcher.side, Notice("mention", post.account_id, post.id), event.time_ms, post.conversation_id)
    if notice is None and marks & REBLOGGED:
        notice = told(watcher.side, Notice("update", post.account_id, post.id), event.time_ms)
    return notice
