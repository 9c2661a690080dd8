"""`bin/drill power`: a whole core and the product on a disk that fails at the n-th call, and whose power goes.

In this process, because the disk is one that a test owns (tests/engines/faulty_disk.py): what was not synced can be
lost or torn, which no kill does. The journal lies on it. People post through the core's socket with keys and repeat
what was refused; at the end of each session the power goes, and the next one begins with the journal that is left.
Held: what was acknowledged is there, nothing is there twice, no sequence means two things, all resumes by itself.
"""

import asyncio
import os
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from drill.report import hold, show
from tests.engines.faulty_disk import EIO, ENOSPC, FaultyDisk
from whimbrel import config
from whimbrel.core import Core
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.errors import JournalUnavailable, StoreUnavailable
from whimbrel.kernel.events import Record
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts.values import PostDraft
from whimbrel.rooms import ESSENTIAL, follows
from whimbrel.upkeep import verify
from whimbrel.wiring import Product, build_product

SESSIONS = 20
FAULTS = 12
CALLS_MAX = 60
"""A fault comes within so many calls to the disk; a post takes about ten."""
TRIES_WHILE_FAULTY = 2
TRIES_MAX = 20
STORE_SECONDS_MAX = 30.0
PAGE = 2_000


class Disk(Protocol):
    """The disk as this drill uses it (tests.engines.faulty_disk.FaultyDisk)."""

    name: str

    def know(self, folder: Path) -> None:
        """Take the files of a folder for durable."""
        ...

    def fail(self, kind: str, *, after: int, once: bool = False) -> None:
        """Fail after so many calls."""
        ...

    def heal(self) -> None:
        """Fail no longer."""
        ...

    def power_cut(self, folder: Path, random: random.Random) -> None:
        """Lay out what is left."""
        ...

    def close(self) -> None:
        """Take the disk away."""
        ...


_made: Callable[[str], Disk] = FaultyDisk


class Counts(NamedTuple):
    """What happened, all sessions together."""

    acknowledged: int
    refused: int
    power_cuts: int


class Poster:
    """Somebody who posts with keys, and repeats what was not acknowledged. Remembers over power cuts."""

    def __init__(self) -> None:
        self.posts: dict[str, int] = {}
        """The id that was acknowledged, by key."""
        self.durable: dict[int, bytes] = {}
        """The chain hash at each sequence that was announced to this process."""
        self.refused = 0
        self._number = 0
        self._doubtful: str | None = None

    def next_key(self) -> str:
        """What to post next: first what is in doubt."""
        if self._doubtful is not None:
            return self._doubtful
        self._number += 1
        return f"gust {self._number}"

    async def post(self, product: Product, author: Reader, key: str) -> bool:
        """Post it once; whether it was acknowledged."""
        try:
            shown = await product.microblog.publish.publish(author, PostDraft(text=key), idempotency_key=key)
        except (JournalUnavailable, StoreUnavailable):
            self._doubtful = key
            self.refused += 1
            return False
        self._doubtful = None
        before = self.posts.setdefault(key, shown.post.id)
        hold(before == shown.post.id, f"{key} was acknowledged as {before} and as {shown.post.id}")
        feed = product.link.feed
        assert feed is not None
        self.durable[feed.cursor] = feed.chain
        return True


def run(
    folder: Path, seed: int, on_session: Callable[[int], None] = lambda _: None, *, sessions: int = SESSIONS
) -> Counts:
    """All sessions. Raises Violation at the first broken promise."""
    chance = random.Random(seed)
    poster = Poster()
    data = folder / "data-0"
    data.mkdir(mode=0o700)
    for number in range(1, sessions + 1):
        left = folder / f"data-{number}"
        disk: Disk = _made(f"drill-{os.getpid()}-{number}")
        try:
            disk.know(data)
            asyncio.run(_session(data, disk, poster, chance, cut=partial(disk.power_cut, left, chance)))
        finally:
            disk.close()
        _hold_journal(left, poster)
        data = left
        on_session(number)
    asyncio.run(_aftermath(data, poster))
    return Counts(len(poster.posts), poster.refused, sessions)


async def _session(data: Path, disk: Disk, poster: Poster, chance: random.Random, *, cut: Callable[[], None]) -> None:
    async with _opened(data, disk.name) as product:
        author = await _author(product)
        for _ in range(FAULTS):
            kind, once = chance.choice((EIO, ENOSPC)), chance.random() < 0.5
            disk.fail(kind, after=chance.randrange(CALLS_MAX), once=once)
            await _post_into_it(product, author, poster)
            disk.heal()
            await _post_until_acknowledged(product, author, poster)
        disk.fail(EIO, after=chance.randrange(CALLS_MAX))
        await _post_into_it(product, author, poster)
        cut()
        disk.heal()


