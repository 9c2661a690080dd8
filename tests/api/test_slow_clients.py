"""Clients that take their time, over real sockets: what does not arrive in time is given up, and the line closed."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest
from granian.constants import Interfaces

from tests.api.test_http import ROUTES, Age
from tests.support.serving import eventually
from whimbrel import embedded_server
from whimbrel.api import request
from whimbrel.api.http import Api
from whimbrel.api.intake import Intake
from whimbrel.api.router import Router
from whimbrel.embedded_server import InheritedSocketServer

PATIENCE_SECONDS = 0.3
HEAD = b"POST /api/v1/echo HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
BODY = b'{"one": "1"}'


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    """The server waits as long for everything; a test need not."""
    monkeypatch.setattr(request, "BODY_SECONDS_MAX", PATIENCE_SECONDS)
    monkeypatch.setattr(embedded_server, "HEAD_SECONDS_MAX", PATIENCE_SECONDS)


@asynccontextmanager
async def door():
    """The door on a free port, as an API process has it."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    api = Api(router=Router(ROUTES), microblog=None, freshness=Age(), limits=None)
    server = InheritedSocketServer(listening.detach(), target=api, interface=Interfaces.ASGINL, websockets=True)
    serving = asyncio.create_task(server.serve())
    try:
        yield port
    finally:
        server.stop()
        await serving


def until_closed(*pieces):
    """Send the pieces one after the other, and return everything that comes until the server closes the line."""

    async def run():
        async with door() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            heard = await reader.read()
            writer.close()
            return heard

    return asyncio.run(run())


def test_a_body_that_does_not_arrive_in_time_is_408_and_the_end_of_the_line():
    head, _, body = until_closed(HEAD + b"\r\n", BODY[:5]).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close" in head.lower()
    assert "did not arrive" in json.loads(body)["error"]


def test_a_body_that_comes_bit_by_bit_has_the_same_time_as_one_that_does_not_come():
    heard = until_closed(HEAD + b"\r\n", *(BODY[at : at + 1] for at in range(len(BODY) - 1)))
    assert heard.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("begun", [b"", b"POST", HEAD], ids=["nothing", "half a line", "half a head"])
def test_a_head_that_does_not_arrive_in_time_is_the_end_of_the_line(begun):
    assert until_closed(begun) == b""


def test_a_line_on_which_nothing_more_is_asked_is_closed():
    heard = until_closed(HEAD + b"\r\n" + BODY)
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert heard.endswith(b"}")


def test_http_2_without_a_certificate_is_refused():
    assert until_closed(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == b""


def posted(size):
    """The head of a body of so many bytes."""
    return HEAD.replace(b"Content-Length: 12", b"Content-Length: %d" % size) + b"\r\n"


async def held(intake, size):
    """Wait until the bodies under way hold so much."""
    await asyncio.to_thread(
        eventually, lambda: intake.bytes_held == size, seconds=10, what=f"the bodies under way hold {size} bytes"
    )


async def answered(port, *pieces):
    """What is heard of a request on a line of its own, until the server closes that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    heard = await reader.read()
    writer.close()
    return heard


@pytest.fixture
def intake(monkeypatch):
    """Room for little, and all the time to fill it."""
    monkeypatch.setattr(request, "BODY_SECONDS_MAX", 30.0)
    monkeypatch.setattr(request, "_intake", little := Intake(1_000))
    return little


def test_a_body_that_finds_no_room_is_503_and_the_end_of_the_line_until_a_slow_one_has_gone(intake):
    async def run():
        async with door() as port:
            _, slow = await asyncio.open_connection("127.0.0.1", port)
            slow.write(posted(2_000) + b" " * 995)
            await held(intake, 995)
            refused = await answered(port, HEAD + b"\r\n" + BODY)
            bodiless = await answered(port, b"GET /api/v1/echo HTTP/1.1\r\nHost: here\r\n\r\n")
            slow.close()
            await held(intake, 0)
            return refused, bodiless, await answered(port, HEAD + b"\r\n" + BODY)

    refused, bodiless, taken = asyncio.run(run())
    head = refused.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 503 ")
    assert b"\r\nconnection: close" in head
    assert b"\r\nretry-after: 2" in head
    assert bodiless.startswith(b"HTTP/1.1 200 ")
    assert taken.startswith(b"HTTP/1.1 200 ")
    assert intake.bytes_held == 0


def test_a_body_holds_its_share_until_it_is_answered_or_given_up(intake, monkeypatch):
    async def run():
        async with door() as port:
            done = await answered(port, HEAD + b"\r\n" + BODY)
            after_done = intake.bytes_held
            broken = await answered(port, posted(7), b"{broken")
            after_broken = intake.bytes_held
            monkeypatch.setattr(request, "BODY_SECONDS_MAX", PATIENCE_SECONDS)
            late = await answered(port, HEAD + b"\r\n", BODY[:5])
            return [(done, after_done), (broken, after_broken), (late, intake.bytes_held)]

    heard = asyncio.run(run())
    assert [(answer[9:12], left) for answer, left in heard] == [(b"200", 0), (b"400", 0), (b"408", 0)]


def test_what_announces_much_and_sends_nothing_shuts_nobody_out(intake):
    async def run():
        async with door() as port:
            lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for _, writer in lines:
                writer.write(posted(900) + b"{")
            await held(intake, 5)
            heard = await answered(port, HEAD + b"\r\n" + BODY)
            for _, writer in lines:
                writer.close()
            await held(intake, 0)
            return heard

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200 ")
