"""Mastodon.py reads who did what, one by one and in groups, and remembers how far it has read."""

import pytest
from mastodon.errors import MastodonAPIError, MastodonNotFoundError


@pytest.fixture
def told(iris, otto):
    """Iris, whom otto followed, mentioned and liked, in this order."""
    post = iris.toot("Hello")
    otto.account_follow(iris.me())
    otto.toot(f"@{iris.me().username} hello")
    otto.status_favourite(post)
    return iris


def kinds(notifications):
    return [notification.type for notification in notifications]


def test_notifications_come_newest_first_and_by_kind(told, otto):
    assert kinds(told.notifications()) == ["favourite", "mention", "follow"]
    assert kinds(told.notifications(types=["mention"])) == ["mention"]
    assert kinds(told.notifications(exclude_types=["mention"])) == ["favourite", "follow"]
    assert kinds(told.notifications(mentions_only=True)) == ["mention"]
    assert kinds(told.notifications(account_id=otto.me())) == ["favourite", "mention", "follow"]
    assert kinds(told.notifications(account_id=told.me())) == []
    assert told.notifications_unread_count().count == 3


def test_one_notification_is_read_dismissed_and_gone(told):
    newest = told.notifications()[0]
    assert told.notifications(id=newest).status.favourites_count == 1
    told.notifications_dismiss(newest)
    assert kinds(told.notifications()) == ["mention", "follow"]
    with pytest.raises(MastodonNotFoundError):
        told.notifications(id=newest)
    told.notifications_clear()
    assert told.notifications() == []


def test_likes_of_one_post_are_one_group(told, newcomer):
    post = told.account_statuses(told.me())[0]
    uma = newcomer()
    uma.status_favourite(post)
    found = told.grouped_notifications()
    group = found.notification_groups[0]
    assert (group.type, group.notifications_count) == ("favourite", 2)
    assert str(uma.me().id) in group.sample_account_ids
    assert told.grouped_notification(group.group_key).notification_groups[0].group_key == group.group_key
    assert len(told.grouped_notification_accounts(group.group_key)) == 2
    assert told.unread_grouped_notifications_count() == 3
    told.dismiss_grouped_notification(group.group_key)
    assert told.unread_grouped_notifications_count() == 2


def test_a_count_of_unread_leaves_out_what_was_not_asked_for(told, newcomer):
    post = told.account_statuses(told.me())[0]
    uma = newcomer()
    uma.status_favourite(post)
    assert told.notifications_unread_count().count == 4
    assert told.unread_grouped_notifications_count(types=["favourite"]) == 1
    assert told.unread_grouped_notifications_count(types=["favourite"], grouped_types=["follow"]) == 2
    assert told.unread_grouped_notifications_count(exclude_types=["favourite"]) == 2
    assert told.unread_grouped_notifications_count(account_id=uma.me().id) == 1
    assert told.unread_grouped_notifications_count(limit=1) == 1


def test_markers_remember_how_far_somebody_has_read(told):
    post = told.toot("A place")
    notification = told.notifications()[0]
    told.markers_set(["home", "notifications"], [post, notification.id])
    read = told.markers_get(["home", "notifications"])
    assert str(read["home"].last_read_id) == str(post.id)
    assert str(read["notifications"].last_read_id) == str(notification.id)
    assert told.notifications_unread_count().count == 0


def test_nothing_is_held_back_by_a_policy(told):
    assert told.notifications_policy().for_not_following == "accept"
    with pytest.raises(MastodonAPIError):
        told.update_notifications_policy(for_not_following="drop")
    assert told.notification_requests() == []
    assert told.notifications_merged() is True
    for call in (told.notification_request, told.accept_notification_request, told.dismiss_notification_request):
        with pytest.raises(MastodonNotFoundError):
            call(1)
