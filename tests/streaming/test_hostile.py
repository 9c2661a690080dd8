"""What is sent by those who mean no good: each gets a clear answer, and everybody else goes on."""

import asyncio
import base64
import json
import os
import resource
import socket
import ssl
import struct

import pytest
import trustme

from tests.streaming.beside import streaming_beside
from tests.support.serving import eventually
from whimbrel.engines.sockets import address_of
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.kernel.limits import (
    STREAM_CONNECTIONS_PER_ADDRESS_MAX,
    STREAM_HEAD_BYTES_MAX,
    STREAM_MESSAGE_BYTES_MAX,
    STREAM_SUBSCRIPTIONS_MAX,
)
from whimbrel.streaming.answers import refusal
from whimbrel.streaming.knock import Knock

HANDSHAKE = (
    "GET /api/v1/streaming HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


def answer(streaming, data):
    """What a connection answers to these bytes, until it closes."""
    with streaming.line() as line:
        line.sendall(data)
        said = b""
        while piece := line.recv(65_536):
            said += piece
    return said


def request(path, *headers, method="GET"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def frame(opcode, payload, *, fin=True, masked=True, length=None):
    """A client's frame, as right or wrong as wanted."""
    mask = os.urandom(4)
    length = len(payload) if length is None else length
    if length < 126:
        size = bytes([length])
    else:
        size = b"\x7e" + struct.pack("!H", length) if length < 65_536 else b"\x7f" + struct.pack("!Q", length)
    size = bytes([size[0] | (0x80 if masked else 0)]) + size[1:]
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
    return bytes([(0x80 if fin else 0) | opcode]) + size + (mask if masked else b"") + body


def closed_with(streaming, *frames):
    """The code with which a WebSocket is closed that was sent these frames."""
    with streaming.line() as line:
        line.sendall(HANDSHAKE.format(key=base64.b64encode(os.urandom(16)).decode()).encode())
        said = line.recv(65_536)
        assert said.startswith(b"HTTP/1.1 101 ")
        line.sendall(b"".join(frames))
        taken = said.partition(b"\r\n\r\n")[2]
        while piece := line.recv(65_536):
            taken += piece
    at = taken.rindex(b"\x88")
    return struct.unpack("!H", taken[at + 2 : at + 4])[0]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /api/v1/streaming/public HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET /api/v1/streaming/public HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET /api/v1/streaming/public HTTP/9.9\r\n\r\n", 400),
        (request("/api/v1/streaming/public", method="POST"), 405),
        (request("/api/v1/streaming/public", method="DELETE"), 405),
        (request("/api/v1/streaming/nothing"), 404),
        (request("/"), 404),
        (request("/api/v1/streaming"), 400),
        (request("/api/v1/streaming/hashtag"), 400),
        (request("/api/v1/streaming/user"), 401),
        (request("/api/v1/streaming/user", "Authorization: Bearer nonsense"), 401),
        (request("/api/v1/streaming/public?access_token=nonsense"), 401),
        (request("/api/v1/streaming/public?since=%00"), 400),
        (request("/api/v1/streaming/public?" + "&".join(["a=b"] * 2_000)), 400),
        (request("/api/v1/streaming/public", "Cookie: " + "x" * STREAM_HEAD_BYTES_MAX), 431),
        (b"GET /" + b"x" * (STREAM_HEAD_BYTES_MAX + 1), 431),
    ],
)
def test_a_request_that_cannot_be_is_told_why(streaming, data, status):
    said = answer(streaming, data)
    head, _, body = said.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert json.loads(body)["error"]
    assert b"access-control-allow-origin: *" in head.lower()


