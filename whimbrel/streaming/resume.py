"""Taking a stream up again where its reader lost it: what was missed is told, and then it is live, with no gap between.

A stream that resumes is not in the indexes yet. What was missed is told from memory or the journal's file, up to what
has been taken in; meanwhile more happens, which is told the same way, until nothing is missing that has begun to be
told to others. In that moment, without waiting for anything, it joins them. What it was sent it is not sent again,
because each message has a position and a stream only moves forward.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import RESUME_EVENTS_MAX, RESUMES_AT_ONCE_MAX
from whimbrel.microblog.interactions import memory as interactions
from whimbrel.microblog.interactions.values import Marks
from whimbrel.streaming.archive import Archive
from whimbrel.streaming.breath import Breath
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.deliveries import Deliveries
from whimbrel.streaming.hub import Hub, Subscription, Watcher
from whimbrel.streaming.memory import Lately
from whimbrel.streaming.news import Happened, Newsroom
from whimbrel.streaming.positions import event_of, position_of
from whimbrel.streaming.story import reset

_log = logging.getLogger(__name__)

TOO_MUCH: Final = "too much was missed, or it is not there any more"
OF_ANOTHER_HISTORY: Final = "this server does not know what you have seen"


class Alone:
    """The one who resumes, as listeners are asked for. `missed` tells which flags it has set on what it missed."""

    def __init__(self, subscription: Subscription, missed: Iterable[Event]) -> None:
        self._subscription = subscription
        self._watchers: list[Watcher] = []
        self._mine = Marks()
        if (watcher := subscription.watcher) is not None:
            alone = Watcher(watcher.account_id, watcher.side)
            alone.subscriptions.append(subscription)
            self._watchers.append(alone)
            for event in missed:
                if watcher.account_id in interactions.touched(event):
                    interactions.change(watcher.account_id, self._mine, event)

    def audience(self, author: int, tags: Iterable[str] = (), others: Iterable[int] = ()) -> list[Watcher]:  # noqa: ARG002
        """Itself; the rules say no where they must."""
        return self._watchers

    def everybody(self) -> list[Watcher]:
        """Itself."""
        return self._watchers

    def listening(self, kind: str, key: str = "") -> list[Subscription]:
        """Itself, if it listens to this stream."""
        name = self._subscription.name
        return [self._subscription] if name.kind == kind and (name.key == key or not key) else []

    def flags(self, watcher: Watcher, post_id: int) -> int:  # noqa: ARG002 - there is one
        """What it has done since with a post that it missed."""
        return self._mine.flags.get(post_id, 0)


class Resumes:
    """Takes streams up again, some at a time."""

    def __init__(
        self, *, hub: Hub, deliveries: Deliveries, newsroom: Newsroom, lately: Lately, archive: Archive, counts: Counts
    ) -> None:
        self._hub, self._deliveries, self._newsroom = hub, deliveries, newsroom
        self._lately, self._archive, self._counts = lately, archive, counts
        self._places = asyncio.Semaphore(RESUMES_AT_ONCE_MAX)

    async def join(self, subscription: Subscription) -> None:
        """Tell everything after `subscription.after`, then let it listen; or tell it to load afresh."""
        async with self._places:
            try:
                reason = await self._catch_up(subscription)
            except WhimbrelError as error:
                _log.error("what was missed cannot be read", extra={"error": str(error)})
                reason = TOO_MUCH
        self._counts.resumed["reset" if reason else "whole"] += 1
        if reason:
            position = self._deliveries.taken
            subscription.after = min(subscription.after, position - 1)
            subscription.send(reset(position, reason))
            self._hub.subscribe(subscription)

    async def _catch_up(self, subscription: Subscription) -> str:
        """The reason why it cannot be told; empty once it listens."""
        if subscription.after > self._deliveries.taken:
            return OF_ANOTHER_HISTORY
        told = 0
        while not subscription.socket.ending:
            missed = await self._missed(event_of(subscription.after))
            if missed is None or (told := told + len(missed)) > RESUME_EVENTS_MAX:
                return TOO_MUCH
            await self._tell(subscription, missed)
            if subscription.after >= self._deliveries.begun:
                self._hub.subscribe(subscription)
                break
        return ""

    async def _missed(self, event_id: int) -> Sequence[Event] | None:
        held = self._lately.since(event_id)
        if held is not None:
            return held
        newest = self._lately.newest
        return await self._archive.since(event_id, up_to=newest.sequence if newest else 0)

    async def _tell(self, subscription: Subscription, missed: Sequence[Event]) -> None:
        listeners, breath = Alone(subscription, missed), Breath()
        for event in missed:
            if subscription.socket.ending:
                return
            if self._newsroom.concerns(event):
                for one, shape in await self._newsroom.plan(Happened(event), listeners):
                    one.send(shape)
                await subscription.socket.drained()
            subscription.after = max(subscription.after, position_of(event.event_id))
            await breath.rest()
