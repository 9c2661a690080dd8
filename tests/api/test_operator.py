"""What operators and their machines ask: as often as they like, at the cost of one question at a time."""

import asyncio

import pytest

from whimbrel.api.operator import operator_routes

CROWD = 20

pytestmark = pytest.mark.anyio


class Supervisor:
    """Answers on the socket of a server's supervisor once `free` is set, and counts what it is asked."""

    def __init__(self):
        self.asked = []
        self.free = asyncio.Event()

    async def __call__(self, reader, writer):
        self.asked.append((await reader.readline()).split()[1])
        await self.free.wait()
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}")
        writer.close()


async def test_a_crowd_that_asks_at_the_same_time_asks_the_supervisor_once(tmp_path):
    supervisor = Supervisor()
    ready = next(route.handler for route in operator_routes(tmp_path) if route.path == "/readyz")
    async with await asyncio.start_unix_server(supervisor, tmp_path / "supervisor.sock"):
        for round_ in (1, 2):
            crowd = [asyncio.create_task(ready(None)) for _ in range(CROWD)]
            crowd[0].cancel()  # who leaves takes nobody's answer away
            supervisor.free.set()
            answers = await asyncio.gather(*crowd[1:])
            supervisor.free.clear()
            assert {(answer.status, answer.body) for answer in answers} == {(200, b"{}")}
            assert supervisor.asked == [b"/readyz"] * round_
