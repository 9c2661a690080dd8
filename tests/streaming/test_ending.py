"""How streams end: what takes them away takes them away at once, and whoever is dropped is told why."""

import json
import socket

import pytest

from tests.streaming.beside import streaming_beside
from tests.support.serving import eventually

SOON_SECONDS = 15.0


def test_disabling_an_account_ends_its_open_streams_and_no_others(server, streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    hers, his = streaming.web_socket(ada.token, stream="user", since="now"), streaming.event_source("user", bob.token)
    also_hers = streaming.event_source("user", ada.token)
    server.command("account", "disable", ada.name)
    assert hers.ended.wait(SOON_SECONDS)
    assert also_hers.ended.wait(SOON_SECONDS)
    assert hers.code == 4001
    post = bob.post("Still here")
    his.await_heard("update", lambda payload: payload["id"] == post["id"])
    refused = streaming.event_source("user", ada.token)
    assert refused.status in (401, 403)
    for reader in (hers, his, also_hers, refused):
        reader.close()


def test_a_token_that_is_taken_back_ends_its_streams(server, streaming, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    token = server.command("account", "token", ada.name).strip()
    reader = streaming.web_socket(token, stream="user", since="now")
    kept = streaming.web_socket(ada.token, stream="user", since="now")
    ours = json.loads(server.command("account", "sessions", ada.name, "--json"))
    server.command("account", "sessions", ada.name, "--revoke", max((one["id"] for one in ours), key=int))
    assert reader.ended.wait(SOON_SECONDS)
    assert reader.code == 4001
    assert not kept.ended.is_set()
    reader.close()
    kept.close()


def test_a_block_takes_effect_on_open_streams_at_once(streaming, ada_bob_cleo):
    ada, bob, cleo = ada_bob_cleo
    reader = streaming.event_source("public", ada.token)
    bob.block(ada)
    bob.post("Not for her")
    post = cleo.post("For everybody")
    reader.await_heard("update", lambda payload: payload["id"] == post["id"])
    assert [one.payload["id"] for one in reader.heard] == [post["id"]]
    reader.close()


def test_a_reader_that_lags_is_dropped_with_the_reason_and_the_others_go_on(streaming, ada_bob_cleo):
    _, bob, _ = ada_bob_cleo
    stalled = streaming.line(receive_bytes=4_096)
    stalled.sendall(b"GET /api/v1/streaming/public HTTP/1.1\r\nHost: x\r\n\r\n")
    assert stalled.recv(15) == b"HTTP/1.1 200 OK"
    well = streaming.event_source("public")
    dropped = 'whimbrel_stream_ended_total{reason="slow"}'
    posts = []

    def post_until_dropped():
        posts.append(bob.post("😀" * 480)["id"])
        return streaming.metric(dropped) == 1

    eventually(post_until_dropped, seconds=60, what="the stalled reader is dropped")
    well.await_heard("update", lambda payload: payload["id"] == posts[-1])
    taken = b""
    while piece := stalled.recv(65_536):
        taken += piece
    assert taken.endswith(b":You were too slow to take what happened\n")
    stalled.close()
    well.close()


def test_a_stopping_process_tells_everybody_when_to_come_back(server, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    with streaming_beside(server, name="streaming-stopping") as streaming:
        source = streaming.event_source("user", ada.token)
        sockets = [streaming.web_socket(ada.token, stream="user", since="now") for _ in range(5)]
        assert streaming.stop() == 0
        assert source.ended.wait(SOON_SECONDS)
        assert int(source.retry) >= 100
        for one in sockets:
            assert one.ended.wait(SOON_SECONDS)
            assert one.code == 1012
            assert json.loads(one.reason)["retry_ms"] >= 100
        assert len({one.reason for one in sockets}) > 1
        for one in (source, *sockets):
            one.close()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_who_hangs_up_leaves_nothing_behind(streaming, ada_bob_cleo, how):
    ada, *_ = ada_bob_cleo
    reader = streaming.event_source("hashtag", ada.token, tag=f"left{how}")
    if how == "reset":
        reader._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    reader.close()
    eventually(
        lambda: streaming.metric('whimbrel_stream_subscriptions{stream="hashtag"}') == 0,
        seconds=SOON_SECONDS,
        what="nobody listens",
    )