def test_a_list_that_nobody_has_is_not_found(streaming, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    said = answer(streaming, request("/api/v1/streaming/list?list=1", f"Authorization: Bearer {ada.token}"))
    assert said.startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"), 426),
        (("Sec-WebSocket-Key: {key}", "Sec-WebSocket-Key: short"), 400),
        (("Sec-WebSocket-Key: {key}", "X: y"), 400),
        (("GET /api/v1/streaming ", "GET /api/v1/streaming?stream=nonsense "), 400),
        (("GET /api/v1/streaming ", "GET /api/v1/streaming?stream=user "), 401),
    ],
)
def test_a_handshake_that_cannot_be_is_refused(streaming, wrong, status):
    said = answer(streaming, HANDSHAKE.replace(*wrong).format(key="A" * 22 + "==").encode())
    assert int(said.split()[1]) == status


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([frame(1, b"{}", masked=False)], 1002),
        ([frame(1, b"\xff\xfe")], 1007),
        ([frame(2, b"binary")], 1003),
        ([frame(3, b"")], 1002),
        ([frame(9, b"x" * 126)], 1002),
        ([frame(9, b"x", fin=False)], 1002),
        ([frame(0, b"lost")], 1002),
        ([frame(1, b"", length=1 << 40)], 1009),
        ([frame(1, b"x" * (STREAM_MESSAGE_BYTES_MAX + 1))], 1009),
        ([frame(1, b"x", fin=False), *[frame(0, b"", fin=False)] * 5_000], 1009),
        ([frame(1, b"x" * 4_000, fin=False), frame(0, b"x" * 4_000)], 1009),
        ([frame(8, b"\x03")], 1002),
        ([frame(8, struct.pack("!H", 1000))], 1000),
    ],
)
def test_frames_that_cannot_be_end_the_socket_with_the_code_that_says_why(streaming, frames, code):
    assert closed_with(streaming, *frames) == code


