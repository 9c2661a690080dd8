"""Paging as Mastodon pages, on a real server: every list, from every cursor, and a poller that misses nothing."""

import re
from typing import Any, NamedTuple

import pytest

POSTS = 45
PAGE = 7


class Lists(NamedTuple):
    """A reader, and for each list its path and its ids, newest first."""

    reader: Any
    ids: dict[str, list[int]]


@pytest.fixture(scope="module")
def lists(people):
    reader, author = people("g_reader", "g_author")
    reader.follows(author)
    posts = [author.post(f"@{reader.name} number {number} #paging") for number in range(POSTS)][::-1]
    return Lists(
        reader,
        {
            "timelines/home": posts,
            "timelines/tag/paging": posts,
            f"accounts/{author.id}/statuses": posts,
            "notifications": [int(one["id"]) for one in whole(reader, "notifications?types[]=mention")],
        },
    )


LISTS = ("timelines/home", "timelines/tag/paging", "accounts", "notifications")


@pytest.fixture(params=LISTS)
def one_list(request, lists):
    """One list: who reads it, its path, its ids."""
    path, ids = next((path, ids) for path, ids in lists.ids.items() if path.startswith(request.param))
    assert len(ids) == POSTS
    return lists.reader, path, ids


def test_every_cursor_gives_the_page_that_mastodon_gives(one_list):
    reader, path, ids = one_list
    for cursor in (ids[0] + 1, *ids, ids[-1] - 1):
        below, above = [one for one in ids if one < cursor], [one for one in ids if one > cursor]
        kind = {"types[]": "mention"} if path == "notifications" else {}
        assert reader.ids(path, max_id=cursor, **kind | {"limit": PAGE}) == below[:PAGE]
        assert reader.ids(path, since_id=cursor, **kind | {"limit": PAGE}) == above[:PAGE]
        assert reader.ids(path, min_id=cursor, **kind | {"limit": PAGE}) == above[-PAGE:]


def test_both_bounds_hold_together(one_list):
    reader, path, ids = one_list
    kind = {"types[]": "mention"} if path == "notifications" else {}
    within = ids[11:30]
    bounds = {"max_id": ids[10], **kind, "limit": PAGE}
    assert reader.ids(path, since_id=ids[30], **bounds) == within[:PAGE]
    assert reader.ids(path, min_id=ids[30], **bounds) == within[-PAGE:]


def test_the_links_lead_through_the_whole_list_and_back(one_list):
    reader, path, ids = one_list
    kind = "types[]=mention&" if path == "notifications" else ""
    down, last = walked(reader, f"{path}?{kind}limit={PAGE}", "next")
    assert [int(one["id"]) for page in down for one in page] == ids
    up, _ = walked(reader, last, "prev")
    assert [int(one["id"]) for page in reversed(up) for one in page] == ids


def test_a_poller_with_since_id_misses_nothing(people):
    reader, author = people("g_poller", "g_source")
    reader.follows(author)
    seen, written = [author.post("the first")], []
    for number in range(30):
        written.append(author.post(f"number {number}"))
        if number % 3 == 2:
            seen += reversed(reader.home(since_id=seen[-1]))
    assert seen[1:] == written


@pytest.mark.parametrize("what", ["favourites", "bookmarks"])
def test_what_somebody_keeps_is_walked_by_its_links_in_the_order_of_keeping(people, what):
    reader, author = people(f"g_{what}", f"g_{what}_author")
    posts = [author.post(f"number {number}") for number in range(2 * PAGE + 1)]
    kept = [*posts[::2], *posts[1::2]]
    for id_ in kept:
        reader.does(f"statuses/{id_}/{what[:-1]}")
    pages, _ = walked(reader, f"{what}?limit={PAGE}", "next")
    assert [int(one["id"]) for page in pages for one in page] == kept[::-1]


def test_followers_are_walked_by_their_links(people):
    (author,) = people("g_popular")
    followers = people(*(f"g_follower{number}" for number in range(6)))
    for follower in followers:
        follower.follows(author)
    pages, _ = walked(author, f"accounts/{author.id}/followers?limit=4", "next")
    assert [one["id"] for page in pages for one in page] == [follower.id for follower in followers][::-1]


def whole(reader, path):
    pages, _ = walked(reader, f"{path}&limit=40", "next")
    return [one for page in pages for one in page]


def walked(reader, path, direction):
    """The pages from `path` on by the Link header, and the path of the last one that held something."""
    pages, last = [], path
    while path:
        reply = reader.client.get(f"/api/v1/{path}")
        assert reply.status == 200, reply
        if not reply.json:
            break
        pages.append(reply.json)
        last = path
        found = re.search(rf'<[^>]*/api/v1/([^>]*)>; rel="{direction}"', reply.headers.get("link", ""))
        path = found[1] if found else None
    return pages, last
