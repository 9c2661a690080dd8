"""Reading what one was told: pages from any cursor, from memory and store alike; dismissing; markers."""

import random

import pytest

from tests.support.product import Product
from whimbrel.kernel.errors import Invalid, NotFound, StoreUnavailable
from whimbrel.kernel.pages import Page
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.notifications.values import KINDS, Notification

pytestmark = pytest.mark.anyio


async def eventful(product: Product, *, rounds: int) -> tuple[Reader, list[Reader]]:
    """Ada, who was told many things by Bo and Cy."""
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    for number in range(rounds):
        reader = (bo, cy)[number % 2]
        post_id = await product.post(ada, f"Post {number}")
        await product.post(reader, "@Ada", in_reply_to_id=post_id)
        await product.interactions.favourite(reader, post_id)
        await product.reblog(reader, post_id)
    await product.follow(bo, ada)
    return ada, [bo, cy]


def all_of(product: Product, reader: Reader) -> list[tuple[int, str, int]]:
    rows = product.stored(
        "SELECT id, kind, from_account_id FROM notifications WHERE account_id = :id ORDER BY id DESC",
        id=reader.account_id,
    )
    return [(id_, kind, from_id) for id_, kind, from_id in rows]


async def test_pages_are_what_a_plain_list_gives_from_any_cursor(product: Product) -> None:
    ada, others = await eventful(product, rounds=40)
    everything, dice = all_of(product, ada), random.Random(1)
    assert len(everything) > 100
    for _ in range(120):
        low, high = (dice.choice(everything)[0] + dice.choice((-1, 0, 1)) for _ in range(2))
        max_id, since_id, min_id = (dice.choice((None, bound)) for bound in (high, low, low))
        page = Page(dice.choice((1, 3, 20, 80)), max_id, since_id, min_id)
        kinds = frozenset(dice.sample(KINDS, 3)) if dice.random() < 0.5 else None
        excluded = frozenset(dice.sample(KINDS, 2)) if dice.random() < 0.3 else frozenset[str]()
        sender = dice.choice(others).account_id if dice.random() < 0.3 else None
        wanted = [
            id_
            for id_, kind, from_id in everything
            if page.floor < id_ < page.ceiling
            and (kinds is None or kind in kinds)
            and kind not in excluded
            and sender in (None, from_id)
        ]
        wanted = wanted[-page.limit :] if page.ascending else wanted[: page.limit]
        found = await product.notifications.page(ada, page, kinds=kinds, excluded=excluded, account_id=sender)
        assert [one.id for one in found] == wanted, (page, kinds, excluded, sender)


async def test_a_page_read_again_comes_from_memory_and_is_the_same(product: Product) -> None:
    ada, _ = await eventful(product, rounds=10)
    assert product.notifications.page_held(ada, Page(20)) is None
    first = await product.notifications.page(ada, Page(20))
    second = await product.notifications.page(ada, Page(20, max_id=first[-1].id))
    with product.appending.take_store_away():
        assert product.notifications.page_held(ada, Page(20)) == first
        assert product.notifications.page_held(ada, Page(20, max_id=first[-1].id)) == second


async def test_memory_never_answers_for_what_lies_below_it(product: Product) -> None:
    ada, _ = await eventful(product, rounds=40)
    await product.notifications.page(ada, Page(20))
    oldest = all_of(product, ada)[-1][0]
    assert product.notifications.page_held(ada, Page(20, max_id=oldest + 1)) is None
    assert product.notifications.page_held(ada, Page(20, min_id=oldest)) is None
    with product.appending.take_store_away(), pytest.raises(StoreUnavailable):
        await product.notifications.page(ada, Page(20, min_id=oldest))


async def test_something_new_is_on_the_next_page_read_even_when_the_store_is_behind(product: Product) -> None:
    ada, others = await eventful(product, rounds=2)
    before = await product.notifications.page(ada, Page())
    post_id = await product.post(others[0], "@Ada")
    assert product.notifications.page_held(ada, Page()) is None
    after = await product.notifications.page(ada, Page())
    assert [one.id for one in after] == [post_id, *(one.id for one in before)]


