"""npm `masto`, which the web clients are made with, listens over one WebSocket with many subscriptions."""

import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.streaming_clients.listening import HEARD_SECONDS, Heard, Told, said
from tests.support.serving import eventually

NODE = Path(__file__).parent / "node"
LEAVE_SECONDS = 10


class Masto:
    """One process of Node with one client in it; `heard` has a list for each subscription."""

    def __init__(self, process):
        self._process = process
        self.heard = {}

    def subscribe(self, name, stream, **params):
        """Listen to a stream under a name."""
        self.heard[name] = Heard()
        self._say({"name": name, "stream": stream, "params": params or None})
        return self.heard[name]

    def end(self, name):
        """Listen under this name no more."""
        self._say({"end": name})

    def keep(self):
        """Note what it prints until it ends."""
        for line in self._process.stdout:
            told = json.loads(line)
            self.heard[told["name"]].add(
                Told(told.get("event", "error"), told.get("payload", told), told.get("stream"))
            )

    def _say(self, command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()


@contextmanager
def masto(streaming_url, token):
    """npm masto for somebody, for as long as the block runs."""
    assert (NODE / "node_modules" / "masto").is_dir(), "npm masto is not installed: bin/check streaming_clients does it"
    node = shutil.which("node")
    assert node, "this suite needs node on the path"
    command = [node, "listen.mjs", streaming_url, token]
    environment = {"PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command, cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        client = Masto(process)
        reading = threading.Thread(target=client.keep)
        reading.start()
        try:
            yield client
        finally:
            process.stdin.close()
            process.wait(LEAVE_SECONDS)
            reading.join()


@pytest.fixture
def client(streaming_url, iris):
    """masto for iris."""
    with masto(streaming_url, iris.token) as one:
        yield one


def until_heard(heard, post, text):
    """Post until a subscription is heard to work; subscribing is not acknowledged. Hashtags stand at the text's end."""
    words = text.partition(" #")[0]
    return eventually(
        lambda: post(text) and next((one for one in heard.named("update") if said(words)(one)), None),
        seconds=HEARD_SECONDS,
        what=f"{text} is heard; so far {[told.name for told in heard.all]}",
    )


def test_a_home_tells_of_posts_edits_deletions_and_notifications(client, iris, otto):
    iris.api.account_follow(otto.api.me())
    home = client.subscribe("home", "user")
    until_heard(home, otto.api.status_post, "Is anybody there?")
    post = otto.api.status_post("Curlews in the fog")
    told = home.wait("update", said("Curlews"))
    assert (told["id"], told["account"]["username"]) == (str(post.id), otto.name)
    assert home.all[0].stream == ["user"]
    otto.api.status_update(post, "Whimbrels in the fog")
    assert home.wait("status.update", said("Whimbrels"))["id"] == str(post.id)
    otto.api.status_post(f"@{iris.name} did you see?")
    assert home.wait("notification")["type"] == "mention"
    otto.api.status_delete(post)
    assert home.wait("delete", lambda id_: id_ == str(post.id))


def test_one_socket_listens_to_public_local_and_hashtags_at_once(client, otto):
    public = client.subscribe("public", "public")
    local = client.subscribe("local", "public:local")
    tag = client.subscribe("tag", "hashtag", tag="curlews")
    other = client.subscribe("other", "hashtag:local", tag="herons")
    for heard, text in ((public, "one"), (local, "two"), (tag, "three #curlews"), (other, "four #herons")):
        until_heard(heard, otto.api.status_post, text)
    assert public.wait("update", said("four"))
    assert local.wait("update", said("four"))
    assert not any(map(said("four"), tag.named("update")))
    assert tag.all[0].stream == ["hashtag", "curlews"]
    assert other.all[0].stream == ["hashtag:local", "herons"]


def test_what_one_unsubscribes_from_is_heard_no_more_and_the_rest_is(client, otto):
    gulls = client.subscribe("gulls", "hashtag", tag="gulls")
    terns = client.subscribe("terns", "hashtag", tag="terns")
    until_heard(gulls, otto.api.status_post, "first #gulls")
    until_heard(terns, otto.api.status_post, "first #terns")
    client.end("gulls")
    until_heard(terns, otto.api.status_post, "second #terns")
    otto.api.status_post("third #gulls")
    until_heard(terns, otto.api.status_post, "fourth #terns")
    assert not any(map(said("third"), gulls.named("update")))


def test_notifications_alone_bring_no_posts(client, iris, otto):
    told = client.subscribe("told", "user:notification")
    post = iris.api.status_post("Something to like")
    eventually(
        lambda: (otto.api.status_unfavourite(post), otto.api.status_favourite(post)) and told.named("notification"),
        seconds=HEARD_SECONDS,
        what="a notification is heard",
    )
    assert told.named("notification")[0]["type"] == "favourite"
    assert told.named("update") == []


def test_a_socket_comes_back_by_itself_with_its_subscriptions_when_the_process_was_killed(server, client, otto):
    public = client.subscribe("public", "public")
    until_heard(public, otto.api.status_post, "before the kill")
    server.kill_child("streaming")
    until_heard(public, otto.api.status_post, "after the kill")
