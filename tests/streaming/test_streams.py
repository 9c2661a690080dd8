"""What is heard on streams: what a reload shows, in Mastodon's shapes, over both ways of listening."""

import json

import pytest


def about(post):
    return lambda payload: payload == post["id"] if isinstance(payload, str) else payload["id"] == post["id"]


def test_a_post_by_somebody_followed_is_heard_as_the_reload_shows_it(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    reader = streaming.event_source("user", ada.token)
    post = bob.post("The tide is out")
    heard = reader.await_heard("update", about(post))
    assert heard.payload == ada.home()[0]
    reader.close()


def test_a_websocket_names_the_stream_and_gives_the_payload_as_text(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    reader = streaming.web_socket(ada.token, stream="user", since="now")
    post = bob.post("The tide is in")
    heard = reader.await_heard("update", about(post))
    assert heard.stream == ["user"]
    assert heard.payload == ada.home()[0]
    reader.close()


@pytest.mark.parametrize("path", ["public", "public/local"])
def test_a_public_post_is_heard_by_anybody(streaming, ada_bob_cleo, path):
    ada, *_ = ada_bob_cleo
    reader = streaming.event_source(path)
    post = ada.post("Hear, hear")
    heard = reader.await_heard("update", about(post))
    assert "favourited" not in heard.payload
    reader.close()
    assert json.dumps(heard.payload)
