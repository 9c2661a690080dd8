"""Every list that has pages leads on in both directions by its Link header, and keeps what was asked for."""

import httpx
import pytest


@pytest.fixture
def http(server, proxy, iris):
    """Requests as iris."""
    headers = {"Authorization": f"Bearer {iris.access_token}"}
    with httpx.Client(base_url=server.url, proxy=proxy.url, trust_env=False, headers=headers) as client:
        yield client


@pytest.fixture
def lived_in(iris, newcomer):
    """Something in every list of iris': posts, likes, people, notifications, hashtags. Returns her newest post."""
    iris.account_update_credentials(locked=True)
    post = None
    for _ in range(2):
        other = newcomer()
        own = other.me()
        post = iris.toot(f"Hello @{own.username} #links{iris.me().id}")
        for client in (iris, other):
            client.status_favourite(post)
        other.status_reblog(post)
        iris.status_bookmark(post)
        iris.tag_follow(f"tag{own.username}")
        iris.account_follow(own)
        iris.account_endorse(own)
        other.account_follow(iris.me())
        iris.account_mute(newcomer().me())
        iris.account_block(newcomer().me())
    for account in iris.follow_requests(limit=1):
        iris.follow_request_authorize(account)
    return post


def lists(iris, post):
    own = iris.me().id
    return (
        "timelines/home?limit=1",
        "timelines/public?limit=1&local=true",
        f"timelines/tag/links{own}?limit=1",
        f"accounts/{own}/statuses?limit=1&exclude_replies=true",
        f"accounts/{own}/followers?limit=1",
        f"accounts/{own}/following?limit=1",
        f"accounts/{own}/endorsements?limit=1",
        "endorsements?limit=1",
        "favourites?limit=1",
        "bookmarks?limit=1",
        "mutes?limit=1",
        "blocks?limit=1",
        "followed_tags?limit=1",
        "follow_requests?limit=1",
        "notifications?limit=1&types[]=favourite&types[]=follow_request",
        f"statuses/{post.id}/favourited_by?limit=1",
        f"statuses/{post.id}/reblogged_by?limit=1",
    )


def test_every_list_leads_on_both_ways(http, iris, lived_in, server):
    for address in lists(iris, lived_in):
        page = http.get(f"/api/v1/{address}")
        assert page.status_code == 200, page.text
        assert len(page.json()) == 1, address
        links = page.links
        assert set(links) == {"next", "prev"}, address
        for link, bound in (("next", "max_id"), ("prev", "min_id")):
            url = httpx.URL(links[link]["url"])
            assert str(url).startswith(f"{server.url}/api/v1/{address.partition('?')[0]}?"), address
            assert bound in url.params, address
            kept = httpx.URL(f"http://x/{address}").params.multi_items()
            assert set(kept) <= set(url.params.multi_items()), address


def test_the_next_page_goes_on_where_this_one_ended_and_its_previous_is_this_one(http, iris, lived_in):
    for address in lists(iris, lived_in):
        first = http.get(f"/api/v1/{address}")
        second = http.get(first.links["next"]["url"])
        assert second.status_code == 200
        seen = [entry.get("id") or entry.get("name") for entry in (*first.json(), *second.json())]
        assert len(seen) == len(set(seen)), address
        if second.json():
            back = http.get(second.links["prev"]["url"])
            assert [entry.get("id") for entry in back.json()] == [entry.get("id") for entry in first.json()], address


@pytest.mark.usefixtures("lived_in")
def test_groups_of_notifications_lead_on_both_ways(http):
    page = http.get("/api/v2/notifications?limit=1&grouped_types[]=favourite")
    assert len(page.json()["notification_groups"]) == 1
    assert set(page.links) == {"next", "prev"}
    assert "grouped_types[]=favourite" in page.links["next"]["url"]


def test_an_empty_page_leads_nowhere(http):
    for address in ("timelines/home", "favourites", "mutes", "notifications", "follow_requests"):
        page = http.get(f"/api/v1/{address}")
        assert page.json() == []
        assert page.links == {}


def test_a_list_that_is_always_empty_has_no_pages(http):
    assert http.get("/api/v1/conversations").links == {}
