"""The small parts: positions, names, the index, the wheel, the shapes, looks made together, and a half-open socket."""

import asyncio
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from whimbrel.kernel.errors import BadRequest, NotFound, StoreUnavailable
from whimbrel.kernel.events import Event
from whimbrel.kernel.ids import ID_MAX
from whimbrel.streaming.admission import Guest
from whimbrel.streaming.counts import Counts
from whimbrel.streaming.heads import parse_head
from whimbrel.streaming.incoming import Incoming, Refused
from whimbrel.streaming.index import Index
from whimbrel.streaming.memory import Lately
from whimbrel.streaming.names import KINDS, StreamName, asked_by_path, name_of
from whimbrel.streaming.positions import NOTIFICATION, POST, WHOLE, parse_position, position_of, shown_position
from whimbrel.streaming.shapes import Shape
from whimbrel.streaming.sockets import WebSocket, restart_hint
from whimbrel.streaming.together import Together
from whimbrel.streaming.wheel import Wheel


@given(st.integers(1, ID_MAX), st.sampled_from([POST, NOTIFICATION, WHOLE]))
def test_a_position_is_read_as_it_was_written_and_keeps_the_order(event_id, part):
    position = position_of(event_id, part)
    assert parse_position(shown_position(position)) == position
    assert position_of(event_id, POST) <= position <= position_of(event_id) < position_of(event_id + 1, POST)
    assert parse_position(str(event_id)) == position_of(event_id)


def test_every_kind_of_stream_has_its_name_and_the_others_have_none():
    for kind in KINDS:
        if kind == "list":
            with pytest.raises(NotFound):
                name_of(kind, list_id="1")
        else:
            assert name_of(kind, tag="Tide").kind == kind
    assert name_of("hashtag", tag="#ÄRA") == StreamName("hashtag", "#ÄRA", "ära")
    for kind in (None, "", "users", "hashtag"):
        with pytest.raises(BadRequest):
            name_of(kind)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/streaming/user", "user"),
        ("/api/v1/streaming/user/notification/", "user:notification"),
        ("/api/v1/streaming/public?only_media=true", "public:media"),
        ("/api/v1/streaming/public/local?only_media=1", "public:local:media"),
        ("/api/v1/streaming/public/remote", "public:remote"),
        ("/api/v1/streaming/hashtag/local?tag=x", "hashtag:local"),
        ("/api/v1/streaming/direct", "direct"),
        ("/api/v1/streaming/list?list=1", "list"),
        ("/api/v1/streaming/else", None),
    ],
)
def test_a_path_names_a_stream_with_or_without_a_slash_at_its_end(path, kind):
    head = parse_head(f"GET {path} HTTP/1.1\r\nHost: x".encode())
    assert asked_by_path(head.path, head.query) == kind


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 3))))
def test_an_index_holds_what_a_plain_dictionary_of_sets_would(steps):
    index, plain = Index(), {}
    for adds, key, member in steps:
        (index.add if adds else index.discard)(key, member)
        members = plain.setdefault(key, set())
        (members.add if adds else members.discard)(member)
        assert sorted(index.members(key)) == sorted(members)
        assert index.count(key) == len(members)
    assert set(index.keys()) == {key for key, members in plain.items() if members}


def test_nobody_on_the_wheel_is_visited_before_a_whole_turn():
    wheel = Wheel(3)
    wheel.put("a")
    assert [wheel.turn() for _ in range(4)] == [[], [], [], ["a"]]
    place = wheel.put("b")
    assert [sorted(wheel.turn()) for _ in range(4)] == [[], [], [], ["a", "b"]]
    wheel.take("b", place)
    assert len(wheel) == 1


@given(st.text(max_size=70_000))
def test_a_message_is_framed_so_that_a_client_reads_it(text):
    shape = Shape("update", json.dumps({"content": text}).encode(), position_of(7, POST))
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(shape.frame(StreamName("hashtag", "x", "x")))
    whole = "".join(event.data for event in client.events() if isinstance(event, TextMessage))
    message = json.loads(whole)
    assert message["stream"] == ["hashtag", "x"]
    assert (message["event"], message["id"]) == ("update", "7-0")
    assert json.loads(message["payload"]) == {"content": text}
    assert shape.event_source().count(b"\n") == 4
    assert shape.frame(StreamName("user")) is shape.frame(StreamName("user"))


