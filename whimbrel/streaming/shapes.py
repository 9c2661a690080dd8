"""One message in each shape that is sent of it, every shape made once: the very same bytes go to all who get it.

Frames from a server are not masked (RFC 6455, 5.1), so one frame serves every socket that listens to a stream under
the same name. Compression is declined: what it would save is told in docs/decisions/0008-streams.md.
"""

from typing import Final

import msgspec
from wsproto.frame_protocol import FrameProtocol

from whimbrel.streaming.names import StreamName
from whimbrel.streaming.positions import shown_position

_json = msgspec.json.Encoder().encode
_FRAMES: Final = FrameProtocol(client=False, extensions=[])

PING: Final = bytes(_FRAMES.ping())


class Shape:
    """A message: what happened (Mastodon's word), its payload as text, and where it stands in the order of all.

    `payload` is the text that the client finds under `payload` or `data`; it has no line break.
    """

    __slots__ = ("_event_source", "_frames", "_tail", "event", "payload", "position")

    def __init__(self, event: str, payload: bytes, position: int) -> None:
        self.event, self.payload, self.position = event, payload, position
        self._event_source: bytes | None = None
        self._frames: dict[StreamName, bytes] = {}
        self._tail: str | None = None

    def event_source(self) -> bytes:
        """As a server-sent event."""
        if self._event_source is None:
            self._event_source = b"event: %s\ndata: %s\nid: %s\n\n" % (
                self.event.encode(),
                self.payload,
                shown_position(self.position).encode(),
            )
        return self._event_source

    def frame(self, name: StreamName) -> bytes:
        """As the frame of a WebSocket, under the name of the stream."""
        found = self._frames.get(name)
        if found is None:
            found = self._frames[name] = text_frame(f'{{"stream":{_stream(name)},{self._rest()}')
        return found

    def _rest(self) -> str:
        if self._tail is None:
            payload = _json(self.payload.decode()).decode()
            self._tail = f'"event":"{self.event}","payload":{payload},"id":"{shown_position(self.position)}"}}'
        return self._tail


def text_frame(text: str) -> bytes:
    """One whole text message of a server."""
    return bytes(_FRAMES.send_data(text))


def error_frame(public: str, status: int) -> bytes:
    """What a WebSocket is told that asked for what cannot be."""
    return text_frame(_json({"error": public, "status": status}).decode())


def position_frame(name: StreamName, position: int) -> bytes:
    """How far a stream has come, for sockets that resume: nothing before this needs to be asked for again."""
    return text_frame(f'{{"stream":{_stream(name)},"event":"position","id":"{shown_position(position)}"}}')


def close_frame(code: int, reason: str) -> bytes:
    """The last frame. A reason has at most 123 bytes."""
    return bytes(_FRAMES.close(code, reason))


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping."""
    return bytes(_FRAMES.pong(payload))


def _stream(name: StreamName) -> str:
    return _json([name.kind, name.shown] if name.shown else [name.kind]).decode()
