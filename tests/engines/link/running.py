"""A core in a thread and links to it, over a store of one table: what the tests of this folder start."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.support.serving import eventually
from whimbrel.core import Core, MakeFollowUps
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.feed import Feed
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.journal.tail import EventTail
from whimbrel.engines.store.applier import Follows
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.events import Appended, Claim, Event, Group, Stamp, Vocabulary, draft

SECONDS = 20.0


class Said(msgspec.Struct, frozen=True):
    """Somebody said something."""

    text: str


VOCABULARY = Vocabulary(Said)
SCHEMA = "CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"


def apply(rows: Writing, event: Event) -> None:
    rows.run("INSERT INTO said VALUES (:id, :text)", {"id": event.id, "text": event.data.text})


FOLLOWS = Follows([SCHEMA], VOCABULARY.decode, apply)


class Heard:
    """A memory view: every text in order; raises on one when told to."""

    def __init__(self, raises_on: str = "") -> None:
        self.texts: list[str] = []
        self._raises_on = raises_on

    def apply(self, event: Event) -> None:
        if isinstance(event.data, Said):
            if event.data.text == self._raises_on:
                raise ValueError(event.data.text)
            self.texts.append(event.data.text)

    def forget(self) -> None:
        self.texts.clear()


def said(text: str, *, claim: str = "") -> Group:
    claims = (Claim(claim),) if claim else ()
    return Group((draft(Said(text), actor=1, claims=claims),))


def stamp_of(outcome: object) -> Stamp:
    assert isinstance(outcome, Appended), outcome
    stamp = outcome.stamps[0]
    assert stamp is not None
    return stamp


@contextmanager
def core_running(data: Path, *, rooms: Follows = FOLLOWS, follow_ups: MakeFollowUps | None = None) -> Iterator[Core]:
    """A core on `data`, for as long as the block runs."""
    core = Core(data, rooms, follow_ups=follow_ups)
    thread = threading.Thread(target=core.run)
    thread.start()
    try:
        yield core
    finally:
        core.server.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


def begin_another_history(data: Path) -> None:
    """Put another journal in the place of this one, with a record of its own."""
    for file in data.glob("journal.sqlite*"):
        file.unlink()
    SqliteJournal(data / "journal.sqlite", clock=wall_clock_ms).close()


@asynccontextmanager
async def linked(data: Path, *views: Heard, after: int = 0) -> AsyncIterator[CoreLink]:
    """A link as a process has it: `views` are fed from `after` on."""
    link = CoreLink(data / "run" / "core.sock", HeadReader(data / "run" / "head"))
    link.start()
    if views:
        link.follow(Feed(views, VOCABULARY, EventTail(after), partial(JournalReader, data / "journal.sqlite")))
    try:
        yield link
    finally:
        await link.close()


async def at_head(link: CoreLink) -> None:
    """Wait until the link's views hold everything that is durable."""
    assert link.feed is not None
    assert await link.wait_connected(SECONDS)
    assert await link.feed.reached(link.head.head, SECONDS)


async def until(question: Callable[[], Any], what: str) -> None:
    """Wait until the answer is true, while the loop goes on."""
    await asyncio.to_thread(eventually, question, seconds=SECONDS, what=what)


async def store_at_head(link: CoreLink) -> None:
    """Wait until the store holds everything that is durable."""
    assert await link.store_reached(link.head.head, SECONDS)
