"""What the core and its clients say to each other over the Unix socket `run/core.sock`.

A frame is four bytes of length (big-endian) and a message in MessagePack. Both ends are of one version of this program
or, while one takes over from another, of neighbouring ones; so there is no negotiation, but a message of a type that
the reader does not know is passed over. A frame that is too long or cannot be decoded ends the connection.

The order on one connection is a promise: the records of a batch arrive before the answers to what was in the batch,
so a client that takes records in as they arrive has applied its own append by the time it learns of it.

How a core leaves without losing a request: it sends `Leaving`; the client sends nothing more but `Left`, and keeps
its next requests for the next core; the core answers what came before `Left`, then closes. Without it, a request that
was written to the socket and not yet read when the core ended was neither done nor refused: it was unknown.
"""

from typing import Final, Generic, TypeVar, get_args

import msgspec

from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Group, Outcome, Record, Stamp
from whimbrel.kernel.limits import FRAME_BYTES_MAX

LENGTH_BYTES: Final = 4


class Append(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=0):
    """To the core: append this group. Answered by `Answers` or `Failed`."""

    request_id: int
    group: Group


class Find(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """To the core: who holds these keys? Answered by `Found` or `Failed`."""

    request_id: int
    keys: tuple[str, ...]


class Follow(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """To the core: push every record from now on; I stand at `after`, whose chain hash is `chain` (empty: unknown).

    Answered by `Following`, before the first push.
    """

    after: int
    chain: bytes


class Left(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=3):
    """To the core: I have heard that you are leaving, and send nothing more on this connection."""


class Answer(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What became of one group."""

    request_id: int
    outcome: Outcome


class Answers(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=0):
    """To a client: outcomes of one batch, all decided against the journal as of `head`, which is durable."""

    head: int
    answers: tuple[Answer, ...]


class Found(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """To a client: for each key that is held, the stamp of the event that claimed it."""

    request_id: int
    stamps: dict[str, Stamp]


class Failed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """To a client: no outcome. With `unknown` the group may have been written all the same."""

    request_id: int
    unknown: bool
    text: str


class Committed(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=3):
    """To a follower: records that have just become durable, in order."""

    records: tuple[Record, ...]


class Following(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=4):
    """To a follower: the journal's head is `head`; up to it read the file, everything above will be pushed.

    Sent on `Follow`, and again when pushes were left out because the follower was too slow to take them. `same`
    is False when the journal does not hold what the follower has seen (another history): it must start afresh.
    """

    head: int
    same: bool


class StoreAt(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=5):
    """To a follower: the store has taken in everything up to `sequence`."""

    sequence: int


class Leaving(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=6):
    """To a client: send me nothing more but `Left`; what came before it is answered, then the connection ends."""


ToCore = Append | Find | Follow | Left
ToClient = Answers | Found | Failed | Committed | Following | StoreAt | Leaving
Message = TypeVar("Message")

_encode = msgspec.msgpack.Encoder().encode
TO_CORE: Final = msgspec.msgpack.Decoder(ToCore)
TO_CLIENT: Final = msgspec.msgpack.Decoder(ToClient)


def frame(message: ToCore | ToClient) -> bytes:
    """One message as it goes over the socket."""
    body = _encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class FrameReader(Generic[Message]):
    """Cuts what a socket delivers into messages; keeps an unfinished frame for the next delivery."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[Message]) -> None:
        self._decode = decoder.decode
        self._known = {kind.__struct_config__.tag for kind in get_args(decoder.type)}
        self._rest = bytearray()
        self._needed = LENGTH_BYTES

    def feed(self, delivered: bytes) -> list[Message]:
        """The messages that are complete with `delivered`. Raises Corrupt: the connection cannot go on."""
        self._rest += delivered
        if len(self._rest) < self._needed:
            return []
        messages: list[Message] = []
        start, buffered = 0, bytes(self._rest)
        while len(buffered) - start >= LENGTH_BYTES:
            length = int.from_bytes(buffered[start : start + LENGTH_BYTES], "big")
            if length > FRAME_BYTES_MAX:
                raise Corrupt(f"a frame of {length} bytes is above the limit of {FRAME_BYTES_MAX}")
            end = start + LENGTH_BYTES + length
            if end > len(buffered):
                break
            message = self._message(buffered[start + LENGTH_BYTES : end])
            if message is not None:
                messages.append(message)
            start = end
        self._rest = bytearray(buffered[start:])
        self._needed = self._length_needed()
        return messages

    def _message(self, body: bytes) -> Message | None:
        try:
            return self._decode(body)
        except msgspec.DecodeError as error:
            if self._is_of_another_version(body):
                return None
            raise Corrupt(f"a frame cannot be read: {error}") from error

    def _is_of_another_version(self, body: bytes) -> bool:
        try:
            fields = msgspec.msgpack.decode(body)
        except msgspec.DecodeError:
            return False
        return isinstance(fields, list) and bool(fields) and type(fields[0]) is int and fields[0] not in self._known

    def _length_needed(self) -> int:
        if len(self._rest) < LENGTH_BYTES:
            return LENGTH_BYTES
        return LENGTH_BYTES + int.from_bytes(self._rest[:LENGTH_BYTES], "big")
