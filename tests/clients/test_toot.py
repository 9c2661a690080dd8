"""The command line client `toot` signs in and lives on the server for a while, as a person would use it.

It runs as its own process, through the recording proxy. It has had no command to register an account since version
0.48; signing up is driven through Mastodon.py.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.support.signing_in import allow

COMMAND = (sys.executable, "-m", "toot")
DEADLINE_SECONDS = 30


class Toot:
    """The client of one person, with a home of its own."""

    def __init__(self, server, proxy, home):
        self._server = server
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "XDG_CACHE_HOME": str(home),
            "HTTP_PROXY": proxy.url,
            "http_proxy": proxy.url,
            "NO_PROXY": "",
            "LANG": "C.UTF-8",
        }

    def log_in(self, person):
        """The flow without a browser: toot prints an address, somebody signs in there, toot is told the code."""
        with subprocess.Popen(
            [*COMMAND, "login", "--instance", self._server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        ) as process:
            said = iter(process.stdout.readline, "")
            address = next(line for line in said if line.startswith("http")).strip()
            rest, _ = process.communicate(f"n\n{allow(address, person)}\n", timeout=DEADLINE_SECONDS)
        assert process.returncode == 0, rest
        assert "Successfully logged in" in rest

    def __call__(self, *words, code=0, sent=None):
        """Run one command to its end; returns what it printed."""
        done = subprocess.run(
            [*COMMAND, *words],
            input=sent,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert done.returncode == code, f"toot {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *words):
        """Run one command; returns the JSON that it printed."""
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def toot(server, proxy, person, tmp_path_factory):
    """A person's client, signed in."""
    client = Toot(server, proxy, tmp_path_factory.mktemp("home"))
    client.log_in(person)
    return client


def test_toot_knows_who_it_is_and_where(toot, person, server):
    assert f"@{person.name}" in toot("whoami")
    assert server.url.removeprefix("http://") in toot("instance")
    assert person.name in toot("auth")
    assert toot.json("whois", f"@{person.name}")["username"] == person.name
    toot("diag", "--server")


def test_toot_posts_reads_and_deletes(toot, iris):
    post = toot.json("post", "Good morning #dawn", "--visibility", "public", "--language", "en")
    iris.status_reply(iris.status(post["id"]), "Good morning to you")
    assert "Good morning #dawn" in toot("status", post["id"])
    assert "Good morning to you" in toot("thread", post["id"])
    assert "Good morning #dawn" in toot("timeline", "--once")
    assert "Good morning #dawn" in toot("timeline", "--once", "--public", "--local")
    assert "Good morning #dawn" in toot("timeline", "--once", "--tag", "dawn")
    assert "Good morning #dawn" in toot("timelines", "home", "--no-pager", "--no-clear")
    second = toot.json("post", "And a second one", "--reply-last", "--spoiler-text", "more")
    assert second["in_reply_to_id"] == post["id"]
    assert second["spoiler_text"] == "more"
    toot("delete", post["id"])
    assert "Record not found" in toot("status", post["id"], code=1)


def test_toot_does_what_people_do_with_posts(toot, iris, person):
    post = iris.toot("Something to like")
    for verb, flag in (("favourite", "favourited"), ("reblog", "reblogged"), ("bookmark", "bookmarked")):
        toot(verb, post.id)
        assert toot.json("status", post.id)[flag] is True
    assert person.name in toot("reblogged-by", post.id)
    assert "Something to like" in toot("bookmarks", "--once")
    for verb in ("unfavourite", "unreblog", "unbookmark"):
        toot(verb, post.id)
    own = toot.json("post", "On top")
    toot("pin", own["id"])
    toot("unpin", own["id"])


def test_toot_follows_mutes_and_blocks(toot, iris, person):
    name = iris.me().username
    toot("follow", name)
    assert name in toot("following", person.name)
    iris.toot("For those who follow me")
    assert "For those who follow me" in toot("timeline", "--once")
    toot("mute", name)
    assert name in toot("muted")
    toot("unmute", name)
    toot("block", name)
    assert name in toot("blocked")
    toot("unblock", name)
    toot("unfollow", name)
    assert name not in toot("following", person.name)


def test_toot_is_told_what_happened(toot, iris, person):
    iris.account_follow(iris.account_lookup(person.name))
    iris.toot(f"@{person.name} look here")
    told = toot("notifications")
    assert "look here" in told
    assert "now follows you" in told
    assert "look here" in toot("notifications", "--type", "mention")
    toot("notifications", "--clear")
    assert toot.json("notifications") == []


def test_toot_finds_people_and_hashtags(toot, iris):
    name = iris.me().username
    iris.toot("Over the marsh #harriers")
    assert name in toot("search", name)
    assert "harriers" in toot("search", "harriers", "--type", "hashtags").lower()


def test_toot_follows_hashtags(toot, iris):
    iris.toot("Hovering #kestrels")
    toot("tags", "follow", "kestrels")
    assert "kestrels" in toot("tags", "followed")
    toot("tags", "info", "kestrels")
    toot("tags", "unfollow", "kestrels")
    assert "kestrels" not in toot("tags", "followed")


def test_toot_changes_the_profile_and_answers_requests(toot, iris, person):
    changed = toot.json("update-account", "--display-name", "A wren", "--locked")
    assert (changed["display_name"], changed["locked"]) == ("A wren", True)
    iris.account_follow(iris.account_lookup(person.name))
    name = iris.me().username
    assert name in toot("follow-requests", "list")
    toot("follow-requests", "accept", name)
    assert iris.account_relationships(iris.account_lookup(person.name))[0].following is True
    toot("update-account", "--no-locked")


def test_toot_says_what_nobody_has_here(toot):
    assert "no lists" in toot("lists", "list").lower()
    assert "This server has no lists" in toot("lists", "create", "Birds", code=1)
    assert "takes text only" in toot("upload", __file__, code=1)
