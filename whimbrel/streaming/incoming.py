"""What a WebSocket's client sends: bytes in, whole texts and control frames out. The framing is wsproto's.

A parser costs 1 KB, and an idle client sends nothing but pongs. So the six bytes of an empty pong need none; and bytes
are handed to the parser frame by frame (a frame tells its length at its beginning), so that it is known when nothing
is pending and the parser can be let go, and a frame over the limit is refused before it is taken in.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from wsproto.frame_protocol import CloseReason, Frame, FrameProtocol, Opcode, ParseFailed

from whimbrel.kernel.limits import STREAM_MESSAGE_BYTES_MAX

_EMPTY_PONG: Final = b"\x8a\x80"
_EMPTY_PONG_BYTES: Final = 6
_FRAGMENTS_MAX: Final = 64
_EXTENDED_BYTES: Final = {126: 2, 127: 8}
_MASK_BIT: Final = 0x80
_MASK_BYTES: Final = 4


class Refused(Exception):
    """The client broke the protocol or a limit; the connection ends with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Said(NamedTuple):
    """A whole text, or a control frame: `kind` is text, ping, pong or close."""

    kind: str
    text: str = ""
    payload: bytes = b""


def is_empty_pong(data: bytes) -> bool:
    """Whether these bytes are one whole pong without payload, as nearly every client answers our pings."""
    return len(data) == _EMPTY_PONG_BYTES and data.startswith(_EMPTY_PONG)


class Incoming:
    """The parser of one socket while something is pending. Never holds more than a message's limit."""

    def __init__(self) -> None:
        self._frames = FrameProtocol(client=False, extensions=[])
        self._buffer = bytearray()
        self._text: list[str] = []
        self._text_bytes = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is pending, so that this may be let go."""
        return not self._buffer and not self._text

    def feed(self, data: bytes) -> Iterator[Said]:
        """What became whole with these bytes. Raises Refused."""
        self._buffer += data
        while (size := frame_bytes(self._buffer)) is not None and len(self._buffer) >= size:
            self._frames.receive_bytes(bytes(self._buffer[:size]))
            del self._buffer[:size]
            try:
                frames = list(self._frames.received_frames())
            except ParseFailed as error:
                raise Refused(error.code, str(error)) from error
            for frame in frames:
                yield from self._said(frame, size)

    def _said(self, frame: Frame, size: int) -> Iterator[Said]:
        payload = frame.payload
        if frame.opcode is Opcode.TEXT:
            yield from self._piece(str(payload), size, finished=frame.message_finished)
        elif frame.opcode is Opcode.BINARY:
            raise Refused(CloseReason.UNSUPPORTED_DATA, "Only texts are understood here")
        elif frame.opcode is Opcode.PING:
            yield Said("ping", payload=payload if isinstance(payload, bytes) else b"")
        elif frame.opcode is Opcode.PONG:
            yield Said("pong")
        else:
            yield Said("close")

    def _piece(self, text: str, size: int, *, finished: bool) -> Iterator[Said]:
        self._text.append(text)
        self._text_bytes += size
        if self._text_bytes > STREAM_MESSAGE_BYTES_MAX or len(self._text) > _FRAGMENTS_MAX:
            raise _too_big()
        if finished:
            whole, self._text, self._text_bytes = "".join(self._text), [], 0
            yield Said("text", whole)


def frame_bytes(data: bytearray) -> int | None:
    """How long the frame is that begins here, in bytes; None while too little of it has come to tell.

    Raises Refused for one over the limit. RFC 6455, 5.2.
    """
    if len(data) < 2:
        return None
    length = data[1] & ~_MASK_BIT
    extended = _EXTENDED_BYTES.get(length, 0)
    if len(data) < 2 + extended:
        return None
    if extended:
        length = int.from_bytes(data[2 : 2 + extended])
    if length > STREAM_MESSAGE_BYTES_MAX:
        raise _too_big()
    return 2 + extended + (_MASK_BYTES if data[1] & _MASK_BIT else 0) + length


def _too_big() -> Refused:
    return Refused(CloseReason.MESSAGE_TOO_BIG, f"A message has at most {STREAM_MESSAGE_BYTES_MAX} bytes")
