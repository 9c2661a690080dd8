"""Mastodon.py turns pages by the Link header alone, both ways, on every kind of list, and reaches every entry once."""

import pytest

ENTRIES = 7
PAGE = 3


@pytest.fixture
def posts(iris):
    """Iris' posts, newest first."""
    return [iris.toot(f"Post {number} #paging{iris.me().id}").id for number in range(ENTRIES)][::-1]


def lists_of_posts(iris, otto):
    own = iris.me()
    return {
        "profile": lambda **page: iris.account_statuses(own, **page),
        "home": otto.timeline_home,
        "hashtag": lambda **page: otto.timeline_hashtag(f"paging{own.id}", **page),
        "favourites": otto.favourites,
        "bookmarks": otto.bookmarks,
    }


def test_every_list_of_posts_is_read_to_its_end_and_back(iris, otto, posts):
    otto.account_follow(iris.me())
    for post in posts[::-1]:
        otto.status_favourite(post)
        otto.status_bookmark(post)
    for name, read in lists_of_posts(iris, otto).items():
        first = read(limit=PAGE)
        assert [post.id for post in otto.fetch_remaining(first)] == posts, name
        second = otto.fetch_next(first)
        assert [post.id for post in second] == posts[PAGE : 2 * PAGE], name
        assert [post.id for post in otto.fetch_previous(second)] == posts[:PAGE], name
        assert [post.id for post in otto.pagination_iterator(first)] == posts, name
        assert [len(page) for page in otto.pagination_page_iterator(first)][:3] == [3, 3, 1], name


def test_somebody_who_polls_backwards_misses_nothing(iris, posts):
    own = iris.me()
    oldest = iris.account_statuses(own, min_id=posts[-1], limit=2)
    assert [post.id for post in oldest] == posts[-3:-1]
    newer = iris.fetch_previous(oldest)
    assert [post.id for post in newer][-1] == posts[-4]
    assert iris.get_pagination_info(oldest, "previous") is not None
    assert [post.id for post in iris.account_statuses(own, since_id=posts[-1], limit=2)] == posts[:2]


def test_lists_of_people_are_paged_by_what_stands_behind_them(iris, newcomer):
    others = [newcomer() for _ in range(4)]
    post = iris.toot("Like me")
    for other in others:
        other.account_follow(iris.me())
        other.status_favourite(post)
        other.status_reblog(post)
        iris.account_follow(other.me())
        iris.account_mute(other.me())
    expected = [other.me().id for other in others][::-1]
    own = iris.me()
    for read in (
        lambda: iris.account_followers(own, limit=PAGE),
        lambda: iris.account_following(own, limit=PAGE),
        lambda: iris.mutes(limit=PAGE),
        lambda: iris.status_favourited_by(post),
        lambda: iris.status_reblogged_by(post),
    ):
        assert [account.id for account in iris.fetch_remaining(read())] == expected


def test_notifications_are_paged_one_by_one_and_in_groups(iris, otto):
    for number in range(ENTRIES):
        otto.status_favourite(iris.toot(f"Post {number}"))
    one_by_one = iris.fetch_remaining(iris.notifications(limit=PAGE))
    assert len({notification.id for notification in one_by_one}) == ENTRIES
    seen, page = [], iris.grouped_notifications(limit=PAGE)
    while page and page.notification_groups:
        seen += [group.group_key for group in page.notification_groups]
        page = iris.fetch_next(page)
    assert len(seen) == len(set(seen)) == ENTRIES
