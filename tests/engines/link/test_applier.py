"""The store follows the journal by itself, whatever is done to its file; the journal never waits for it."""

import asyncio

import apsw
import pytest

from tests.engines.link.running import (
    SCHEMA,
    VOCABULARY,
    Heard,
    apply,
    begin_another_history,
    core_running,
    linked,
    said,
    stamp_of,
    store_at_head,
    until,
)
from whimbrel.engines.store.applier import Follows
from whimbrel.engines.store.reads import StoreReads
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import JournalUnavailable, StoreUnavailable
from whimbrel.kernel.limits import APPLY_EVENTS_MAX

pytestmark = pytest.mark.anyio


def store_path(data):
    return data / "store-1.sqlite"


def texts(data):
    with SqliteStore(store_path(data)).reading() as rows:
        return [text for (text,) in rows.all("SELECT text FROM said ORDER BY id")]


def can_be_read(data):
    try:
        texts(data)
    except StoreUnavailable:
        return False
    return True


async def append_all(link, *words):
    for word in words:
        await link.append(said(word))


def is_following(core):
    status = core.applier.status
    return status.doing == "following" and status.cursor == core.server.head


async def until_following(core):
    await until(lambda: is_following(core), "the store holds what the journal holds")


async def test_what_is_appended_is_in_the_store_and_its_cursor_is_told(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "a", "b")
            await store_at_head(link)
            assert texts(tmp_path) == ["a", "b"]
            assert core.applier.status[:3] == (link.head.head, 0, 0)


async def test_a_burst_above_one_batch_is_applied_whole(tmp_path):
    words = [str(number) for number in range(3 * APPLY_EVENTS_MAX)]
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            await asyncio.gather(*[link.append(said(word)) for word in words])
            await store_at_head(link)
    assert texts(tmp_path) == words


async def test_a_store_goes_on_where_it_stood_when_the_core_ended(tmp_path):
    for life in ("first", "second"):
        with core_running(tmp_path):
            async with linked(tmp_path) as link:
                await append_all(link, life)
                await store_at_head(link)
    assert texts(tmp_path) == ["first", "second"]


async def test_a_store_that_is_removed_while_nothing_happens_is_built_again(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "a", "b")
            await store_at_head(link)
            store_path(tmp_path).unlink()
            await until(store_path(tmp_path).exists, "the store is there again")
            await until_following(core)
    assert texts(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("taken", [["-wal"], ["-shm"], ["-wal", "-shm"]])
async def test_a_store_whose_log_was_taken_from_beside_it_is_read_and_followed_again(tmp_path, taken):
    """Whoever removes a store's files one by one can take the log of the one that was built meanwhile."""
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "a", "b")
            await store_at_head(link)
            for name in taken:
                store_path(tmp_path).with_name(f"store-1.sqlite{name}").unlink()
            await append_all(link, "c")
            await until(lambda: can_be_read(tmp_path), "readers have a store again")
            await until_following(core)
            await until(lambda: texts(tmp_path) == ["a", "b", "c"], "the readers see all of it")
    assert texts(tmp_path) == ["a", "b", "c"]


async def test_a_store_that_was_replaced_by_garbage_is_built_again(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "a")
            await store_at_head(link)
            store_path(tmp_path).write_bytes(b"garbage" * 10_000)
            await append_all(link, "b")
            await until_following(core)
    assert texts(tmp_path) == ["a", "b"]


async def test_a_store_of_another_history_is_built_again(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            await append_all(link, "of a journal that is lost")
            await store_at_head(link)
    begin_another_history(tmp_path)
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "of the new one")
            await until_following(core)
    assert texts(tmp_path) == ["of the new one"]


async def test_while_the_store_is_locked_appends_go_on_and_afterwards_it_has_them(tmp_path):
    heard = Heard()
    with core_running(tmp_path) as core:
        async with linked(tmp_path, heard) as link:
            await append_all(link, "before")
            await store_at_head(link)
            other = apsw.Connection(str(store_path(tmp_path)))
            other.execute("BEGIN IMMEDIATE")
            await append_all(link, "while", "it", "is", "locked")
            assert heard.texts[-1] == "locked"
            await until(lambda: core.applier.status.doing == "waiting", "the applier has met the lock")
            assert "Busy" in core.applier.status.last_error
            other.execute("ROLLBACK")
            other.close()
            await until_following(core)
    assert texts(tmp_path) == ["before", "while", "it", "is", "locked"]


async def test_what_an_earlier_version_parked_is_applied_by_the_one_that_can(tmp_path):
    def mistaken(rows, event):
        if event.data.text == "too much":
            raise ValueError(event.data.text)
        apply(rows, event)

    with core_running(tmp_path, rooms=Follows([SCHEMA], VOCABULARY.decode, mistaken)) as core:
        async with linked(tmp_path) as link:
            await append_all(link, "too much")
            await until_following(core)
            assert core.applier.status.parked == 1
    assert texts(tmp_path) == []
    with core_running(tmp_path) as core:
        await until_following(core)
        assert core.applier.status.parked == 0
    assert texts(tmp_path) == ["too much"]


async def test_follow_up_jobs_are_called_after_each_batch_and_may_append(tmp_path):
    seen = []

    class Echo:
        def __init__(self, means):
            self.submit = means.submit
            self.started = self.finished = False

        def start(self):
            self.started = True

        def after_batch(self, records):
            texts_of_batch = [VOCABULARY.decode(record).data.text for record in records]
            seen.append(texts_of_batch)
            if "a cause" in texts_of_batch:
                self.submit(said("a consequence"))

        def finish(self, _erase):
            self.finished = True

    made = []

    def follow_ups(means):
        made.append(Echo(means))
        return made[0]

    with core_running(tmp_path, follow_ups=follow_ups):
        async with linked(tmp_path) as link:
            await append_all(link, "a cause")
            await until(lambda: seen[-1:] == [["a consequence"]], "the job has seen its own event")
    assert [] in seen
    assert (made[0].started, made[0].finished) == (True, True)


async def test_work_handed_to_the_core_is_done_and_refused_once_it_has_stopped(tmp_path):
    with core_running(tmp_path) as core:
        assert core.server.call(lambda journal: journal.head()[0]).result(10) == core.server.head
        assert stamp_of(core.server.submit(said("from a thread")).result(10)).sequence == core.server.head
    with pytest.raises(JournalUnavailable):
        core.server.submit(said("too late"))
    with pytest.raises(JournalUnavailable):
        core.server.call(lambda journal: journal.head())


async def test_a_fresh_read_sees_what_was_just_written(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path, Heard()) as link:
            reads = StoreReads(lambda: SqliteStore(store_path(tmp_path)), link, link.head, clock=wall_clock_ms)
            await store_at_head(link)
            for number in range(1, 40):
                await link.append(said(str(number)))
                found = await reads.read(lambda rows: rows.one("SELECT count(*) FROM said"))
                assert found == (number,)
            assert reads.age_seconds() == 0.0
            assert reads.pending == 0
            reads.close()


async def test_a_read_without_a_store_says_that_it_is_away(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            reads = StoreReads(lambda: SqliteStore(tmp_path / "absent"), link, link.head, clock=wall_clock_ms)
            with pytest.raises(StoreUnavailable):
                await reads.read(lambda rows: rows.cursor, fresh=False)
            reads.close()
