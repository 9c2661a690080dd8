"""What is heard on streams: what a reload shows, in Mastodon's shapes, over both ways of listening."""

import json

import pytest
from websockets.sync.client import connect

from tests.support.serving import eventually


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


def test_direct_posts_are_heard_by_those_named_and_by_nobody_else(streaming, ada_bob_cleo):
    ada, bob, cleo = ada_bob_cleo
    cleo.follow(bob)
    hers, others = streaming.web_socket(ada.token), streaming.event_source("user", cleo.token)
    for stream in ("direct", "user"):
        hers.subscribe(stream)
    post = bob.post(f"@{ada.name} between us", visibility="direct")
    hers.await_heard("notification")
    assert [(one.stream, one.event) for one in hers.heard] == [(["direct"], "update"), (["user"], "notification")]
    bob.delete(post)
    hers.await_heard("delete", times=2)
    after = bob.post("For all")
    others.await_heard("update", about(after))
    assert post["id"] not in str(others.heard)
    hers.close()
    others.close()


def test_hashtags_edits_and_deletions_reach_those_who_heard_the_post(streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    reader = streaming.web_socket(ada.token)
    reader.subscribe("hashtag", tag="Rock")
    reader.subscribe("hashtag:local", tag="rock")
    reader.subscribe("public")
    post = bob.post("On the #rock")
    reader.await_heard("update", about(post), times=3)
    bob.edit(post, "Off the #rock")
    reader.await_heard("status.update", about(post), times=3)
    bob.delete(post)
    reader.await_heard("delete", lambda payload: str(payload) == post["id"], times=3)
    names = {tuple(one.stream) for one in reader.heard}
    assert names == {("hashtag", "Rock"), ("hashtag:local", "rock"), ("public",)}
    reader.say(type="unsubscribe", stream="hashtag", tag="ROCK")
    reader.subscribe("public:local")
    bob.post("Again the #rock")
    reader.await_heard("update", times=6)
    assert [one.stream[0] for one in reader.heard].count("hashtag") == 3
    reader.close()


def test_a_token_without_the_scope_for_notifications_hears_posts_only(server, streaming, ada_bob_cleo):
    ada, bob, _ = ada_bob_cleo
    ada.follow(bob)
    narrow = server.command("account", "token", ada.name, "--scopes", "read:statuses").strip()
    reader = streaming.event_source("user", narrow)
    post = bob.post(f"@{ada.name} hello")
    after = bob.post("And more")
    reader.await_heard("update", about(after))
    assert reader.events() == [("update", post["id"]), ("update", after["id"])]
    refused = streaming.event_source("user/notification", narrow)
    assert refused.status == 401
    reader.close()
    refused.close()


def test_the_token_may_come_as_a_subprotocol_and_is_said_back(streaming, ada_bob_cleo):
    ada, *_ = ada_bob_cleo
    with connect(
        f"ws://127.0.0.1:{streaming.port}/api/v1/streaming/?stream=user", subprotocols=[ada.token], proxy=None
    ) as socket:
        assert socket.subprotocol == ada.token


def test_an_expired_mute_hides_nothing_and_a_standing_one_does(streaming, ada_bob_cleo):
    ada, bob, cleo = ada_bob_cleo
    for other in (bob, cleo):
        ada.follow(other)
    ada.mute(bob, duration=1)
    ada.mute(cleo)
    reader = streaming.event_source("user", ada.token)

    def heard_again():
        cleo.post("Never")
        post = bob.post("Already?")
        return any(one.payload["id"] == post["id"] for one in list(reader.heard))

    eventually(heard_again, seconds=15, what="the mute has expired")
    assert {one.payload["account"]["id"] for one in reader.heard} == {bob.id}
    reader.close()