async def _post_into_it(product: Product, author: Reader, poster: Poster) -> None:
    """Post until the fault has come, and a little on."""
    tries_left = TRIES_WHILE_FAULTY
    for _ in range(TRIES_MAX):
        tries_left -= not await poster.post(product, author, poster.next_key())
        if not tries_left:
            return


async def _post_until_acknowledged(product: Product, author: Reader, poster: Poster) -> None:
    for _ in range(TRIES_MAX):
        if await poster.post(product, author, poster.next_key()):
            return
    hold(False, f"nothing was acknowledged in {TRIES_MAX} tries after the fault had gone")


async def _aftermath(data: Path, poster: Poster) -> None:
    """On a healthy disk what is in doubt is settled, the store follows, and every file says the same."""
    async with _opened(data, None) as product:
        author = await _author(product)
        await _post_until_acknowledged(product, author, poster)
        head = product.link.head.head
        hold(await product.link.store_reached(head, STORE_SECONDS_MAX), "the store did not follow again")
        account = await product.microblog.accounts.get(author.account_id)
        hold(account.posts == len(poster.posts), f"{account.posts} posts are counted, {len(poster.posts)} are there")
    _hold_journal(data, poster)
    found = verify(data, lambda *_: None)
    hold(not found.findings, f"after all: {found.findings[:2]}")


def _hold_journal(data: Path, poster: Poster) -> None:
    """The journal that a power cut has left: sound, with all that was acknowledged, and nothing twice."""
    findings = verify_journal(data / "journal.sqlite")
    hold(not findings, f"the journal is damaged: {findings[:2]}")
    records = list(_records(data / "journal.sqlite"))
    ids = [record.id for record in records if record.type == "PostCreated"]
    missing = set(poster.posts.values()) - set(ids)
    hold(not missing, f"{len(missing)} acknowledged posts are missing, first {min(missing, default=0)}")
    in_doubt = len(ids) - len(poster.posts)
    hold(in_doubt in (0, 1), f"there are {in_doubt} posts more than keys; at most one is in doubt")
    chains = {record.sequence: record.chain for record in records}
    moved = [sequence for sequence, chain in poster.durable.items() if chains.get(sequence) != chain]
    hold(not moved, f"sequences {moved[:3]} were announced and mean something else now")


def _records(path: Path) -> Iterator[Record]:
    journal = JournalReader(path)
    try:
        after = 0
        while records := journal.read(after=after, limit=PAGE):
            yield from records
            after = records[-1].sequence
    finally:
        journal.close()


@asynccontextmanager
async def _opened(data: Path, vfs: str | None) -> AsyncIterator[Product]:
    settings = config.read({"data": str(data)}, {}).config
    core = Core(data, follows(), essential=ESSENTIAL, vfs=vfs)
    thread = threading.Thread(target=core.run, name="core")
    thread.start()
    link = CoreLink(data / "run" / "core.sock", HeadReader(data / "run" / "head"))
    link.start()
    try:
        hold(await link.wait_connected(STORE_SECONDS_MAX), "the core does not answer")
        await link.store_reached(link.head.head, STORE_SECONDS_MAX)
        product = await build_product(settings, link)
        yield product
        product.close()
    finally:
        await link.close()
        core.server.stop()
        await asyncio.to_thread(thread.join)


async def _author(product: Product) -> Reader:
    accounts = product.microblog.accounts
    known = await accounts.ids_by_name(["petrel"])
    if not known:
        await accounts.create(SignUp(name="petrel", email="petrel@mail.test", confirmed=True, origin="provision"))
        known = await accounts.ids_by_name(["petrel"])
    return await product.microblog.graph.reader(known["petrel"])


def report(counts: Counts, seed: int) -> None:
    """Print what happened."""
    rows = [
        (
            "sessions, each ended by a power cut",
            f"{counts.power_cuts} (seed {seed}), with {FAULTS} faults of the disk each",
        ),
        ("acknowledged posts", f"{counts.acknowledged:,}"),
        ("tries refused meanwhile", f"{counts.refused:,}"),
        ("acknowledged and missing; doubled; sequences used twice", "0; 0; 0"),
    ]
    show("power drill", rows, {"drill": "power", "seed": seed, **counts._asdict(), "missing": 0, "doubled": 0})
