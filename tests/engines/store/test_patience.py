"""A store that is away costs callers no time: what memory answers without it is answered at once."""

import asyncio
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.house.tree import ROOT
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.store import reads as reads_module
from whimbrel.engines.store.reads import StoreReads
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import StoreUnavailable

pytestmark = pytest.mark.anyio


class StandsStill:
    """A store that does not move while somebody waits."""

    async def store_reached(self, _sequence, _deadline_seconds):
        return False


@pytest.fixture
def reads(shop, monkeypatch):
    monkeypatch.setattr(reads_module, "STORE_READ_DEADLINE_SECONDS", 0.1)
    head = HeadReader(shop.path.with_name("head"))
    threads = StoreReads(lambda: SqliteStore(shop.path), StandsStill(), head, clock=wall_clock_ms)
    yield threads
    threads.close()


def cursor(rows):
    return rows.cursor


@pytest.fixture
def held_by_another(shop):
    command = [sys.executable, "-m", "drill.holder", "everybody", str(shop.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout.readline() == "held\n"
        yield holder


async def test_nobody_waits_behind_a_look_that_hangs_and_all_goes_on_when_it_has_ended(reads, held_by_another):
    with pytest.raises(StoreUnavailable, match="has overrun its deadline"):
        await reads.read(cursor)
    for _ in range(100):
        with pytest.raises(StoreUnavailable, match="still under way"):
            await reads.read(cursor)
    assert reads.pending == 1
    held_by_another.stdin.close()
    found = None
    async with asyncio.timeout(20):
        while found is None:
            await asyncio.sleep(0)
            with suppress(StoreUnavailable):
                found = await reads.read(cursor)
    assert found == 0


async def test_a_store_that_comes_back_is_read_at_once(shop, reads):
    aside = shop.path.with_name("aside")
    shop.path.rename(aside)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await reads.read(cursor)
    aside.rename(shop.path)
    assert await reads.read(cursor) == shop.writer.standing().sequence
