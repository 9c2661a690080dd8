"""What the process of streams is made of: memory views and a small window, fed by one follower, ending in deliveries.

Beside wiring.py and not in it, because this process answers no API: importing the product whole would double its
memory. The window is small, for home asks of it only what lies below a reblog; the store has the rest.
"""

import logging
from functools import partial
from typing import NamedTuple

from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.config import Config
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.feed import Feed
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.tail import EventTail
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.reads import StoreReads
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import StoreUnavailable, WhimbrelError
from whimbrel.kernel.ids import id_at
from whimbrel.kernel.limits import (
    RESUME_EVENTS_HELD_MAX,
    STREAM_POSTS_CACHED_MAX,
    STREAM_WINDOW_ENTRIES_MAX,
)
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.memory import AccountsInMemory
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import ProfileText
from whimbrel.microblog.home import Home
from whimbrel.microblog.interactions.memory import MarksInMemory
from whimbrel.microblog.posts import rows as posts_rows
from whimbrel.microblog.posts import text
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.memory import PostsInMemory
from whimbrel.microblog.recents import Window
from whimbrel.microblog.recents_feed import RecentsInMemory
from whimbrel.microblog.recents_rows import entry_of_row
from whimbrel.microblog.vocabulary import VOCABULARY
from whimbrel.reliability.proxies import networks
from whimbrel.streaming.admission import Admission
from whimbrel.streaming.archive import Archive
from whimbrel.streaming.callers import Callers
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.deliveries import Deliveries, Partings
from whimbrel.streaming.hub import Hub
from whimbrel.streaming.lookups import Lookups
from whimbrel.streaming.memory import Lately
from whimbrel.streaming.news import Newsroom
from whimbrel.streaming.resume import Resumes
from whimbrel.streaming.server import Parts
from whimbrel.streaming.sides import SidesInMemory

_log = logging.getLogger(__name__)


class Views(NamedTuple):
    """Everything that follows the journal in this process, fed in this order."""

    accounts: AccountsInMemory
    sides: SidesInMemory
    partings: Partings
    posts: PostsInMemory
    recents: RecentsInMemory
    deliveries: Deliveries


class Product(NamedTuple):
    """What the process has to close, and what streams are made of."""

    parts: Parts
    reads: StoreReads
    archive: Archive
    passwords: Passwords

    async def close(self) -> None:
        """Tell nothing more, and let the threads go."""
        await self.parts.deliveries.close()
        self.reads.close()
        self.archive.close()
        self.passwords.close()


async def build_streams(config: Config, link: CoreLink, *, clock: Clock = wall_clock_ms) -> Product:
    """Wire the streams to a running core, fill memory from the store, and begin to follow the journal."""
    reads = StoreReads(partial(SqliteStore, store_in(config.data)), link, link.head, clock=clock)
    tail, hub, counts, lately, passwords = EventTail(0), Hub(), Counts(), Lately(), Passwords()
    accounts, sides = AccountsInMemory(reads, tail), SidesInMemory(reads, tail)
    posts = PostsInMemory(reads, tail, items_max=STREAM_POSTS_CACHED_MAX)
    recents = RecentsInMemory(Window(entries_max=STREAM_WINDOW_ENTRIES_MAX))
    newsroom = _newsroom(config, reads, _people(link, reads, accounts, passwords, config), posts, recents, clock=clock)
    partings = Partings(posts.shelf)
    deliveries = Deliveries(hub=hub, newsroom=newsroom, partings=partings, sides=sides, lately=lately, counts=counts)
    archive = Archive(partial(JournalReader, config.data / "journal.sqlite"), VOCABULARY)
    tail.cursor = await _fill(recents, reads, link, clock)
    await _remember(lately, archive, tail.cursor)
    deliveries.start(lately.newest.event_id if lately.newest else 0)
    views = Views(accounts, sides, partings, posts, recents, deliveries)
    link.follow(Feed([*views], VOCABULARY, tail, partial(JournalReader, config.data / "journal.sqlite")))
    resumes = Resumes(hub=hub, deliveries=deliveries, newsroom=newsroom, lately=lately, archive=archive, counts=counts)
    admission = Admission(accounts=accounts, sides=sides, freshness=link, clock=clock)
    callers = Callers(networks(config.trusted_proxies), limited=config.rate_limits)
    parts = Parts(hub, sides, admission, deliveries, resumes, callers, counts, clock)
    return Product(parts, reads, archive, passwords)


async def _remember(lately: Lately, archive: Archive, cursor: int) -> None:
    """Begin with the newest events: those who were listening to a predecessor come back at once."""
    try:
        for event in await archive.newest(RESUME_EVENTS_HELD_MAX, up_to=cursor):
            lately.add(event)
    except WhimbrelError as error:
        _log.error("the journal cannot be read: who resumes loads afresh", extra={"error": str(error)})


def _people(
    link: CoreLink, reads: StoreReads, memory: AccountsInMemory, passwords: Passwords, config: Config
) -> Accounts:
    public_url = config.public_url_at(config.port)
    profile_text = ProfileText(
        names_in=text.mentioned_names,
        note=lambda written, ids: text.render_note(written, public_url, ids=ids),
        field=lambda written, ids: text.render_field(written, public_url, ids=ids),
    )
    return Accounts(appender=link, reads=reads, memory=memory, passwords=passwords, profile_text=profile_text)


def _newsroom(
    config: Config,
    reads: StoreReads,
    accounts: Accounts,
    posts: PostsInMemory,
    recents: RecentsInMemory,
    *,
    clock: Clock,
) -> Newsroom:
    marks = MarksInMemory(reads, EventTail(0), items_max=1)
    room = Posts(reads=reads, shelf=posts.shelf, accounts=accounts, marks=marks)
    return Newsroom(
        lookups=Lookups(posts=posts.shelf, accounts=accounts, reads=reads),
        home=Home(window=recents.window, posts=room, reads=reads, clock=clock),
        render=render_for(config.public_url_at(config.port)),
        clock=clock,
    )


async def _fill(recents: RecentsInMemory, reads: StoreReads, link: CoreLink, clock: Clock) -> int:
    """Load the window; returns the sequence from which everything must follow."""
    try:
        cursor, floor, rows = await reads.read(
            lambda look: (
                look.cursor,
                floor := posts_rows.window_floor(look, STREAM_WINDOW_ENTRIES_MAX),
                posts_rows.window_above(look, floor, STREAM_WINDOW_ENTRIES_MAX),
            ),
            fresh=False,
        )
    except StoreUnavailable:
        recents.load((), floor_id=id_at(clock()))
        return link.head.head
    recents.load((entry_of_row(row) for row in rows), floor_id=floor)
    return cursor
