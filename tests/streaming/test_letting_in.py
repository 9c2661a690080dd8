"""What happens while somebody is let in: a stream that was not open yet could not be ended, and must not begin."""

import asyncio

import pytest

from tests.support.appending import ACCOUNTS, GRAPH, POSTS, Appending, room
from whimbrel.kernel.errors import Forbidden, Unauthenticated
from whimbrel.microblog.interactions import apply as interactions
from whimbrel.streaming.admission import Admission
from whimbrel.streaming.callers import Callers
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.hub import Hub
from whimbrel.streaming.names import StreamName
from whimbrel.streaming.server import Parts, Streams
from whimbrel.streaming.sides import SidesInMemory

pytestmark = pytest.mark.anyio

HOME = StreamName("user")
DEADLINE_SECONDS = 10


@pytest.fixture
def appending(tmp_path):
    """With what a side is made of."""
    with_rooms = Appending(
        tmp_path, (ACCOUNTS, GRAPH, POSTS, room("whimbrel.microblog.interactions", interactions.apply))
    )
    yield with_rooms
    with_rooms.close()


class Current:
    """A process that has taken everything in."""

    def is_current(self):
        return True

    async def wait_for_head(self):
        """There is nothing to wait for."""


class SlowReads:
    """The store of an `Appending`, which answers when the test says so."""

    def __init__(self, reads):
        self._reads = reads
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def read(self, query, *, fresh=True):
        found = await self._reads.read(query, fresh=fresh)
        self.asked.set()
        await self.may_answer.wait()
        return found


class Entrance:
    """A process of streams whose store takes its time over what it knows of somebody who comes in."""

    def __init__(self, doors):
        appending = doors.appending
        self.doors, self.hub, self._slow = doors, Hub(), SlowReads(appending.reads)
        sides = SidesInMemory(self._slow, appending.tail)
        appending.add_view(sides)
        admission = Admission(accounts=doors.in_memory, sides=sides, freshness=Current(), clock=appending.clock)
        callers = Callers((), limited=False)
        # Nothing is told here, so there is nobody who tells and nobody who resumes.
        parts = Parts(self.hub, sides, admission, None, None, callers, Counts(), appending.clock)
        self._streams = Streams(parts, files_max=1_000)

    async def let_in(self, token, meanwhile):
        """Let somebody in; when the store was asked, `meanwhile` happens, and then the store answers."""
        coming = asyncio.create_task(self._streams.let_in(token, HOME))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._slow.asked.wait()
            await meanwhile
            self._slow.may_answer.set()
            return await coming


@pytest.fixture
async def entrance(doors):
    """The process."""
    return Entrance(doors)


@pytest.fixture
async def token(doors):
    """Ada's."""
    ada = doors.add_account("ada")
    return await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",))


async def memory_lets_go(doors):
    doors.in_memory.forget()


async def test_who_was_let_go_by_memory_meanwhile_comes_in_all_the_same(doors, entrance, token):
    guest, watcher = await entrance.let_in(token, memory_lets_go(doors))
    assert entrance.hub.watchers == {guest.account_id: watcher}


async def test_a_stream_that_was_being_opened_outlived_its_token(doors, entrance, token):
    with pytest.raises(Unauthenticated):
        await entrance.let_in(token, doors.access.revoke(token))
    assert entrance.hub.watchers == {}


async def test_a_stream_that_was_being_opened_outlived_the_account_that_was_disabled(doors, entrance, token):
    account = await doors.accounts.by_name("ada")
    with pytest.raises(Forbidden):
        await entrance.let_in(token, doors.accounts.disable(account.id))
    assert entrance.hub.watchers == {}
