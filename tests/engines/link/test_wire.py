"""Frames: whatever the socket's pieces, the messages are the same; nonsense ends the connection."""

import pytest

from whimbrel.engines.journal.wire import (
    TO_CLIENT,
    TO_CORE,
    Answer,
    Answers,
    Append,
    Committed,
    Failed,
    Find,
    Follow,
    Following,
    Found,
    FrameReader,
    Leaving,
    Left,
    StoreAt,
    frame,
)
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Appended, Claim, Draft, Group, Record, Refused, Stamp, Taken
from whimbrel.kernel.limits import FRAME_BYTES_MAX

STAMP = Stamp(7, 2**62, 9, 1_600_000_000_000)
GROUP = Group((Draft("Said", 1, b"\x00payload", 5, (Claim("k", b"d", 3),), ("r",), True),), ("a",), ("b",))
RECORD = Record(7, 2**62, 9, "Said", 1, 1_600_000_000_000, b"payload", b"chain")
TO_THE_CORE = [Append(1, GROUP), Find(2, ("a", "b")), Follow(7, b"chain"), Left()]
TO_A_CLIENT = [
    Answers(9, (Answer(1, Appended((STAMP, None))), Answer(2, Taken("k", STAMP, b"d")), Answer(3, Refused("r", True)))),
    Found(4, {"a": STAMP}),
    Failed(5, True, "away"),
    Committed((RECORD, RECORD)),
    Following(9, False),
    StoreAt(8),
    Leaving(),
]


@pytest.mark.parametrize(("messages", "decoder"), [(TO_THE_CORE, TO_CORE), (TO_A_CLIENT, TO_CLIENT)])
@pytest.mark.parametrize("piece", [1, 3, 64, 100_000])
def test_messages_come_out_as_they_went_in_however_the_socket_cuts_them(messages, decoder, piece):
    reader = FrameReader(decoder)
    sent = b"".join(map(frame, messages))
    received = [one for start in range(0, len(sent), piece) for one in reader.feed(sent[start : start + piece])]
    assert received == messages


def test_a_record_stays_a_record_on_the_wire():
    (message,) = FrameReader(TO_CLIENT).feed(frame(Committed((RECORD,))))
    assert type(message.records[0]) is Record


def test_a_frame_above_the_limit_is_refused_before_it_is_read():
    with pytest.raises(Corrupt, match="above the limit"):
        FrameReader(TO_CORE).feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))


@pytest.mark.parametrize("decoder", [TO_CORE, TO_CLIENT])
@pytest.mark.parametrize("body", [b"\x93\x63\x01\x02", b"\x91\x63"])
def test_a_message_of_a_type_that_only_a_neighbouring_version_knows_is_passed_over(decoder, body):
    reader = FrameReader(decoder)
    known = Find(2, ("a",)) if decoder is TO_CORE else StoreAt(8)
    assert reader.feed(len(body).to_bytes(4, "big") + body + frame(known)) == [known]


@pytest.mark.parametrize("body", [b"\xc1", b"\x93\x00\x01\x02", b"\x91\xa1x", b"\x90", b"{}", b""])
def test_a_frame_that_is_no_message_is_refused(body):
    with pytest.raises(Corrupt, match="cannot be read"):
        FrameReader(TO_CORE).feed(len(body).to_bytes(4, "big") + body)