async def test_a_poller_with_since_id_sees_each_thing_once(product: Product) -> None:
    ada, others = await eventful(product, rounds=1)
    seen = [one.id for one in await product.notifications.page(ada, Page())][::-1]
    for number in range(10):
        await product.post(others[number % 2], "@Ada")
        if number % 3 == 0:
            seen += [one.id for one in await product.notifications.page(ada, Page(since_id=seen[-1]))][::-1]
    seen += [one.id for one in await product.notifications.page(ada, Page(since_id=seen[-1]))][::-1]
    assert seen == [id_ for id_, _, _ in all_of(product, ada)][::-1]


async def test_a_page_is_filled_up_where_something_may_not_be_shown(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    for reader in (bo, cy, bo, cy, bo):
        await product.post(reader, "@Ada")
    await product.block(cy, ada)
    page = await product.notifications.page(ada, Page(3))
    assert [one.account.name for one in page] == ["Bo", "Bo", "Bo"]
    upward = await product.notifications.page(ada, Page(2, min_id=1))
    assert [one.id for one in upward] == [one.id for one in page[1:]]


async def test_a_notification_is_shown_with_its_sender_and_post(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    await product.interactions.favourite(bo, post_id)
    (one,) = await product.notifications.page(ada, Page())
    event = product.appending.events[-1]
    assert (one.id, one.kind, one.created_ms, one.account.name) == (event.event_id, "favourite", event.time_ms, "Bo")
    assert one.post is not None
    assert one.post.post.id == post_id
    assert one.group_key.startswith(f"favourite-{post_id}-")
    assert await product.notifications.get(ada, one.id) == one
    with pytest.raises(NotFound):
        await product.notifications.get(bo, one.id)


async def test_what_was_dismissed_is_gone_and_only_that(product: Product) -> None:
    ada, others = await eventful(product, rounds=3)
    page: list[Notification] = await product.notifications.page(ada, Page())
    await product.notifications.dismiss(ada, [page[0].id, page[2].id])
    assert await product.notifications.page(ada, Page()) == [page[1], *page[3:]]
    for reader, gone in ((ada, page[0].id), (others[0], page[1].id)):
        with pytest.raises(NotFound):
            await product.notifications.dismiss(reader, [gone])
    await product.notifications.clear(ada)
    assert await product.notifications.page(ada, Page()) == []
    count = len(product.appending.events)
    await product.notifications.clear(ada)
    assert len(product.appending.events) == count


async def test_what_is_unread_is_counted_from_the_marker_and_up_to_a_limit(product: Product) -> None:
    ada, _ = await eventful(product, rounds=3)
    ids = [id_ for id_, _, _ in all_of(product, ada)]
    assert await product.notifications.unread_count(ada, limit=100) == len(ids)
    assert await product.notifications.unread_count(ada, limit=4) == 4
    await product.notifications.move_markers(ada, {"notifications": ids[2]})
    assert await product.notifications.unread_count(ada, limit=100) == 2


async def test_markers_move_forward_only_and_count_their_moves(product: Product) -> None:
    (ada,) = await product.people("Ada")
    assert await product.notifications.markers(ada, ["home"]) == []
    for last_read_id in (10, 20, 15, 20):
        await product.notifications.move_markers(ada, {"home": last_read_id})
    (home,) = await product.notifications.move_markers(ada, {"home": 30})
    assert (home.last_read_id, home.version) == (30, 3)
    await product.notifications.move_markers(ada, {"notifications": 7})
    both = await product.notifications.markers(ada, ["notifications", "home", "home"])
    assert [marker.timeline for marker in both] == ["notifications", "home"]
    stored = product.stored("SELECT timeline, last_read_id, version, updated_ms FROM markers ORDER BY timeline DESC")
    assert stored == [(one.timeline, one.last_read_id, one.version, one.updated_ms) for one in both]
    with pytest.raises(Invalid):
        await product.notifications.move_markers(ada, {"public": 1})


async def test_a_marker_moves_while_the_store_is_away(product: Product) -> None:
    (ada,) = await product.people("Ada")
    await product.notifications.markers(ada, ["home"])
    with product.appending.take_store_away():
        (home,) = await product.notifications.move_markers(ada, {"home": 5})
    assert (home.last_read_id, home.version) == (5, 1)
    assert product.stored("SELECT last_read_id FROM markers") == [(5,)]