@given(st.lists(st.text(max_size=60), max_size=5), st.integers(1, 50), st.integers(1, 20))
def test_what_a_client_says_is_heard_however_it_is_cut(texts, piece_bytes, fragment_characters):
    client = Connection(ConnectionType.CLIENT)
    sent = b""
    for text in texts:
        parts = [text[i : i + fragment_characters] for i in range(0, len(text), fragment_characters)] or [""]
        for number, part in enumerate(parts):
            sent += client.send(TextMessage(data=part, message_finished=number == len(parts) - 1))
    incoming, heard = Incoming(), []
    for start in range(0, len(sent), piece_bytes):
        heard += [said.text for said in incoming.feed(sent[start : start + piece_bytes])]
    assert heard == texts
    assert incoming.idle


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_waits_and_never_piles_up(data):
    incoming, code = Incoming(), None
    try:
        for _ in incoming.feed(data):
            pass
    except Refused as refused:
        code = refused.code
    assert code in (None, 1002, 1003, 1007, 1009)


def test_what_is_asked_while_a_look_is_under_way_is_asked_together():
    asked = []

    async def many(keys):
        asked.append(sorted(keys))
        await asyncio.sleep(0)
        if "bad" in keys:
            raise StoreUnavailable("away")
        return {key: key * 2 for key in keys if key != "none"}

    async def ask():
        together = Together(many)
        first = asyncio.ensure_future(together.one("a"))
        await asyncio.sleep(0)
        rest = [asyncio.ensure_future(together.one(key)) for key in ("b", "c", "b", "none")]
        answers = await asyncio.gather(first, *rest)
        with pytest.raises(StoreUnavailable):
            await together.one("bad")
        return answers

    assert asyncio.run(ask()) == ["aa", "bb", "cc", "bb", None]
    assert asked == [["a"], ["b", "c", "none"], ["bad"]]


def test_what_was_taken_in_lately_is_known_from_any_event_on_and_not_beyond_a_gap():
    lately = Lately(Event(n, 10 * n, n, "X", 0, 0, None) for n in range(5, 9))
    assert [event.sequence for event in lately.since(60)] == [6, 7, 8]
    assert [event.sequence for event in lately.since(61)] == [7, 8]
    assert lately.since(40) is None
    lately.add(Event(11, 110, 11, "X", 0, 0, None))
    assert lately.since(60) is None


def test_hints_to_come_back_are_spread_over_as_long_as_it_takes():
    hints = [restart_hint(10_000, 1_000) for _ in range(500)]
    assert min(hints) >= 100
    assert max(hints) <= 10_100
    assert len(set(hints)) > 400


class Keeping:
    """What a socket reports to."""

    def __init__(self):
        self.counts, self.position, self.left = Counts(), 0, asyncio.Event()

    def await_end(self, _socket):
        """Nobody visits here but the test."""

    def gone(self, _socket):
        """It has ended."""
        self.left.set()


def test_a_socket_whose_other_end_has_fallen_silent_is_ended_at_the_second_visit():
    async def visit_twice():
        ours, theirs = socket.socketpair()
        keeping = Keeping()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=ours)
        web_socket = WebSocket(keeping, transport, Guest(), None)
        transport.set_protocol(web_socket)
        web_socket.visit()
        assert theirs.recv(10) == b"\x89\x00"
        web_socket.data_received(b"\x8a\x80\1\2\3\4")
        web_socket.visit()
        assert theirs.recv(10) == b"\x89\x00"
        web_socket.visit()
        await asyncio.wait_for(keeping.left.wait(), 20)
        theirs.close()
        return keeping.counts.ended

    assert asyncio.run(visit_twice()) == {"silent": 1}
