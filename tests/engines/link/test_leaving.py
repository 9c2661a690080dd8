"""A core that is replaced loses no request: it says that it leaves, and its clients wait for the next one."""

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from tests.engines.link.running import FOLLOWS, Heard, core_running, linked, said, stamp_of, until
from whimbrel.core import Core
from whimbrel.engines.journal.wire import TO_CLIENT, Answers, Append, FrameReader, Leaving, Left, frame
from whimbrel.engines.sockets import address_of
from whimbrel.kernel.errors import JournalUnavailable

pytestmark = pytest.mark.anyio

SUCCESSIONS = 8


def opened_when_free(data):
    """A core, as soon as its predecessor lets go of the journal."""
    while True:
        with suppress(JournalUnavailable):
            return Core(data, FOLLOWS)


async def test_no_append_fails_while_cores_replace_each_other_and_each_is_there_once(tmp_path):
    heard, written, over = Heard(), [], asyncio.Event()

    async def keep_appending(link, writer):
        number = 0
        while not over.is_set():
            number += 1
            stamp_of(await link.append(said(f"{writer}-{number}")))
            written.append(f"{writer}-{number}")

    core = Core(tmp_path, FOLLOWS)
    runs = [threading.Thread(target=core.run)]
    runs[0].start()
    async with linked(tmp_path, heard) as link, linked(tmp_path, Heard()) as other:
        ways = [(f"{name}{number}", way) for name, way in (("here", link), ("there", other)) for number in range(4)]
        writers = [asyncio.create_task(keep_appending(way, name)) for name, way in ways]
        for _ in range(SUCCESSIONS):
            successor = asyncio.create_task(asyncio.to_thread(opened_when_free, tmp_path))
            before = len(written)
            await until(lambda before=before: len(written) > before + 50, "the core writes")
            core.retire()
            core = await successor
            runs.append(threading.Thread(target=core.run))
            runs[-1].start()
        over.set()
        await asyncio.gather(*writers)
        await link.wait_for_head()
        assert sorted(heard.texts) == sorted(written)
    core.server.stop()
    for run in runs:
        run.join()


async def test_a_request_that_was_sent_before_the_core_left_is_answered_by_it(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path, Heard()) as link:
            asked = [asyncio.create_task(link.append(said(str(number)))) for number in range(200)]
            await asyncio.sleep(0)
            core.server.stop()
            assert len({stamp_of(outcome).sequence for outcome in await asyncio.gather(*asked)}) == 200


async def test_a_client_that_does_not_know_the_word_is_served_to_the_end_of_its_time_and_left(tmp_path):
    with core_running(tmp_path) as core, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(address_of(tmp_path / "run" / "core.sock"))
        connection.sendall(frame(Append(1, said("before"))))
        reader = FrameReader(TO_CLIENT)
        heard = await asyncio.to_thread(read_until, connection, reader, Answers)
        core.server.stop()
        heard = await asyncio.to_thread(read_until, connection, reader, Leaving)
        connection.sendall(frame(Append(2, said("after"))))
        heard = await asyncio.to_thread(read_until, connection, reader, Answers)
        assert heard.answers[0].request_id == 2
        with pytest.raises(AssertionError, match="the connection ended"):
            await asyncio.to_thread(read_until, connection, reader, Answers)


async def test_who_has_heard_does_not_keep_the_core_from_leaving(tmp_path):
    with core_running(tmp_path) as core, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(address_of(tmp_path / "run" / "core.sock"))
        core.server.stop()
        await asyncio.to_thread(read_until, connection, FrameReader(TO_CLIENT), Leaving)
        connection.sendall(frame(Append(1, said("last words"))) + frame(Left()))
        answers = await asyncio.to_thread(read_until, connection, FrameReader(TO_CLIENT), Answers)
        assert answers.answers[0].request_id == 1


def read_until(connection, reader, kind):
    while delivered := connection.recv(65_536):
        for message in reader.feed(delivered):
            if isinstance(message, kind):
                return message
    raise AssertionError(f"the connection ended without {kind.__name__}")
