"""Mastodon.py writes, reads, changes and deletes posts, and reads the timelines that they stand in."""

import pytest
from mastodon.errors import MastodonAPIError, MastodonNotFoundError


def ids(posts):
    return [post.id for post in posts]


def test_a_post_keeps_what_was_said_about_it(iris):
    post = iris.status_post(
        "Guten Tag", visibility="unlisted", spoiler_text="a greeting", sensitive=True, language="de"
    )
    read = iris.status(post)
    assert (read.content, read.visibility, read.spoiler_text) == ("<p>Guten Tag</p>", "unlisted", "a greeting")
    assert (read.sensitive, read.language, read.account.id) == (True, "de", iris.me().id)


def test_the_same_key_gives_the_same_post_and_refuses_another(iris):
    first = iris.status_post("Once", idempotency_key="a key")
    assert iris.status_post("Once", idempotency_key="a key").id == first.id
    assert iris.me().statuses_count == 1
    with pytest.raises(MastodonAPIError) as refused:
        iris.status_post("Something else", idempotency_key="a key")
    assert refused.value.args[1] == 422


def test_a_reply_names_everybody_and_stands_in_the_thread(iris, otto):
    post = iris.toot("What do whimbrels eat?")
    reply = otto.status_reply(post, "Crabs, mostly")
    assert reply.in_reply_to_id == post.id
    assert [mention.id for mention in reply.mentions] == [iris.me().id]
    assert ids(iris.status_context(post).descendants) == [reply.id]
    assert ids(iris.status_context(reply).ancestors) == [post.id]
    assert iris.status(post).replies_count == 1


def test_an_edit_is_kept_with_its_history_and_source(iris):
    post = iris.status_post("A frist try", spoiler_text="spelling")
    edited = iris.status_update(post, "A first try", spoiler_text="spelling")
    assert edited.edited_at is not None
    assert [each.content for each in iris.status_history(post)] == ["<p>A frist try</p>", "<p>A first try</p>"]
    source = iris.status_source(post)
    assert (source.text, source.spoiler_text) == ("A first try", "spelling")


def test_a_deleted_post_comes_back_once_as_it_was_typed(iris, otto):
    post = iris.toot("Away with *this*")
    assert iris.status_delete(post).text == "Away with *this*"
    for client in (iris, otto):
        with pytest.raises(MastodonNotFoundError):
            client.status(post)


def test_nobody_deletes_what_somebody_else_wrote(iris, otto):
    post = iris.toot("Mine")
    with pytest.raises(MastodonNotFoundError):
        otto.status_delete(post)
    assert iris.status(post).id == post.id


def test_several_posts_come_in_the_order_of_their_ids_asked_for(iris):
    posts = [iris.toot(f"Number {number}") for number in range(3)]
    assert ids(iris.statuses(posts[::-1])) == ids(posts[::-1])


def test_every_verb_on_a_post_has_its_opposite(iris, otto):
    post = iris.toot("Do with it what you like")
    for verb, flag in (("favourite", "favourited"), ("bookmark", "bookmarked"), ("mute", "muted")):
        assert getattr(otto, f"status_{verb}")(post)[flag] is True
        assert getattr(otto, f"status_un{verb}")(post)[flag] is False
    assert iris.status_pin(post).pinned is True
    assert ids(otto.account_statuses(iris.me(), pinned=True)) == [post.id]
    assert iris.status_unpin(post).pinned is False


def test_likes_and_bookmarks_are_lists_of_their_own(iris, otto):
    post = iris.toot("Worth keeping")
    otto.status_favourite(post)
    otto.status_bookmark(post)
    assert ids(otto.favourites()) == ids(otto.bookmarks()) == [post.id]
    assert [account.id for account in iris.status_favourited_by(post)] == [otto.me().id]
    otto.status_unfavourite(post)
    otto.status_unbookmark(post)
    assert ids(otto.favourites()) == ids(otto.bookmarks()) == []


