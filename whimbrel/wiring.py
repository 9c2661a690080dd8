"""The composition root: configuration -> engines -> views -> front doors -> the HTTP application.

For the processes that answer people, and for commands. Two lists are the answer to "what does an event set off?":
`Views` here, what follows the journal in the memory of a process; `ROOMS` in rooms.py, what follows it into the store.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel.api.http import Api
from whimbrel.api.mastodon.openapi import OpenApi
from whimbrel.api.mastodon.render.everything import render_for
from whimbrel.api.mastodon.routes import routes as product_routes
from whimbrel.api.mastodon.server import server_routes
from whimbrel.api.oauth.routes import oauth_routes
from whimbrel.api.operator import operator_routes
from whimbrel.api.router import Router
from whimbrel.api.spared import Spared
from whimbrel.api.streaming_relay import StreamingRelay
from whimbrel.config import Config
from whimbrel.core import linked_core
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.feed import Feed
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.tail import EventTail
from whimbrel.engines.store.numbered import format_in_force, store_in
from whimbrel.engines.store.reads import StoreReads
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.contracts import Reading, Reads
from whimbrel.kernel.errors import JournalUnavailable, StoreUnavailable
from whimbrel.kernel.formats import EventFormat
from whimbrel.kernel.ids import id_at
from whimbrel.kernel.limits import COMMAND_STORE_SECONDS, STORE_START_SECONDS, WINDOW_ENTRIES_MAX
from whimbrel.microblog.accounts.access import Access
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.memory import AccountsInMemory
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import ProfileText
from whimbrel.microblog.census import Census
from whimbrel.microblog.directory import Directory
from whimbrel.microblog.front import Microblog
from whimbrel.microblog.graph.front import Graph
from whimbrel.microblog.graph.memory import GraphInMemory
from whimbrel.microblog.home import Home
from whimbrel.microblog.interactions.front import Interactions
from whimbrel.microblog.interactions.memory import MarksInMemory
from whimbrel.microblog.notifications.front import Notifications
from whimbrel.microblog.notifications.memory import NotificationsInMemory
from whimbrel.microblog.options import Options
from whimbrel.microblog.posts import rows as posts_reading
from whimbrel.microblog.posts import text
from whimbrel.microblog.posts.front import Posts
from whimbrel.microblog.posts.memory import PostsInMemory
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.publish import Publish
from whimbrel.microblog.recents import Window
from whimbrel.microblog.recents_feed import RecentsInMemory
from whimbrel.microblog.recents_rows import entry_of_row
from whimbrel.microblog.search.front import Search
from whimbrel.microblog.timelines import Timelines
from whimbrel.microblog.vocabulary import VOCABULARY
from whimbrel.reliability.disk import LEVELS
from whimbrel.reliability.headers import SecurityHeaders, security_headers
from whimbrel.reliability.proxies import networks
from whimbrel.reliability.ratelimit import RateLimits
from whimbrel.secrets_file import CANARIES, DIRECTORY, open_secrets
from whimbrel.web.pages import application as pages

WINDOW_BLOCK_ENTRIES: Final = 25_000


class Views(NamedTuple):
    """Everything that follows the journal in the memory of a process, fed in this order."""

    accounts: AccountsInMemory
    graph: GraphInMemory
    posts: PostsInMemory
    recents: RecentsInMemory
    marks: MarksInMemory
    notifications: NotificationsInMemory
    format: EventFormat


class Product(NamedTuple):
    """The product of one process, with the threads that it owns."""

    microblog: Microblog
    link: CoreLink
    reads: StoreReads
    passwords: Passwords

    def close(self) -> None:
        """Let the store's threads and the hashing threads go."""
        self.reads.close()
        self.passwords.close()


async def build_product(
    config: Config, link: CoreLink, *, store: Path | None = None, clock: Clock = wall_clock_ms
) -> Product:
    """Wire the product to a running core, fill its memory from the store, and begin to follow the journal.

    When the store is away memory begins empty at the journal's head, and claims to know nothing older. `store` is for
    whoever looks at another one than the current: then `link.head` does not say how far that one is.
    """
    reads = StoreReads(partial(SqliteStore, store or store_in(config.data)), link, link.head, clock=clock)
    tail = EventTail(0)
    open_journal = partial(JournalReader, config.data / "journal.sqlite")
    views = _views(reads, tail, open_journal())
    tail.cursor = await _fill(views, reads, link.head, clock)
    link.follow(Feed([*views], VOCABULARY, tail, open_journal))
    passwords = Passwords()
    microblog = _microblog(views, link, reads, passwords=passwords, options=options_of(config), clock=clock)
    return Product(microblog, link, reads, passwords)


def options_of(config: Config) -> Options:
    """The part of the configuration that the product sees; its `port` is the one really listened on."""
    return Options(
        public_url=config.public_url_at(config.port),
        streaming_url=config.streaming_url_at(config.port),
        status_url=config.status_url_told(),
        title=config.title,
        description=config.description,
        contact_email=config.contact_email,
        registrations=config.registrations,  # type: ignore[arg-type]  # config.py has checked the word
        confirm_email=config.confirm_email,
        rate_limits=config.rate_limits,
        password_grant=config.password_grant,
        post_characters_max=config.post_characters_max,
    )


