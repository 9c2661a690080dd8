"""Mastodon.py listens by server-sent events, on threads of its own, while others post over the API.

Its `stream_*` calls with `run_async`; `stream_list` has nothing to listen to here, as there are no lists.
"""

import pytest
from mastodon.errors import MastodonNetworkError

from tests.streaming_clients.listening import HEARD_SECONDS, Ear, said
from tests.support.serving import eventually


@pytest.fixture
def listening(handles):
    """Opens Mastodon.py's streams of a kind. It comes back at once: what was cut off is not waited for.

    A stream is left open to the end of its server: closing it waits for the server's next sign of life, because a
    thread is reading from it.
    """

    def listen(stream, *arguments, **options):
        ear = Ear()
        handle = stream(*arguments, ear, run_async=True, reconnect_async=True, reconnect_async_wait_sec=0.5, **options)
        handles.append(handle)
        eventually(
            lambda: handle.connection is not None and not handle.reconnecting, seconds=HEARD_SECONDS, what="it listens"
        )
        return ear.heard

    return listen


def test_the_streams_are_healthy(iris):
    assert iris.api.stream_healthy() is True


def test_a_home_tells_of_posts_edits_and_deletions_of_those_one_follows(iris, otto, listening):
    iris.api.account_follow(otto.api.me())
    heard = listening(iris.api.stream_user)
    post = otto.api.status_post("Over the marsh at dawn")
    told = heard.wait("update", said("at dawn"))
    assert (told.id, told.account.username) == (post.id, otto.name)
    otto.api.status_update(post, "Over the marsh at dusk")
    assert heard.wait("status.update", said("at dusk")).id == post.id
    otto.api.status_delete(post)
    assert str(heard.wait("delete")) == str(post.id)


def test_ones_own_posts_come_home_and_others_do_not(iris, otto, listening):
    heard = listening(iris.api.stream_user)
    otto.api.status_post("For nobody who listens")
    iris.api.status_post("Heard by oneself")
    heard.wait("update", said("by oneself"))
    assert [post.content for post in heard.named("update")] == ["<p>Heard by oneself</p>"]


def test_a_home_brings_what_is_for_followers_and_what_names_one(iris, otto, listening):
    iris.api.account_follow(otto.api.me())
    heard = listening(iris.api.stream_user)
    otto.api.status_post("Followers only", visibility="private")
    assert heard.wait("update", said("Followers only")).visibility == "private"
    otto.api.status_post(f"@{iris.name} a word in private", visibility="direct")
    assert heard.wait("notification").type == "mention"


@pytest.mark.parametrize("stream", ["stream_user", "stream_user_notifications"])
def test_notifications_come_as_they_are_made(iris, otto, stream, listening):
    post = iris.api.status_post("Something to like")
    heard = listening(getattr(iris.api, stream))
    otto.api.status_favourite(post)
    assert heard.wait("notification", lambda one: one.type == "favourite").status.id == post.id
    otto.api.status_reblog(post)
    heard.wait("notification", lambda one: one.type == "reblog")
    otto.api.account_follow(iris.api.me())
    assert heard.wait("notification", lambda one: one.type == "follow").account.username == otto.name
    otto.api.status_reply(post, "And so do I")
    assert said("so do I")(heard.wait("notification", lambda one: one.type == "mention").status)


def test_notifications_alone_bring_no_posts(iris, otto, listening):
    iris.api.account_follow(otto.api.me())
    heard = listening(iris.api.stream_user_notifications)
    otto.api.status_post("Not for this stream")
    otto.api.status_post(f"@{iris.name} but this is")
    heard.wait("notification")
    assert heard.named("update") == []


@pytest.mark.parametrize("stream", ["stream_public", "stream_local"])
def test_the_public_streams_bring_public_posts_and_no_others(iris, otto, stream, listening):
    heard = listening(getattr(iris.api, stream))
    otto.api.status_post("Quietly public", visibility="unlisted")
    otto.api.status_post("For followers", visibility="private")
    post = otto.api.status_post(f"For everybody {stream}")
    assert heard.wait("update", said(f"everybody {stream}")).id == post.id
    assert not any(map(said("Quietly"), heard.named("update")))
    assert not any(map(said("followers"), heard.named("update")))
    otto.api.status_delete(post)
    heard.wait("delete", lambda id_: str(id_) == str(post.id))


@pytest.mark.parametrize("local", [False, True])
def test_a_hashtag_is_heard_in_any_case_of_letters(iris, otto, local, listening):
    heard = listening(iris.api.stream_hashtag, "Māori", local=local)
    otto.api.status_post("Nothing of it")
    otto.api.status_post("A word of #māori")
    heard.wait("update", said("A word of"))
    assert len(heard.named("update")) == 1


def test_the_direct_stream_brings_what_is_between_a_few(iris, otto, listening):
    heard = listening(iris.api.stream_direct)
    otto.api.status_post("In public")
    otto.api.status_post(f"@{iris.name} between us", visibility="direct")
    eventually(lambda: heard.all, seconds=HEARD_SECONDS, what="something is heard")
    assert "between us" in str(heard.all[0].data)


def test_a_list_cannot_be_listened_to_and_the_refusal_says_so(iris):
    with pytest.raises(MastodonNetworkError, match="Not Found"):
        iris.api.stream_list(1, Ear())


def test_a_token_that_is_none_is_refused(newcomer):
    stranger = newcomer().api
    stranger.access_token = "nobody-has-this-token"
    with pytest.raises(MastodonNetworkError, match="Unauthorized"):
        stranger.stream_user(Ear())


def test_a_listener_comes_back_by_itself_when_the_streaming_process_was_killed(server, iris, otto, listening):
    iris.api.account_follow(otto.api.me())
    heard = listening(iris.api.stream_user)
    otto.api.status_post("Before")
    heard.wait("update", said("Before"))
    server.kill_child("streaming")
    eventually(
        lambda: otto.api.status_post("After") and any(map(said("After"), heard.named("update"))),
        seconds=HEARD_SECONDS,
        what="it hears again",
    )
