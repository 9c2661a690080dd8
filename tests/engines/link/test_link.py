"""The link between a process and the core: own writes at once, everything in order, whatever ends in between."""

import asyncio
from pathlib import Path

import pytest

from tests.engines.link.running import (
    SECONDS,
    Heard,
    at_head,
    begin_another_history,
    core_running,
    linked,
    said,
    stamp_of,
    store_at_head,
    until,
)
from whimbrel.engines.journal.wire import TO_CLIENT, TO_CORE, FrameReader, StoreAt
from whimbrel.kernel.errors import JournalUnavailable, TooLarge
from whimbrel.kernel.events import Draft, Group, Refused, Taken
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX, PAYLOAD_BYTES_MAX

pytestmark = pytest.mark.anyio


async def disconnected(link):
    """Wait until the link has seen that its core ended (what is sent before is on its way to nobody: unknown)."""
    await until(lambda: not link.connected, "the link has seen that its core ended")


async def test_an_append_is_in_the_views_when_it_returns(tmp_path):
    heard = Heard()
    with core_running(tmp_path):
        async with linked(tmp_path, heard) as link:
            for number in range(50):
                await link.append(said(str(number)))
                assert heard.texts[-1] == str(number)
                assert link.is_current()


async def test_another_process_has_it_after_waiting_for_the_head(tmp_path):
    heard = Heard()
    with core_running(tmp_path):
        async with linked(tmp_path, Heard()) as writing, linked(tmp_path, heard) as reading:
            for number in range(50):
                await writing.append(said(str(number)))
                await reading.wait_for_head()
                assert heard.texts[-1] == str(number)


async def test_many_appends_at_once_are_each_answered_and_heard_once_in_order(tmp_path):
    heard, other = Heard(), Heard()
    with core_running(tmp_path):
        async with linked(tmp_path, heard) as link, linked(tmp_path, other) as second:
            halves = [(link if number % 2 else second).append(said(str(number))) for number in range(2_000)]
            stamps = [stamp_of(outcome) for outcome in await asyncio.gather(*halves)]
            await second.wait_for_head()
            await link.wait_for_head()
    order = sorted(range(2_000), key=lambda number: stamps[number].sequence)
    assert heard.texts == other.texts == [str(number) for number in order]


async def test_a_taken_key_tells_the_first_event_and_find_knows_it(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            first = stamp_of(await link.append(said("one", claim="key")))
            outcome = await link.append(said("two", claim="key"))
            assert outcome == Taken("key", first, None)
            assert await link.find(["key", "free"]) == {"key": first}
            assert isinstance(await link.append(Group((), requires=("free",))), Refused)


async def test_what_no_journal_could_hold_is_said_to_be_too_large(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            with pytest.raises(TooLarge):
                await link.append(Group((Draft("Said", 1, b"x" * (PAYLOAD_BYTES_MAX + 1)),)))


async def test_a_process_that_comes_late_reads_what_it_missed_from_the_file(tmp_path):
    count = FOLLOW_READ_RECORDS_MAX + 500
    heard = Heard()
    with core_running(tmp_path):
        async with linked(tmp_path) as writing:
            await asyncio.gather(*[writing.append(said(str(number))) for number in range(count)])
            async with linked(tmp_path, heard) as link:
                ongoing = [writing.append(said("later")) for _ in range(300)]
                await asyncio.gather(*ongoing)
                await at_head(link)
    assert heard.texts == [*map(str, range(count)), *["later"] * 300]


async def test_a_new_core_is_found_by_itself_and_nothing_is_missed_or_heard_twice(tmp_path):
    heard = Heard()
    async with linked(tmp_path, heard) as link:
        for life in range(3):
            with core_running(tmp_path):
                for number in range(20):
                    await link.append(said(f"{life}.{number}"))
            await disconnected(link)
    assert heard.texts == [f"{life}.{number}" for life in range(3) for number in range(20)]


async def test_an_append_waits_for_a_core_that_is_just_starting(tmp_path):
    async with linked(tmp_path, heard := Heard()) as link:
        waiting = asyncio.ensure_future(link.append(said("early")))
        await asyncio.sleep(0)
        with core_running(tmp_path):
            await waiting
    assert heard.texts == ["early"]


async def test_without_a_core_nothing_was_done_and_the_error_says_so(tmp_path):
    async with linked(tmp_path) as link:
        with pytest.raises(JournalUnavailable) as caught:
            await link.append(said("nobody"))
    assert not caught.value.unknown


async def test_a_core_that_ends_before_it_answers_leaves_the_outcome_unknown(tmp_path: Path):
    (tmp_path / "run").mkdir()
    asked = []

    async def end_at_the_first_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend(FrameReader(TO_CORE).feed(await reader.read(65_536)))
        writer.close()

    server = await asyncio.start_unix_server(end_at_the_first_request, tmp_path / "run" / "core.sock")
    async with linked(tmp_path) as link:
        with pytest.raises(JournalUnavailable) as caught:
            await link.append(said("lost?"))
        assert link.outstanding == 0
        with pytest.raises(JournalUnavailable) as found:
            await link.find(["key"])
    server.close()
    await server.wait_closed()
    assert caught.value.unknown
    assert not found.value.unknown
    assert asked


async def test_a_view_that_raises_starts_afresh_and_the_others_go_on(tmp_path):
    sound, faulty = Heard(), Heard(raises_on="poison")
    with core_running(tmp_path):
        async with linked(tmp_path, faulty, sound) as link:
            for text in ("before", "poison", "after"):
                await link.append(said(text))
            assert link.feed is not None
            assert sum(link.feed.errors.values()) == 1
    assert sound.texts == ["before", "poison", "after"]
    assert faulty.texts == ["after"]


async def test_a_process_whose_past_is_not_the_journals_is_told(tmp_path):
    heard = Heard()
    async with linked(tmp_path, heard) as link:
        with core_running(tmp_path):
            await link.append(said("of one history"))
        begin_another_history(tmp_path)
        with core_running(tmp_path):
            async with linked(tmp_path) as other, asyncio.timeout(10):
                for number in range(5):
                    await other.append(said(str(number)))
                await link.diverged.wait()


async def test_an_append_that_is_given_up_leaves_nothing_behind(tmp_path):
    with core_running(tmp_path):
        async with linked(tmp_path, Heard()) as link:
            await link.append(said("first"))
            given_up = asyncio.ensure_future(link.append(said("second")))
            await asyncio.sleep(0)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            assert link.outstanding == 0
            await link.append(said("third"))


async def test_who_connects_is_told_where_the_store_stands(tmp_path):
    """Accident: a store that moved between a command's connecting and its being let in was told to nobody: once in
    many the command waited for ten seconds."""
    with core_running(tmp_path):
        async with linked(tmp_path) as link:
            await link.append(said("one"))
            await store_at_head(link)
            reader, writer = await asyncio.open_unix_connection(tmp_path / "run" / "core.sock")
            async with asyncio.timeout(SECONDS):
                heard = FrameReader(TO_CLIENT).feed(await reader.read(65_536))
            writer.close()
            assert heard == [StoreAt(link.head.head)]
