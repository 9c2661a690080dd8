"""Event streams through the main port: bytes on a real connection, and a far end of the test's own."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.support.relaying import far_lines, relaying, until

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Kind: stream\r\nConnection: close\r\n\r\n"
CHUNKS = EVENTS.replace(b"Connection: close", b"Transfer-Encoding: chunked")
PATH = "/api/v1/streaming/user"

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def asking(place, path=PATH, *, method="GET", headers=b""):
    """One request; the reader and the writer of its connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: birds\r\n".encode() + headers + b"\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()


async def head_of(reader):
    """The head of an answer: status and headers in lower case."""
    first, *lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode().split("\r\n")
    fields = [line.partition(":") for line in lines if line]
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in fields}


async def answer_of(place, path=PATH, **asked):
    """A whole answer with a length: status, headers, body."""
    async with asking(place, path, **asked) as (reader, _):
        status, headers = await head_of(reader)
        length = 0 if asked.get("method") == "HEAD" else int(headers.get("content-length", "0"))
        return status, headers, await asyncio.wait_for(reader.readexactly(length), 10)


@pytest.mark.parametrize("chunked", [True, False])
async def test_each_event_arrives_when_it_is_sent(tmp_path, chunked):
    go_on = asyncio.Semaphore(0)
    lines = [b"event: update\ndata: %d\n\n" % number for number in range(5)]

    async def talk(_, __, writer):
        writer.write(CHUNKS if chunked else EVENTS)
        for line in lines:
            writer.write(b"%x\r\n%s\r\n" % (len(line), line) if chunked else line)
            await go_on.acquire()
        writer.write(b"0\r\n\r\n" if chunked else b"")

    async with relaying(tmp_path) as place, far_lines(place.far, talk), asking(place) as (reader, _):
        status, headers = await head_of(reader)
        assert (status, headers["content-type"], headers["x-kind"]) == (200, "text/event-stream", "stream")
        for line in lines:
            await asyncio.wait_for(reader.readuntil(line), 10)
            go_on.release()
        assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
        await until(lambda: place.relay.relayed == 0, "the place is free again")


async def test_path_query_and_headers_reach_the_far_side_and_hops_do_not(tmp_path):
    heads = []

    async def talk(head, _, writer):
        heads.append(head.split(b"\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    sent = b"Authorization: Bearer t\r\nLast-Event-ID: 7\r\nKeep-Alive: 5\r\nX-Real-IP: 203.0.113.9\r\nTE: trailers\r\n"
    async with relaying(tmp_path) as place, far_lines(place.far, talk):
        assert (await answer_of(place, "/api/v1/streaming/hashtag/?tag=a%20b", headers=sent))[2] == b"OK"
        assert heads == [
            [
                b"GET /api/v1/streaming/hashtag?tag=a%20b HTTP/1.1",
                b"host: birds",
                b"authorization: Bearer t",
                b"last-event-id: 7",
                b"x-forwarded-for: 127.0.0.1",
                b"connection: close",
                b"",
                b"",
            ]
        ]


async def test_a_client_that_leaves_ends_the_far_side_at_once(tmp_path):
    left = asyncio.Event()

    async def talk(_, reader, writer):
        writer.write(EVENTS + b":)\n\n")
        assert await reader.read() == b""
        left.set()

    async with relaying(tmp_path) as place, far_lines(place.far, talk):
        async with asking(place) as (reader, _):
            await asyncio.wait_for(reader.readuntil(b":)\n\n"), 10)
        await asyncio.wait_for(left.wait(), 10)
        await until(lambda: place.relay.relayed == 0, "the place is free again")


async def test_a_stream_ends_when_this_process_is_to_end(tmp_path):
    async def talk(_, reader, writer):
        writer.write(CHUNKS)
        await reader.read()

    async with relaying(tmp_path) as place, far_lines(place.far, talk), asking(place) as (reader, _):
        await head_of(reader)
        await place.relay.close()
        assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
        assert (await answer_of(place))[0] == 503


async def test_a_client_that_takes_nothing_in_is_left_and_holds_a_bounded_number_of_bytes(tmp_path):
    written = 0

    async def talk(_, __, writer):
        nonlocal written
        writer.write(EVENTS)
        while True:
            writer.write(b":" * 65_536)
            await writer.drain()
            written += 65_536

    async with relaying(tmp_path, send_seconds=0.5) as place, far_lines(place.far, talk):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port, limit=1_024)
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: birds\r\n\r\n".encode())
        await until(lambda: written, "the stream has begun")
        await until(lambda: place.relay.relayed == 0, "it is left")
        assert written < 32 * 1024 * 1024  # what the kernel's own buffers of two connections hold at most
        writer.transport.abort()
        assert reader is not None


async def test_answers_that_are_no_streams_pass_whole(tmp_path):
    async def talk(head, _, writer):
        if head.startswith(b"OPTIONS"):
            writer.write(b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n\r\n")
        elif head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n")
        elif b"health" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK")
        else:
            writer.write(b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 32\r\n\r\n{"error":"Missing access token"}')

    async with relaying(tmp_path) as place, far_lines(place.far, talk):
        assert (await answer_of(place, "/api/v1/streaming/health"))[::2] == (200, b"OK")
        assert (await answer_of(place))[::2] == (401, b'{"error":"Missing access token"}')
        assert (await answer_of(place, method="HEAD"))[0] == 200
        status, headers, _ = await answer_of(place, method="OPTIONS")
        assert (status, headers["access-control-allow-origin"]) == (204, "*")


async def test_other_methods_are_refused_here(tmp_path):
    async with relaying(tmp_path) as place:
        status, headers, body = await answer_of(place, method="POST", headers=b"Content-Length: 0\r\n")
        assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert b"error" in body


async def test_a_streaming_process_that_is_away_or_mute_is_a_503_that_scripts_can_read(tmp_path):
    async def mute(_, reader, __):
        await reader.read()

    async def garble(_, __, writer):
        writer.write(b"what?\r\n\r\n")

    async with relaying(tmp_path, open_seconds=0.2) as place:
        assert (await answer_of(place))[0] == 503
        for talk in (mute, garble):
            async with far_lines(place.far, talk):
                status, headers, body = await answer_of(place)
                assert (status, headers["retry-after"]) == (503, "1")
                assert headers["access-control-allow-origin"] == "*"
                assert body.startswith(b'{"error":"Streams are away')
            place.far.unlink(missing_ok=True)
        assert place.relay.relayed == 0


async def test_an_answer_that_never_ends_but_is_no_stream_is_not_gathered(tmp_path):
    async def talk(_, __, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with relaying(tmp_path) as place, far_lines(place.far, talk):
        assert (await answer_of(place))[0] == 503
