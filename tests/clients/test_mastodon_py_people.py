"""Mastodon.py finds people, follows, mutes and blocks them, and changes its own profile."""

import pytest
from mastodon.errors import MastodonAPIError, MastodonNotFoundError


def ids(accounts):
    return [account.id for account in accounts]


def test_a_profile_is_changed_field_by_field(iris):
    before = iris.me()
    changed = iris.account_update_credentials(
        display_name="Iris", note="Counts #birds", bot=True, discoverable=True, fields=[("Place", "The shore")]
    )
    assert (changed.display_name, changed.bot, changed.discoverable) == ("Iris", True, True)
    assert [(field.name, field.value) for field in changed.fields] == [("Place", "The shore")]
    assert changed.source.note == "Counts #birds"
    assert iris.account(before).display_name == "Iris"
    iris.account_update_credentials(
        locked=True, default_privacy="private", default_sensitive=True, default_language="pt", indexable=False
    )
    after = iris.account_verify_credentials()
    assert (after.locked, after.display_name, after.source.privacy) == (True, "Iris", "private")
    assert (after.source.sensitive, after.source.language) == (True, "pt")
    assert iris.preferences()["posting:default:visibility"] == "private"
    assert iris.toot("By default").visibility == "private"


def test_pictures_are_refused_with_words(iris):
    with pytest.raises(MastodonAPIError, match="Pictures"):
        iris.account_update_credentials(avatar=b"not a picture", avatar_mime_type="image/png")


def test_people_are_found_by_name_id_and_beginning(iris, otto, anonymous):
    name, own = otto.me().username, otto.me()
    assert iris.account_lookup(name).id == own.id
    assert iris.account(own).username == name
    assert ids(iris.accounts([own, iris.me()])) == [own.id, iris.me().id]
    assert own.id in ids(iris.account_search(name))
    assert own.id in ids(anonymous.search(name, resolve=False).accounts)
    assert own.id in ids(iris.search_v2(name, result_type="accounts").accounts)
    assert ids(iris.search(own.url).accounts) == [own.id]
    with pytest.raises(MastodonNotFoundError):
        iris.account_lookup("nobody_here")


def test_a_post_is_found_by_its_address_and_a_hashtag_by_its_beginning(iris):
    post = iris.toot("Look at #Avocets")
    assert ids(iris.search(post.url).statuses) == [post.id]
    assert [tag.name.lower() for tag in iris.search("avoc", result_type="hashtags").hashtags] == ["avocets"]


def test_a_follow_has_settings_and_an_end(iris, otto):
    own = otto.me()
    follow = iris.account_follow(own, reblogs=False, notify=True)
    assert (follow.following, follow.showing_reblogs, follow.notifying) == (True, False, True)
    assert iris.account_relationships(own)[0].following is True
    assert ids(iris.account_following(iris.me())) == [own.id]
    assert ids(otto.account_followers(own)) == [iris.me().id]
    assert ids(otto.account_search(iris.me().username, following=True)) == []
    assert iris.account_unfollow(own).following is False
    assert iris.account(own).followers_count == 0


def test_a_locked_account_answers_requests(iris, otto, newcomer):
    uma = newcomer()
    iris.account_update_credentials(locked=True)
    own = iris.me()
    assert otto.account_follow(own).requested is True
    assert uma.account_follow(own).requested is True
    assert ids(iris.follow_requests()) == [uma.me().id, otto.me().id]
    assert iris.follow_request_authorize(otto.me()).followed_by is True
    assert iris.follow_request_reject(uma.me()).followed_by is False
    assert ids(iris.account_followers(own)) == [otto.me().id]
    assert iris.account_remove_from_followers(otto.me()).followed_by is False
    assert ids(iris.account_followers(own)) == []


def test_a_mute_may_end_by_itself_and_a_block_hides_both_ways(iris, otto):
    own = otto.me()
    post = otto.toot("Hello")
    muted = iris.account_mute(own, notifications=False, duration=3_600)
    assert (muted.muting, muted.muting_notifications) == (True, False)
    (entry,) = iris.mutes()
    assert entry.mute_expires_at is not None
    assert iris.account_unmute(own).muting is False
    assert iris.account_block(own).blocking is True
    assert ids(iris.blocks()) == [own.id]
    for client, hidden in ((iris, post), (otto, iris.toot("Hidden"))):
        with pytest.raises(MastodonNotFoundError):
            client.status(hidden)
    assert iris.account_unblock(own).blocking is False
    assert iris.status(post).id == post.id


def test_notes_endorsements_and_familiar_followers(iris, otto, newcomer):
    uma = newcomer()
    own = uma.me()
    assert iris.account_note_set(own, "met at the shore").note == "met at the shore"
    iris.account_follow(own)
    assert iris.account_endorse(own).endorsed is True
    assert ids(iris.endorsements()) == [own.id]
    assert iris.account_unendorse(own).endorsed is False
    assert iris.account_pin(own).endorsed is True
    assert iris.account_unpin(own).endorsed is False
    iris.account_follow(otto.me())
    otto.account_follow(own)
    (familiar,) = iris.account_familiar_followers(own)
    assert (familiar.id, ids(familiar.accounts)) == (own.id, [otto.me().id])


def test_hashtags_are_followed(iris, otto):
    assert iris.tag_follow("Sandpipers").following is True
    assert [tag.name.lower() for tag in iris.followed_tags()] == ["sandpipers"]
    post = otto.toot("Three #sandpipers")
    assert [each.id for each in iris.timeline_home()] == [post.id]
    assert iris.tag("sandpipers").following is True
    assert iris.tag_unfollow("sandpipers").following is False
    assert iris.followed_tags() == []


def test_the_directory_holds_who_wants_to_be_found(iris, anonymous):
    iris.account_update_credentials(discoverable=True)
    found = ids(anonymous.fetch_remaining(anonymous.directory(order="new", limit=40, local=True)))
    assert iris.me().id in found
    assert len(found) == len(set(found)) > 40