def test_what_is_no_message_is_answered_and_the_socket_goes_on(streaming, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    reader = streaming.web_socket(ada.token)
    for text in ("", "[]", "{", "1", '{"type": "sing"}', '{"type": "subscribe"}', "[" * 4_000):
        reader.socket.send(text)
    reader.say(type="subscribe", stream="nonsense")
    reader.say(type="subscribe", stream="list", list="1")
    reader.say(type="subscribe", stream="hashtag", tag="x" * 2_000)
    reader.say(type="unsubscribe", stream="public")
    reader.subscribe("public")
    post = ada.post("Still there")
    reader.await_heard("update", lambda payload: payload["id"] == post["id"])
    assert [one["status"] for one in reader.errors] == [400] * 8 + [404, 400]
    reader.close()


def test_a_socket_listens_to_so_many_streams_and_no_more(streaming, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    reader = streaming.web_socket(ada.token)
    for number in range(STREAM_SUBSCRIPTIONS_MAX):
        reader.subscribe("hashtag", tag=f"many{number}")
    reader.say(type="subscribe", stream="hashtag", tag="onemore")
    reader.subscribe_fails()
    assert reader.errors[0]["status"] == 429
    reader.close()


@pytest.fixture
def many_files():
    """More open files than a process gets unasked."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 4 * STREAM_CONNECTIONS_PER_ADDRESS_MAX), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
def test_from_one_address_so_many_streams_are_opened_and_no_more(server):
    def call(address):
        line = beside.line()
        line.sendall(request("/api/v1/streaming/public", "X-Forwarded-For: 192.0.2.66", f"X-Forwarded-For: {address}"))
        return line, line.recv(4_096)

    with streaming_beside(server, name="crowd", trusted_proxies="127.0.0.1") as beside:
        crowd = [call("192.0.2.1") for _ in range(STREAM_CONNECTIONS_PER_ADDRESS_MAX)]
        assert {said[:15] for _, said in crowd} == {b"HTTP/1.1 200 OK"}
        refused, said = call("192.0.2.1")
        assert said.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nretry-after: 60\r\n" in said.lower()
        other, said = call("192.0.2.2")
        assert said.startswith(b"HTTP/1.1 200 ")
        for line in (refused, other, *(line for line, _ in crowd)):
            line.close()

        def served_again():
            line, said = call("192.0.2.1")
            line.close()
            return said.startswith(b"HTTP/1.1 200 ")

        eventually(served_again, seconds=15, what="who has left makes room")


def test_a_ping_is_answered_in_pieces_and_between_fragments(streaming):
    with streaming.line() as line:
        line.sendall(HANDSHAKE.format(key=base64.b64encode(os.urandom(16)).decode()).encode())
        assert line.recv(65_536).startswith(b"HTTP/1.1 101 ")
        message = json.dumps({"type": "subscribe", "stream": "public", "since": "now"}).encode()
        data = frame(1, message[:9], fin=False) + frame(9, b"are you there") + frame(0, message[9:])
        for byte in data:
            line.sendall(bytes([byte]))
        said = b""
        while b"position" not in said:
            said += line.recv(65_536)
        assert b"\x8a\x0dare you there" in said


def test_health_and_preflight_need_no_token(streaming):
    said = answer(streaming, request("/api/v1/streaming/health"))
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"\r\n\r\nOK")
    assert answer(streaming, request("/api/v1/streaming/health/", method="HEAD")).endswith(b"\r\n\r\n")
    said = answer(
        streaming,
        request(
            "/api/v1/streaming/user",
            "Origin: http://elsewhere.example",
            "Access-Control-Request-Headers: authorization",
            method="OPTIONS",
        ),
    )
    assert said.startswith(b"HTTP/1.1 204 ")
    assert b"Access-Control-Allow-Headers: authorization" in said


def test_head_was_answered_with_the_beginning_of_a_stream(streaming):
    head, _, body = answer(streaming, request("/api/v1/streaming/public", method="HEAD")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"text/event-stream" in head
    assert body == b""


def test_with_a_certificate_the_port_speaks_tls_and_the_socket_of_the_relay_does_not(server, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    files = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    with streaming_beside(server, name="streaming-tls", **files) as streaming:
        with streaming.line() as plain, context.wrap_socket(plain, server_hostname="localhost") as line:
            line.sendall(request("/api/v1/streaming/health"))
            assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with socket.socket(socket.AF_UNIX) as beside:
            beside.connect(address_of(server.data / "run" / "streaming.sock"))
            beside.sendall(request("/api/v1/streaming/health"))
            assert beside.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_store_that_is_away_is_told_with_the_time_to_come_back():
    said = refusal(StoreUnavailable("The server is slow to answer right now."))
    assert said.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 2\r\n" in said


def test_an_address_instead_of_a_path_was_refused_though_proxies_may_write_it(streaming):
    assert answer(streaming, request("http://x.example/api/v1/streaming/health")).startswith(b"HTTP/1.1 200 ")
    assert answer(streaming, request("https://x.example")).startswith(b"HTTP/1.1 400 ")


class Wire(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.said, self.closed = b"", False

    def write(self, data):
        self.said += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed


class Slow:
    """A desk at which a request takes its time."""

    def knocked(self, _knock):
        return True

    def opened(self, knock, _head):
        knock.task = asyncio.create_task(asyncio.Event().wait())

    def left(self, knock):
        """It is gone."""

    def refused(self, status):
        """It became no stream."""


def test_who_sends_much_before_the_answer_was_cut_off_without_a_word():
    async def hasten():
        knock, wire = Knock(Slow()), Wire()
        knock.connection_made(wire)
        knock.data_received(HANDSHAKE.format(key="").encode())
        knock.data_received(b"x" * STREAM_MESSAGE_BYTES_MAX)
        assert (wire.said, wire.closed) == (b"", False)
        knock.data_received(b"x")
        await asyncio.wait((knock.task,))
        assert knock.task.cancelled()
        return wire

    wire = asyncio.run(hasten())
    assert wire.said.startswith(b"HTTP/1.1 413 ")
    assert b"Wait for the answer" in wire.said
    assert wire.closed
