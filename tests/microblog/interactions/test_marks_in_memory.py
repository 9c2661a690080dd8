"""The flags beside a post: from memory at no wait, from the store below memory's floor."""

from pathlib import Path

import pytest

from tests.support.product import Product
from whimbrel.kernel.errors import StoreUnavailable
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.posts.values import BOOKMARKED, FAVOURITED, MUTED, PINNED, REBLOGGED

pytestmark = pytest.mark.anyio


async def test_every_flag_is_known_from_memory_as_soon_as_it_is_set(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    posts = [product.held_post(post_id)]
    assert product.marks.held(ada.account_id, posts) == [0]  # loaded when the post was shown to its author
    await product.interactions.favourite(ada, post_id)
    await product.interactions.bookmark(ada, post_id)
    await product.interactions.mute_conversation(ada, post_id)
    await product.reblog(ada, post_id)
    await product.publish.pin(ada, post_id)
    everything = FAVOURITED | REBLOGGED | MUTED | BOOKMARKED | PINNED
    assert product.marks.held(ada.account_id, posts) == [everything]
    assert product.marks.held(bo.account_id, posts) is None
    await product.publish.unreblog(ada, post_id)
    await product.publish.unpin(ada, post_id)
    assert product.marks.held(ada.account_id, posts) == [everything & ~REBLOGGED & ~PINNED]


async def test_a_reply_in_a_muted_conversation_is_marked_as_muted(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    first = await product.post(ada)
    await product.interactions.mute_conversation(bo, first)
    reply = await product.post(ada, in_reply_to_id=first)
    assert product.marks.held(bo.account_id, [product.held_post(reply)]) == [MUTED]


async def test_below_its_floor_memory_asks_the_store_once(tmp_path: Path, passwords: Passwords) -> None:
    product = Product(tmp_path, passwords, marks_max=2)
    ada, bo = await product.people("Ada", "Bo")
    ids = [await product.post(ada) for _ in range(6)]
    for post_id in ids[:4]:
        await product.interactions.favourite(bo, post_id)
    product.marks.forget()
    posts = [product.held_post(post_id) for post_id in ids]
    assert product.marks.held(bo.account_id, posts) is None
    assert await product.marks.marks(bo.account_id, posts) == [FAVOURITED] * 4 + [0, 0]
    assert product.marks.held(bo.account_id, posts) == [FAVOURITED] * 4 + [0, 0]
    await product.interactions.unfavourite(bo, ids[0])
    await product.interactions.bookmark(bo, ids[1])
    assert product.marks.held(bo.account_id, posts) == [0, FAVOURITED | BOOKMARKED, FAVOURITED, FAVOURITED, 0, 0]
    product.close()


async def test_flags_loaded_from_a_store_that_is_behind_are_those_of_now(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    ids = [await product.post(ada) for _ in range(2)]
    await product.interactions.favourite(bo, ids[0])
    with product.appending.hold_store():
        await product.interactions.unfavourite(bo, ids[0])
        await product.interactions.favourite(bo, ids[1])
        product.marks.forget()
        posts = [product.held_post(post_id) for post_id in ids]
        assert await product.marks.marks(bo.account_id, posts) == [0, FAVOURITED]
    assert product.marks.held(bo.account_id, posts) == [0, FAVOURITED]


async def test_flags_that_memory_lacks_are_not_made_up_while_the_store_is_away(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    posts = [product.held_post(await product.post(ada))]
    with product.appending.take_store_away(), pytest.raises(StoreUnavailable):
        await product.marks.marks(bo.account_id, posts)
