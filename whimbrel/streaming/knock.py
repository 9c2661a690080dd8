"""A connection before it is a stream: one request head, within a deadline, and the answer to it."""

import asyncio
import binascii
from base64 import b64decode
from typing import Protocol

from whimbrel.kernel.errors import BadRequest, NotFound, TooLarge, TooSlow, WhimbrelError
from whimbrel.kernel.limits import STREAM_HEAD_BYTES_MAX, STREAM_MESSAGE_BYTES_MAX
from whimbrel.streaming import answers
from whimbrel.streaming.heads import END, Head, parse_head
from whimbrel.streaming.names import ROOT, asked_by_path
from whimbrel.streaming.sockets import transport_of

_KEY_BYTES = 16


class HeadTooLong(WhimbrelError):
    """The head of the request is over its limit."""

    code = "head_too_long"
    status = 431


class WrongVersion(WhimbrelError):
    """The WebSocket is of a version that is not spoken here."""

    code = "wrong_version"
    status = 426


class Desk(Protocol):
    """What takes a request further (server.Streams)."""

    def knocked(self, knock: "Knock") -> bool:
        """A connection has come; False when there is no place for it."""
        ...

    def opened(self, knock: "Knock", head: Head) -> None:
        """Make a stream of it, or refuse it."""
        ...

    def left(self, knock: "Knock") -> None:
        """It is gone, or a stream now."""
        ...

    def refused(self, status: int) -> None:
        """It became no stream."""
        ...


class Knock(asyncio.Protocol):
    """One connection until its request was answered. `early` is what a WebSocket's client sent before our answer."""

    __slots__ = ("_bodiless", "_buffer", "_desk", "early", "opening", "place", "task", "transport")

    transport: asyncio.Transport

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._buffer = bytearray()
        self._bodiless = False
        self.opening = False
        self.early = b""
        self.place = 0
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: somebody has connected."""
        self.transport = transport_of(transport)
        if not self._desk.knocked(self):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """asyncio: a piece of the head; or what comes too early, of which a little is kept."""
        if self.opening:
            self.early += data
            if len(self.early) > STREAM_MESSAGE_BYTES_MAX:
                self._refuse_haste()
            return
        before = max(0, len(self._buffer) - len(END) + 1)
        self._buffer += data
        end = self._buffer.find(END, before)
        if end < 0 and len(self._buffer) <= STREAM_HEAD_BYTES_MAX:
            return
        self._read(end)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """asyncio: it is gone before it was a stream."""
        if self.task is not None:
            self.task.cancel()
        self._desk.left(self)

    def refuse(self, error: WhimbrelError) -> None:
        """Say why not, and close."""
        self._desk.refused(error.status)
        self._answer(answers.refusal(error, bodiless=self._bodiless))

    def late(self) -> None:
        """The deadline has come before the head."""
        if not self.opening:
            self.refuse(TooSlow("The request did not arrive in time"))

    def _refuse_haste(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.refuse(TooLarge(f"Wait for the answer before you send more than {STREAM_MESSAGE_BYTES_MAX} bytes"))

    def _read(self, end: int) -> None:
        try:
            if end < 0 or end > STREAM_HEAD_BYTES_MAX:
                raise HeadTooLong(f"The head of a request has at most {STREAM_HEAD_BYTES_MAX} bytes")
            head = parse_head(bytes(self._buffer[:end]))
            self._bodiless = head.method == "HEAD"
            self.opening, self.early = True, bytes(self._buffer[end + len(END) :])
            self._buffer = bytearray()
            self._route(head)
        except WhimbrelError as error:
            self.opening = True
            self.refuse(error)

    def _route(self, head: Head) -> None:
        if head.path == f"{ROOT}/health":
            self._answer(answers.healthy(bodiless=self._bodiless))
        elif head.path != ROOT and not head.path.startswith(f"{ROOT}/"):
            raise NotFound("There is nothing but streams here")
        elif head.method == "OPTIONS":
            self._answer(answers.preflight(head))
        else:
            self._desk.opened(self, head)

    def _answer(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def is_upgrade(head: Head) -> bool:
    """Whether the request asks for a WebSocket."""
    return head.has_word("connection", "upgrade") and head.has_word("upgrade", "websocket")


def check_upgrade(head: Head) -> str:
    """The key of a WebSocket's handshake. Raises BadRequest or WrongVersion. RFC 6455, 4.2."""
    if head.method != "GET":
        raise BadRequest("A WebSocket begins with GET")
    if head.headers.get("sec-websocket-version") != "13":
        raise WrongVersion("Sec-WebSocket-Version must be 13")
    key = head.headers.get("sec-websocket-key", "")
    try:
        if len(b64decode(key, validate=True)) == _KEY_BYTES:
            return key
    except (binascii.Error, ValueError) as error:
        raise BadRequest("Sec-WebSocket-Key cannot be read") from error
    raise BadRequest("Sec-WebSocket-Key must be sixteen bytes in base64")


def kind_asked(head: Head, *, upgrade: bool) -> str | None:
    """The kind of stream that a request asks for: by its path, a WebSocket also by its query.

    Raises BadRequest and NotFound.
    """
    if upgrade and head.query.get("stream"):
        return head.query["stream"]
    kind = asked_by_path(head.path, head.query)
    if kind is None and not (upgrade and head.path == ROOT):
        if head.path == ROOT:
            raise BadRequest("Unknown channel requested")
        raise NotFound("There is no such stream")
    return kind