def build_api(config: Config, product: Product) -> Any:
    """The ASGI application of an API process."""
    microblog, clock = product.microblog, product.microblog.clock
    render = render_for(microblog.options.public_url)
    limits = RateLimits(clock) if config.rate_limits else None
    freshness = Standing(product.link, product.reads)
    spared = Spared(config.data / DIRECTORY / CANARIES, clock=clock)
    census = Census(reads=product.reads, clock=clock, left_out=spared.names)
    directory = Directory(reads=product.reads, accounts=microblog.accounts, clock=clock)
    described = (
        *product_routes(render),
        *server_routes(render, census=census, directory=directory, options=microblog.options, clock=clock),
        *oauth_routes(signing_key=open_secrets(config.data).signing_key, limits=limits, freshness=freshness),
        *operator_routes(config.data / "run"),
    )
    secure = microblog.options.public_url.startswith("https://")
    return Api(
        router=Router((*described, *OpenApi(described, public_url=microblog.options.public_url).routes())),
        microblog=microblog,
        freshness=freshness,
        limits=limits,
        trusted_proxies=networks(config.trusted_proxies),
        fallback=SecurityHeaders(pages(microblog), secure=secure),
        streams=StreamingRelay(
            config.data / "run" / "streaming.sock",
            direct=config.streaming_port_url(),
            trusted_proxies=networks(config.trusted_proxies),
        ),
        always=security_headers(secure=secure),
        disk=lambda: LEVELS[product.link.head.disk],
        spared=spared,
    )


class Standing:
    """How this process stands to the journal's head, as the HTTP door asks it (api.bearers.Freshness)."""

    def __init__(self, link: CoreLink, reads: Reads) -> None:
        self._link = link
        self.age_seconds = reads.age_seconds

    def behind(self) -> bool:
        """Whether something durable has not reached this process's views."""
        return not self._link.is_current()

    async def catch_up(self) -> None:
        """Wait for it, up to the read-your-writes deadline."""
        await self._link.wait_for_head()


@asynccontextmanager
async def open_product(config: Config) -> AsyncIterator[Microblog]:
    """The product for a command: beside the running server if there is one, else with a core of its own.

    A command reads right after the core has begun, so it gives the store time to be built or to catch up; one that
    stays away is left to the commands that need it.
    """
    async with linked_core(config) as link:
        # On a full disk it stands still, and waiting would only delay what is to be taken away.
        stands = LEVELS[link.head.disk] == "full"
        await link.store_reached(link.head.head, STORE_START_SECONDS if stands else COMMAND_STORE_SECONDS)
        product = await build_product(config, link)
        try:
            yield product.microblog
        finally:
            product.close()


def _views(reads: StoreReads, tail: EventTail, journal: JournalReader) -> Views:
    return Views(
        accounts=AccountsInMemory(reads, tail),
        graph=GraphInMemory(reads, tail),
        posts=PostsInMemory(reads, tail),
        recents=RecentsInMemory(Window()),
        marks=MarksInMemory(reads, tail),
        notifications=NotificationsInMemory(reads, tail),
        format=EventFormat(_format(journal)),
    )


def _format(journal: JournalReader) -> int:
    """The format of events in force; the first, which every release reads, where the journal's file cannot be read."""
    try:
        return format_in_force(journal.find)
    except JournalUnavailable:
        return 1
    finally:
        journal.close()


async def _fill(views: Views, reads: StoreReads, head: HeadReader, clock: Clock) -> int:
    """Load the window of recent entries in blocks; returns the sequence from which everything must follow."""
    try:
        cursor, floor = await reads.read(
            lambda look: (look.cursor, posts_reading.window_floor(look, WINDOW_ENTRIES_MAX)), fresh=False
        )
        views.recents.load((), floor_id=floor)
        above = floor
        while block := await reads.read(partial(_block, above), fresh=False):
            views.recents.extend(entry_of_row(row) for row in block)
            above = block[-1][0]
    except StoreUnavailable:
        views.recents.load((), floor_id=id_at(clock()))
        return head.head
    return cursor


def _block(above: int, look: Reading) -> list[posts_reading.Entry]:
    return posts_reading.window_above(look, above, WINDOW_BLOCK_ENTRIES)


def _microblog(
    views: Views, link: CoreLink, reads: StoreReads, *, passwords: Passwords, options: Options, clock: Clock
) -> Microblog:
    profile_text = ProfileText(
        names_in=text.mentioned_names,
        note=lambda written, ids: text.render_note(written, options.public_url, ids=ids),
        field=lambda written, ids: text.render_field(written, options.public_url, ids=ids),
    )
    accounts = Accounts(
        appender=link,
        reads=reads,
        memory=views.accounts,
        passwords=passwords,
        profile_text=profile_text,
    )
    posts = Posts(reads=reads, shelf=views.posts.shelf, accounts=accounts, marks=views.marks)
    window = views.recents.window
    return Microblog(
        accounts=accounts,
        access=Access(appender=link, reads=reads, memory=views.accounts, clock=clock),
        graph=Graph(appender=link, reads=reads, memory=views.graph, accounts=accounts, fold_tag=fold, clock=clock),
        posts=posts,
        publish=Publish(appender=link, posts=posts, accounts=accounts, reads=reads, clock=clock, options=options),
        interactions=Interactions(appender=link, reads=reads, posts=posts, accounts=accounts),
        home=Home(window=window, posts=posts, reads=reads, clock=clock),
        timelines=Timelines(window=window, posts=posts, reads=reads, clock=clock),
        notifications=Notifications(
            appender=link, reads=reads, posts=posts, accounts=accounts, memory=views.notifications
        ),
        search=Search(reads=reads, accounts=accounts, posts=posts, clock=clock, public_url=options.public_url),
        clock=clock,
        options=options,
        format=views.format,
    )
