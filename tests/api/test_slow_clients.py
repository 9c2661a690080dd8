"""Clients that take their time, over real sockets: what does not arrive in time is given up, and the line closed."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest
from granian.constants import Interfaces

from tests.api.test_http import ROUTES, Age
from whimbrel import embedded_server
from whimbrel.api import request
from whimbrel.api.http import Api
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