def test_a_reblog_wraps_the_post_and_can_be_taken_back(iris, otto):
    post = iris.toot("Tell everybody")
    reblog = otto.status_reblog(post, visibility="public")
    assert reblog.reblog.id == post.id
    assert reblog.reblog.reblogs_count == 1
    assert [account.id for account in iris.status_reblogged_by(post)] == [otto.me().id]
    assert otto.status_unreblog(post).reblogged is False
    assert iris.status(post).reblogs_count == 0


def test_a_post_for_followers_is_not_there_for_others(iris, otto, anonymous):
    private = iris.status_post("Between us", visibility="private")
    direct = iris.status_post(f"Only you, @{otto.me().username}", visibility="direct")
    with pytest.raises(MastodonNotFoundError):
        otto.status(private)
    assert otto.status(direct).id == direct.id
    for post in (private, direct):
        with pytest.raises(MastodonNotFoundError):
            anonymous.status(post)


def test_a_post_stands_in_every_timeline_that_it_belongs_to(iris, otto, anonymous):
    otto.account_follow(iris.me())
    post = iris.toot("Seen on the shore #Waders")
    assert post.id in ids(otto.timeline_home())
    assert post.id in ids(otto.timeline("home"))
    assert post.id in ids(anonymous.timeline_public())
    assert post.id in ids(anonymous.timeline_local())
    assert post.id in ids(anonymous.timeline_hashtag("waders"))
    assert post.id in ids(anonymous.timeline_hashtag("WADERS", local=True))
    assert ids(anonymous.timeline_public(remote=True)) == []
    assert ids(anonymous.timeline_public(only_media=True)) == []


def test_a_profile_can_leave_out_replies_and_reblogs_or_show_one_hashtag(iris, otto):
    post = iris.toot("First #terns")
    reply = iris.status_reply(otto.toot("Hello"), "Hello too")
    reblog = iris.status_reblog(otto.toot("Pass it on"))
    own = iris.me()
    assert ids(iris.account_statuses(own)) == [reblog.id, reply.id, post.id]
    assert ids(iris.account_statuses(own, exclude_replies=True)) == [reblog.id, post.id]
    assert ids(iris.account_statuses(own, exclude_reblogs=True)) == [reply.id, post.id]
    assert ids(iris.account_statuses(own, tagged="Terns")) == [post.id]
    assert ids(iris.account_statuses(own, only_media=True)) == []


def test_a_client_may_say_a_moment_instead_of_an_id(iris):
    post = iris.toot("Now")
    assert ids(iris.account_statuses(iris.me(), max_id=post.created_at)) == []
    assert ids(iris.account_statuses(iris.me(), min_id=post.created_at.replace(year=2020))) == [post.id]


def test_what_cannot_be_attached_is_refused_before_anything_is_published(iris):
    for attachment in ({"media_ids": [1]}, {"poll": iris.make_poll(["yes", "no"], 600)}):
        with pytest.raises(MastodonAPIError) as refused:
            iris.status_post("With something", **attachment)
        assert refused.value.args[1] == 422
    assert iris.me().statuses_count == 0


def test_a_post_is_as_long_as_the_client_counts_it(iris):
    limit = iris.instance_v2().configuration.statuses.max_characters
    counted = "x" * 23 + " @robin "
    text = "https://example.com/" + "a" * 100 + " @robin@example.com " + "x" * (limit - len(counted))
    assert iris.toot(text).id
    with pytest.raises(MastodonAPIError):
        iris.toot(text + "x")


def test_polls_scheduled_posts_quotes_and_translations_are_answered_truly(iris):
    post = iris.toot("Plain")
    assert iris.scheduled_statuses() == []
    assert iris.status_card(post) is None
    for call in (
        lambda: iris.poll(1),
        lambda: iris.poll_vote(1, [0]),
        lambda: iris.scheduled_status(1),
        lambda: iris.scheduled_status_delete(1),
        lambda: iris.scheduled_status_update(1, post.created_at.replace(year=2040)),
        lambda: iris.status_quotes(post),
        lambda: iris.status_translate(post),
    ):
        with pytest.raises(MastodonNotFoundError):
            call()
