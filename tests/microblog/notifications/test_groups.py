"""Notifications that are shown as one: what is in a group, how groups are paged, how one is dismissed."""

import pytest

from tests.support.product import Product
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.pages import Page
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.notifications.values import NotificationGroup

pytestmark = pytest.mark.anyio

FANS = tuple(f"Fan{number}" for number in range(10))


async def admired(product: Product) -> tuple[Reader, list[int], list[Reader]]:
    """Ada, two posts of hers that ten people like, a mention between them, and two follows."""
    ada = await product.person("Ada")
    fans = await product.people(*FANS)
    posts = [await product.post(ada, str(number)) for number in range(2)]
    for fan in fans[:5]:
        await product.interactions.favourite(fan, posts[0])
    mention = await product.post(fans[0], "@Ada")
    for fan in fans:
        await product.interactions.favourite(fan, posts[1])
    for fan in fans[5:]:
        await product.interactions.favourite(fan, posts[0])
    for fan in fans[:2]:
        await product.follow(fan, ada)
    return ada, [*posts, mention], fans


def brief(groups: list[NotificationGroup]) -> list[tuple[str, int, int | None]]:
    return [(group.kind, group.count, group.post.post.id if group.post else None) for group in groups]


async def test_likes_of_one_post_are_one_group_counted_in_full(product: Product) -> None:
    ada, (first, second, mention), fans = await admired(product)
    groups = await product.notifications.groups(ada, Page(10))
    assert brief(groups) == [
        ("follow", 2, None),
        ("favourite", 10, first),
        ("favourite", 10, second),
        ("mention", 1, mention),
    ]
    likes = groups[1]
    assert [account.name for account in likes.accounts] == list(FANS[:1:-1])
    assert likes.newest_ms > groups[2].newest_ms
    ids = [group.newest_id for group in groups]
    assert ids == sorted(ids, reverse=True)
    assert groups[3].key == f"ungrouped-{mention}"
    assert len(fans) == likes.count


async def test_pages_of_groups_begin_below_the_last_group(product: Product) -> None:
    ada, (first, second, mention), _ = await admired(product)
    newest = await product.notifications.groups(ada, Page(2))
    assert brief(newest) == [("follow", 2, None), ("favourite", 10, first)]
    older = await product.notifications.groups(ada, Page(2, max_id=newest[-1].newest_id))
    assert brief(older) == [("favourite", 9, first), ("favourite", 10, second)]
    last = await product.notifications.groups(ada, Page(2, max_id=older[-1].newest_id))
    assert brief(last) == [("favourite", 9, second), ("mention", 1, mention)]
    upward = await product.notifications.groups(ada, Page(1, min_id=last[-1].newest_id))
    assert brief(upward) == [("favourite", 10, second)]
    assert await product.notifications.groups(ada, Page(2, since_id=newest[0].newest_id)) == []


async def test_kinds_that_the_client_does_not_group_come_one_by_one(product: Product) -> None:
    ada, _, _ = await admired(product)
    groups = await product.notifications.groups(ada, Page(50), grouped_kinds=frozenset({"follow"}))
    assert [group.count for group in groups] == [2] + [1] * 21
    likes = await product.notifications.groups(ada, Page(50), kinds=frozenset({"favourite"}))
    assert [group.count for group in likes] == [10, 10]
    rest = await product.notifications.groups(ada, Page(50), excluded=frozenset({"favourite", "follow"}))
    assert [group.kind for group in rest] == ["mention"]


async def test_a_group_is_found_by_its_key_with_everybody_in_it(product: Product) -> None:
    ada, (_, _, mention), fans = await admired(product)
    likes = (await product.notifications.groups(ada, Page(10)))[1]
    assert await product.notifications.group(ada, likes.key) == likes
    everybody = await product.notifications.group_accounts(ada, likes.key, Page(6))
    assert [account.name for account in everybody.items] == list(FANS[:3:-1])
    rest = await product.notifications.group_accounts(ada, likes.key, Page(6, max_id=everybody.next_max_id))
    assert ([account.name for account in rest.items], rest.next_max_id) == (list(FANS[3::-1]), None)
    alone = await product.notifications.group(ada, f"ungrouped-{mention}")
    assert (alone.kind, alone.count) == ("mention", 1)
    for reader, key in ((fans[0], likes.key), (ada, "favourite-1-2"), (ada, "ungrouped-x"), (ada, "ungrouped-9")):
        with pytest.raises(NotFound):
            await product.notifications.group(reader, key)


async def test_a_dismissed_group_is_gone_as_a_whole(product: Product) -> None:
    ada, (_, second, mention), _ = await admired(product)
    follows, likes, *_ = await product.notifications.groups(ada, Page(10))
    await product.notifications.dismiss_group(ada, likes.key)
    await product.notifications.dismiss_group(ada, f"ungrouped-{mention}")
    left = await product.notifications.groups(ada, Page(10))
    assert brief(left) == [("follow", 2, None), ("favourite", 10, second)]
    assert left[0].key == follows.key
    count = len(product.appending.events)
    await product.notifications.dismiss_group(ada, likes.key)
    assert len(product.appending.events) == count
