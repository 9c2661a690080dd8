"""A WebSocket as a browser opens it: where the token may stand, many streams on one, close codes; every payload is
held against Mastodon's own description.

| client | streams by | where |
|---|---|---|
| Mastodon.py | server-sent events | test_mastodon_py.py |
| npm masto (Elk, Phanpy and others are made with it) | one WebSocket, many subscriptions | test_masto.py |
| toot | nothing: version 0.52 has no streaming, neither as a command nor in its TUI | – |
| a browser's own WebSocket | one stream in the address, or many by messages | here |
"""

import json
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.streaming_clients.listening import parsed
from tests.support.openapi import assert_entity
from tests.support.serving import eventually

PATH = "/api/v1/streaming"
HEARD_SECONDS = 15.0
ENTITIES = {"update": "Status", "status.update": "Status", "notification": "Notification"}


@pytest.fixture
def opened(streaming_url):
    """Opens WebSockets; they are closed after the test."""
    with ExitStack() as sockets:

        def open_one(query="", **options):
            return sockets.enter_context(connect(f"{streaming_url}{PATH}{query}", proxy=None, **options))

        yield open_one


def heard(socket, name, fits=lambda _: True):
    """The next event of this name that fits; whatever comes before it is held against its description too."""
    while True:
        told = parsed(socket.recv(timeout=HEARD_SECONDS))
        if told.name in ENTITIES:
            assert_entity(ENTITIES[told.name], json.dumps(told.data))
        if told.name == name and fits(told.data):
            return told


def bearer(person):
    """A token where every client but a browser can put it."""
    return {"additional_headers": {"Authorization": f"Bearer {person.token}"}}


@pytest.mark.parametrize("place", ["header", "query", "subprotocol"])
def test_a_token_is_taken_from_each_of_its_places(opened, iris, place):
    query, options = "?stream=user", {}
    if place == "header":
        options = bearer(iris)
    elif place == "query":
        query += f"&access_token={iris.token}"
    else:
        options = {"subprotocols": [iris.token]}
    socket = opened(query, **options)
    assert socket.subprotocol == (iris.token if place == "subprotocol" else None)
    post = iris.api.status_post("Heard by whoever has the token")
    told = heard(socket, "update")
    assert (told.stream, told.data["id"]) == (["user"], str(post.id))


@pytest.mark.parametrize("query", ["?stream=user", "?stream=direct", "?stream=user:notification"])
def test_without_a_token_what_is_ones_own_is_refused(opened, query):
    with pytest.raises(InvalidStatus) as refused:
        opened(query)
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body)["error"]


def test_a_token_that_nobody_has_is_refused_wherever_it_stands(opened):
    for query, options in (
        ("?stream=user&access_token=nobody-has-this", {}),
        ("?stream=public", {"subprotocols": ["nobody-has-this"]}),
        ("?stream=user", {"additional_headers": {"Authorization": "Bearer nobody-has-this"}}),
    ):
        with pytest.raises(InvalidStatus) as refused:
            opened(query, **options)
        assert refused.value.response.status_code == 401


def test_a_stream_that_does_not_exist_is_refused_with_words(opened, iris):
    with pytest.raises(InvalidStatus) as refused:
        opened("?stream=weather", **bearer(iris))
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body) == {"error": "Unknown stream type"}


def test_what_arrives_is_as_described_from_post_to_deletion(opened, iris, otto):
    iris.api.account_follow(otto.api.me())
    socket = opened("?stream=user", **bearer(iris))
    post = otto.api.status_post(f"@{iris.name} a heron & #herons https://herons.example/a", spoiler_text="birds")
    assert heard(socket, "update", lambda one: one["id"] == str(post.id)).data["spoiler_text"] == "birds"
    otto.api.status_update(post, "No heron")
    assert "No heron" in heard(socket, "status.update").data["content"]
    own = iris.api.status_post("Something to like")
    otto.api.status_favourite(own)
    assert heard(socket, "notification", lambda one: one["type"] == "favourite").data["status"]["id"] == str(own.id)
    otto.api.status_delete(post)
    assert heard(socket, "delete").data == str(post.id)


def test_one_socket_listens_to_many_streams_and_each_event_names_its_own(opened, iris, otto):
    socket = opened(**bearer(iris))
    for stream in ({"stream": "user"}, {"stream": "public"}, {"stream": "hashtag", "tag": "Avocets"}):
        socket.send(json.dumps({"type": "subscribe", **stream}))
    said_by(otto, socket, "#avocets wading")
    streams = {tuple(one.stream) for one in _until(socket, otto, "#avocets again")}
    assert {("public",), ("hashtag", "Avocets")} <= streams
    assert ("user",) not in streams
    socket.send(json.dumps({"type": "unsubscribe", "stream": "public"}))
    eventually(
        lambda: {tuple(one.stream) for one in _until(socket, otto, "#avocets once more")} == {("hashtag", "Avocets")},
        seconds=HEARD_SECONDS,
        what="the public stream is heard no more",
    )


def said_by(person, socket, text):
    """Post until the socket hears it: subscribing is not acknowledged."""
    person.api.status_post(text)
    return heard(socket, "update")


def _until(socket, person, text):
    """What is heard of one post, and of whatever came before it: up to the same post by its last stream."""
    post = person.api.status_post(text)
    told = [heard(socket, "update", lambda one: one["id"] == str(post.id))]
    sentinel = person.api.status_post("#avocets, the last one")
    while (one := heard(socket, "update")).data["id"] != str(sentinel.id):
        if one.data["id"] == str(post.id):
            told.append(one)
    return told


def test_nonsense_is_answered_with_words_and_the_socket_lives_on(opened, iris):
    socket = opened(**bearer(iris))
    for text in ("no json", '{"type":"dance"}', '{"type":"subscribe","stream":"weather"}', '{"type":"subscribe"}'):
        socket.send(text)
        told = json.loads(socket.recv(timeout=HEARD_SECONDS))
        assert (told["status"], bool(told["error"])) == (400, True)
    socket.send(json.dumps({"type": "subscribe", "stream": "list", "list": "1"}))
    assert json.loads(socket.recv(timeout=HEARD_SECONDS))["status"] == 404
    socket.send(json.dumps({"type": "subscribe", "stream": "user"}))
    eventually(lambda: said_by(iris, socket, "Still here"), seconds=HEARD_SECONDS, what="it still listens")


def test_an_account_that_is_disabled_hears_no_more_and_is_told_why(server, opened, iris):
    socket = opened("?stream=user", **bearer(iris))
    server.command("account", "disable", iris.name)
    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(timeout=HEARD_SECONDS)
    assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (4001, "The access token is invalid")


def test_a_message_larger_than_any_command_ends_the_socket(opened, iris):
    socket = opened(**bearer(iris))
    socket.send("x" * 10_000)
    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(timeout=HEARD_SECONDS)
    assert ended.value.rcvd.code == 1009


def test_a_ping_is_answered(opened, iris):
    assert opened("?stream=user", **bearer(iris)).ping().wait(HEARD_SECONDS)
