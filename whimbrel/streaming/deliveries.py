"""The last memory view: turns what happens into messages, in order, and ends what may not go on.

Taking an event in costs next to nothing: indexes are kept true, revoked sessions end at once, and the event waits in a
queue for one task, which plans and sends. So a slow look at the store or ten thousand readers hold up later messages,
and neither the follower nor new connections. Planning goes some events ahead; sending keeps their order.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence

from whimbrel.kernel.events import Event
from whimbrel.kernel.limits import STREAM_EVENTS_WAITING_MAX, STREAM_SLICE_READERS
from whimbrel.microblog.posts.values import Post
from whimbrel.microblog.shelf import Shelf
from whimbrel.streaming.breath import Breath
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.hub import Hub
from whimbrel.streaming.memory import Lately
from whimbrel.streaming.news import Happened, Newsroom, Plan
from whimbrel.streaming.positions import position_of
from whimbrel.streaming.sides import SidesInMemory

_log = logging.getLogger(__name__)

_PLANNED_AHEAD = 16
_CHANGING = frozenset({"PostEdited", "PostDeleted"})


class Partings:
    """Stands before the posts' view and keeps the post that an event is about to change or take away."""

    def __init__(self, posts: "Shelf[int, Post]") -> None:
        self._held = posts.held
        self.former: Post | None = None

    def apply(self, event: Event) -> None:
        """Note the post as it still is."""
        self.former = self._held(event.id) if event.type in _CHANGING else None

    def forget(self) -> None:
        """Know nothing."""
        self.former = None


class Deliveries:
    """Tells those who listen (a MemoryView). `taken` and `begun` are positions: taken in, and begun to be told."""

    def __init__(
        self, *, hub: Hub, newsroom: Newsroom, partings: Partings, sides: SidesInMemory, lately: Lately, counts: Counts
    ) -> None:
        self._hub, self._newsroom, self._partings, self._sides = hub, newsroom, partings, sides
        self._lately, self._counts = lately, counts
        self.taken = self.begun = self.done = 0
        self._queue: deque[Happened] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many events have not been told yet."""
        return len(self._queue)

    def start(self, last_event_id: int) -> None:
        """Begin to tell, with what comes after this event."""
        self.taken = self.begun = self.done = position_of(last_event_id)
        self._task = asyncio.get_running_loop().create_task(self._tell())

    async def close(self) -> None:
        """Tell nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def apply(self, event: Event) -> None:
        """Take one event in; the other views have."""
        if self._sides.forgotten:
            self._sides.forgotten = False
            self._give_up("disturbed")
        self._lately.add(event)
        self.taken = position_of(event.event_id)
        self._hub.apply(event)
        self._newsroom.groups.apply(event)
        self._end_what_may_not_go_on(event)
        if self._newsroom.concerns(event):
            self._queue.append(Happened(event, self._partings.former, self._newsroom.decide(event, self._hub)))
            self._wake.set()
        elif not self._queue and self.begun == self.done:
            self.begun = self.done = self.taken
        if len(self._queue) > STREAM_EVENTS_WAITING_MAX:
            self._give_up("behind")

    def forget(self) -> None:
        """Something was not taken in: nobody can be told the truth before listening anew."""
        self._give_up("disturbed")

    def _give_up(self, reason: str) -> None:
        self._queue.clear()
        for socket in self._hub.sockets():
            socket.end(reason)
        self._hub.forget_watchers()

    def _end_what_may_not_go_on(self, event: Event) -> None:
        if event.type == "TokenRevoked":
            for socket in self._hub.by_session.members(event.id):
                socket.end("revoked")
        elif event.type in ("AccountDisabled", "AccountDeleted"):
            for socket in self._hub.by_account.members(event.id):
                socket.end("revoked")

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                ahead = [self._queue.popleft() for _ in range(min(len(self._queue), _PLANNED_AHEAD))]
                self.begun = position_of(ahead[-1].event.event_id)
                for happened, plan in zip(ahead, await self._planned(ahead), strict=True):
                    await self._send(plan)
                    if plan:
                        self._counts.delay.observe(max(0.0, time.time() - happened.event.time_ms / 1_000))
                self.done = self.begun
            if not self._queue:
                self.begun = self.done = self.taken

    async def _planned(self, ahead: Sequence[Happened]) -> Sequence[Plan]:
        if len(ahead) == 1:
            return [await self._plan(ahead[0])]
        return await asyncio.gather(*map(self._plan, ahead))

    async def _plan(self, happened: Happened) -> Plan:
        try:
            return await self._newsroom.plan(happened, self._hub)
        except Exception as error:  # noqa: BLE001 - one event that cannot be told must not silence all that come after
            self._counts.unplanned += 1
            event = happened.event
            _log.error("an event could not be told", exc_info=error, extra={"type": event.type, "id": event.event_id})
            return []

    async def _send(self, plan: Plan) -> None:
        breath = Breath()
        for count, (subscription, shape) in enumerate(plan):
            subscription.send(shape)
            if count % STREAM_SLICE_READERS == 0:
                await breath.rest()
