"""Favourite, bookmark, mute a conversation: once however often, never across a block, and listed by when."""

import pytest

from tests.support.product import Product
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.events import Appended, Claim, Group, Taken, draft
from whimbrel.kernel.pages import Page
from whimbrel.microblog import keys
from whimbrel.microblog.interactions.events import Favourited
from whimbrel.microblog.posts.values import BOOKMARKED, FAVOURITED, MUTED

pytestmark = pytest.mark.anyio

PAIRS = [
    ("favourite", "unfavourite", FAVOURITED),
    ("bookmark", "unbookmark", BOOKMARKED),
    ("mute_conversation", "unmute_conversation", MUTED),
]


@pytest.mark.parametrize(("verb", "undo", "flag"), PAIRS)
async def test_doing_it_twice_is_doing_it_once_and_so_is_undoing_it(
    product: Product, verb: str, undo: str, flag: int
) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    for _ in range(2):
        assert (await getattr(product.interactions, verb)(bo, post_id)).marks == flag
    assert product.held_post(post_id).favourites == (flag == FAVOURITED)
    for _ in range(2):
        assert (await getattr(product.interactions, undo)(bo, post_id)).marks == 0
    assert product.held_post(post_id).favourites == 0
    assert len([event for event in product.appending.events if event.actor == bo.account_id]) == 2


@pytest.mark.parametrize("verb", [verb for verb, _, _ in PAIRS] + [undo for _, undo, _ in PAIRS])
async def test_nothing_is_done_to_a_post_that_one_may_not_see(product: Product, verb: str) -> None:
    ada, bo = await product.people("Ada", "Bo")
    private = await product.post(ada, visibility="private")
    public = await product.post(ada)
    await product.block(ada, bo)
    for post_id in (private, public, 1):
        with pytest.raises(NotFound):
            await getattr(product.interactions, verb)(bo, post_id)


async def test_what_is_done_to_a_reblog_is_done_to_what_it_shows(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    reblog = await product.reblog(bo, post_id)
    shown = await product.interactions.favourite(ada, reblog)
    assert shown.post.id == reblog
    assert shown.reblog is not None
    assert (shown.reblog.post.id, shown.reblog.post.favourites, shown.reblog.marks) == (post_id, 1, FAVOURITED)


async def test_two_favourites_that_race_are_counted_once(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    claim = Claim(keys.favourite(bo.account_id, post_id))
    group = Group((draft(Favourited(ada.account_id), actor=bo.account_id, id=post_id, claims=(claim,)),))
    first, second = product.appending.append_batch((group, group))
    assert isinstance(first, Appended)
    assert isinstance(second, Taken)
    assert product.held_post(post_id).favourites == 1
    assert product.stored("SELECT favourites FROM posts") == [(1,)]


async def test_a_block_that_came_first_wins_over_a_favourite_under_way(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    await product.block(ada, bo)
    bo.blocked_by.clear()  # as in a process that has not heard of the block yet
    with pytest.raises(NotFound):
        await product.interactions.favourite(bo, post_id)
    assert product.stored("SELECT favourites FROM posts") == [(0,)]


async def test_favourites_work_while_the_store_is_away(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    await product.interactions.favourite(bo, post_id)
    await product.interactions.unfavourite(bo, post_id)
    with product.appending.take_store_away():
        shown = await product.interactions.favourite(bo, post_id)
        assert (shown.marks, shown.post.favourites) == (FAVOURITED, 1)
    assert product.stored("SELECT favourites FROM posts") == [(1,)]


@pytest.mark.parametrize(("verb", "listed"), [("favourite", "favourites"), ("bookmark", "bookmarks")])
async def test_lists_stand_in_the_order_of_the_act_and_are_paged_by_it(
    product: Product, verb: str, listed: str
) -> None:
    ada, bo = await product.people("Ada", "Bo")
    ids = [await product.post(ada, str(number)) for number in range(5)]
    for post_id in reversed(ids):
        await getattr(product.interactions, verb)(bo, post_id)
    read = getattr(product.interactions, listed)
    newest = await read(bo, Page(2))
    assert [shown.post.id for shown in newest.items] == ids[:2]
    older = await read(bo, Page(2, max_id=newest.next_max_id))
    assert [shown.post.id for shown in older.items] == ids[2:4]
    last = await read(bo, Page(2, max_id=older.next_max_id))
    assert ([shown.post.id for shown in last.items], last.next_max_id) == (ids[4:], None)
    back = await read(bo, Page(2, min_id=last.prev_min_id))
    assert [shown.post.id for shown in back.items] == ids[2:4]
    poll = await read(bo, Page(20, since_id=older.prev_min_id))
    assert [shown.post.id for shown in poll.items] == ids[:2]
    assert (await read(ada, Page())).items == ()


async def test_a_post_that_may_be_seen_no_longer_leaves_a_list_but_not_its_pages(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    ids = [await product.post(author, "x") for author in (ada, cy, ada)]
    for post_id in ids:
        await product.interactions.favourite(bo, post_id)
    await product.block(cy, bo)
    page = await product.interactions.favourites(bo, Page(2))
    assert [shown.post.id for shown in page.items] == [ids[2]]
    rest = await product.interactions.favourites(bo, Page(2, max_id=page.next_max_id))
    assert [shown.post.id for shown in rest.items] == [ids[0]]


async def test_people_who_like_or_reblog_a_post_are_listed_the_latest_first(product: Product) -> None:
    ada, bo, cy, di = await product.people("Ada", "Bo", "Cy", "Di")
    post_id = await product.post(ada)
    for reader in (bo, cy, di):
        await product.interactions.favourite(reader, post_id)
        await product.reblog(reader, post_id)
    for read in (product.interactions.favourited_by, product.interactions.reblogged_by):
        page = await read(None, post_id, Page(2))
        assert [account.name for account in page.items] == ["Di", "Cy"]
        rest = await read(None, post_id, Page(2, max_id=page.next_max_id))
        assert [account.name for account in rest.items] == ["Bo"]
        above = await read(None, post_id, Page(1, min_id=rest.prev_min_id))
        assert [account.name for account in above.items] == ["Cy"]
    await product.block(cy, ada)
    assert [account.name for account in (await product.interactions.favourited_by(ada, post_id, Page())).items] == [
        "Di",
        "Bo",
    ]


async def test_a_private_reblog_is_listed_to_nobody(product: Product) -> None:
    (ada,) = await product.people("Ada")
    post_id = await product.post(ada, visibility="private")
    await product.reblog(ada, post_id)
    assert (await product.interactions.reblogged_by(ada, post_id, Page())).items == ()
    with pytest.raises(NotFound):
        await product.interactions.reblogged_by(None, post_id, Page())


async def test_what_a_deleted_account_kept_is_forgotten(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    await product.interactions.bookmark(bo, post_id)
    await product.interactions.mute_conversation(bo, post_id)
    await product.accounts.delete(bo.account_id)
    assert product.stored("SELECT * FROM bookmarks") == []
    assert product.stored("SELECT * FROM conversation_mutes") == []
