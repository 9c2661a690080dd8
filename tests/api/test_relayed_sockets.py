"""WebSockets through the main port: a real client, the real HTTP server, and a far end of the test's own."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.relaying import far_sockets, relaying, until
from whimbrel.api import unfinished
from whimbrel.kernel.limits import STREAM_MESSAGE_BYTES_MAX, UNFINISHED_BYTES_MAX

PATH = "/api/v1/streaming"

pytestmark = pytest.mark.anyio


async def echo(socket):
    """Says everything back, and ends as it is told to."""
    async for text in socket:
        if text == "end":
            await socket.close(4001, "so it ends")
        elif text == "vanish":
            socket.transport.abort()
        else:
            await socket.send(text)


async def closing_of(socket):
    """How a WebSocket was ended from the other side: code and reason."""
    with pytest.raises(ConnectionClosed) as ended:
        await asyncio.wait_for(socket.recv(), 10)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


async def test_messages_pass_both_ways_whole_and_in_order(tmp_path):
    long = "a wing ¬ " * 20_000
    async with relaying(tmp_path) as place, far_sockets(place.far, echo), connect(place.url + PATH) as socket:
        for number in range(50):
            await socket.send(str(number))
        assert [await socket.recv() for _ in range(50)] == [str(number) for number in range(50)]
        await socket.send(b"\x00bytes")
        assert await socket.recv() == b"\x00bytes"

    async def tell(far):
        await far.send(long)
        await far.send([long[:10], long[10:]])

    async with relaying(tmp_path) as place, far_sockets(place.far, tell), connect(place.url + PATH) as socket:
        assert [await socket.recv(), await socket.recv()] == [long, long]


async def test_what_the_client_asked_for_reaches_the_far_side_as_it_was(tmp_path):
    heads = []

    async def keep(far):
        heads.append((far.request.path, far.request.headers))

    address = f"{PATH}/?stream=hashtag&tag=m%C4%81ori"
    async with relaying(tmp_path) as place, far_sockets(place.far, keep):
        options = {"subprotocols": ["a-token"], "user_agent_header": "an app", "compression": "deflate"}
        async with connect(place.url + address, **options) as socket:
            assert socket.subprotocol == "a-token"
        path, headers = heads[0]
        assert path == address.replace("/?", "?")
        assert headers["User-Agent"] == "an app"
        assert headers["X-Forwarded-For"] == "127.0.0.1"
        assert "Sec-WebSocket-Extensions" not in headers


@pytest.mark.parametrize(("trusted", "address"), [((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9")])
async def test_the_address_of_a_client_is_believed_from_a_trusted_proxy_only(tmp_path, trusted, address):
    heads = []

    async def keep(far):
        heads.append(far.request.headers.get_all("X-Forwarded-For"))

    async with relaying(tmp_path, trusted=trusted) as place, far_sockets(place.far, keep):
        async with connect(place.url + PATH, additional_headers={"X-Forwarded-For": "203.0.113.9"}):
            pass
        assert heads == [[address]]


async def test_the_far_sides_close_code_and_reason_reach_the_client(tmp_path):
    async with relaying(tmp_path) as place, far_sockets(place.far, echo), connect(place.url + PATH) as socket:
        await socket.send("end")
        assert await closing_of(socket) == (4001, "so it ends")
        await until(lambda: place.relay.relayed == 0, "the place is free again")


async def test_the_clients_close_code_reaches_the_far_side(tmp_path):
    codes = []

    async def watch(far):
        await far.wait_closed()
        codes.append(far.close_code)

    async with relaying(tmp_path) as place, far_sockets(place.far, watch):
        async with connect(place.url + PATH) as socket:
            await socket.close(4002, "enough")
        assert await until(lambda: codes, "the far side has heard of it") == [4002]


async def test_a_client_that_vanishes_ends_the_far_side(tmp_path):
    ended = []

    async def watch(far):
        await far.wait_closed()
        ended.append(far.close_code)

    async with relaying(tmp_path) as place, far_sockets(place.far, watch):
        socket = await connect(place.url + PATH)
        socket.transport.abort()
        await until(lambda: ended and place.relay.relayed == 0, "the far side has heard of it")


async def test_a_streaming_process_that_dies_tells_its_clients_to_come_back(tmp_path):
    async with relaying(tmp_path) as place, far_sockets(place.far, echo), connect(place.url + PATH) as socket:
        await socket.send("vanish")
        code, reason = await closing_of(socket)
        assert code == 1012
        assert json.loads(reason)["retry_ms"] >= 100


async def test_a_process_that_ends_tells_its_clients_to_come_back_and_takes_no_more(tmp_path):
    async with relaying(tmp_path) as place, far_sockets(place.far, echo):
        sockets = [await connect(place.url + PATH) for _ in range(3)]
        await place.relay.close()
        assert [(await closing_of(socket))[0] for socket in sockets] == [1012] * 3
        assert place.relay.relayed == 0
        with pytest.raises(InvalidStatus) as refused:
            await connect(place.url + PATH)
        assert refused.value.response.status_code == 503


async def test_pings_of_either_side_are_answered(tmp_path):
    answered = []

    async def ping(far):
        await (await far.ping())
        answered.append("far")
        await far.wait_closed()

    async with relaying(tmp_path) as place, far_sockets(place.far, ping), connect(place.url + PATH) as socket:
        await asyncio.wait_for(await socket.ping(), 10)
        assert await until(lambda: answered, "the far side's ping is answered") == ["far"]


async def test_a_message_larger_than_any_command_ends_the_stream_with_words(tmp_path):
    async with relaying(tmp_path) as place, far_sockets(place.far, echo), connect(place.url + PATH) as socket:
        await socket.send("x" * (STREAM_MESSAGE_BYTES_MAX + 1))
        code, reason = await closing_of(socket)
        assert code == 1009
        assert str(STREAM_MESSAGE_BYTES_MAX) in reason


async def test_a_refusal_of_the_far_side_is_answered_as_it_came(tmp_path):
    def refuse(far, _):
        answer = far.respond(401, '{"error":"Invalid access token"}')
        answer.headers["X-Told"] = "as it was"
        return answer

    async with relaying(tmp_path) as place, far_sockets(place.far, echo, process_request=refuse):
        with pytest.raises(InvalidStatus) as refused:
            await connect(place.url + PATH)
        answer = refused.value.response
        assert (answer.status_code, answer.body) == (401, b'{"error":"Invalid access token"}')
        assert answer.headers["X-Told"] == "as it was"


async def test_streams_beyond_the_limit_are_sent_to_the_direct_port(tmp_path):
    async with relaying(tmp_path, relayed_max=2) as place, far_sockets(place.far, echo):
        first, second = await connect(place.url + PATH), await connect(place.url + PATH)
        with pytest.raises(InvalidStatus) as refused:
            await connect(place.url + PATH)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert b"ws://127.0.0.1:4000" in answer.body
        await first.close()
        await until(lambda: place.relay.relayed == 1, "its place is free")
        async with connect(place.url + PATH) as third:
            await third.send("in")
            assert await third.recv() == "in"
        await second.close()


async def test_a_streaming_process_that_is_away_is_a_503_with_a_time_to_retry(tmp_path):
    async with relaying(tmp_path) as place:
        with pytest.raises(InvalidStatus) as refused:
            await connect(place.url + PATH)
        answer = refused.value.response
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert b'"error":"Streams are away' in answer.body


@pytest.mark.parametrize("path", ["/", "/api/v1/timelines/home", "/api/v1/streamings", "/nowhere"])
async def test_nothing_else_becomes_a_websocket(tmp_path, path):
    async with relaying(tmp_path) as place, far_sockets(place.far, echo):
        with pytest.raises(InvalidStatus) as refused:
            await connect(place.url + path)
        assert refused.value.response.status_code == 404


async def test_a_message_that_never_ends_filled_the_memory_and_now_ends_its_connection(tmp_path, monkeypatch):
    monkeypatch.setattr(unfinished, "UNFINISHED_LOOK_SECONDS", 0.02)

    async def unending():
        for _ in range(2 * UNFINISHED_BYTES_MAX // 16_384):
            yield "x" * 16_384
        await asyncio.Event().wait()

    async with relaying(tmp_path) as place, far_sockets(place.far, echo):
        async with connect(place.url + PATH) as quiet, connect(place.url + PATH) as talking:
            endlessly = asyncio.create_task(talking.send(unending()))
            await asyncio.wait_for(talking.wait_closed(), 10)
            endlessly.cancel()
            await asyncio.wait((endlessly,))
            await quiet.send("still here")
            assert await quiet.recv() == "still here"
        await until(lambda: place.relay.relayed == 0, "both have left")


async def test_many_messages_that_end_are_more_than_one_may_be_and_pass(tmp_path, monkeypatch):
    monkeypatch.setattr(unfinished, "UNFINISHED_LOOK_SECONDS", 0.02)
    text = "x" * STREAM_MESSAGE_BYTES_MAX
    async with relaying(tmp_path) as place, far_sockets(place.far, echo), connect(place.url + PATH) as socket:
        for _ in range(3 * UNFINISHED_BYTES_MAX // len(text)):
            await socket.send(text)
            assert await socket.recv() == text
