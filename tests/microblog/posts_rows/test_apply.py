"""What each event leaves in the rows of posts."""

import pytest

from tests.support.product import Product
from whimbrel.kernel.events import BlankedEvent, Claim, Event, Group, draft
from whimbrel.kernel.limits import HISTORY_EDITS_MAX, PINS_MAX
from whimbrel.microblog import keys
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts import apply, rows
from whimbrel.microblog.posts.events import Pinned, PostEdited, Tag
from whimbrel.microblog.posts.values import Post

pytestmark = pytest.mark.anyio

TABLES = ("posts", "post_texts", "post_edits", "post_mentions", "post_tags", "pins")


def stored(product: Product, post_id: int) -> Post:
    return product.look(lambda look: rows.posts(look, [post_id]))[post_id]


async def test_a_stored_post_is_the_post_that_memory_has(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    parent = await product.post(ada, "First #Birds @Bo", spoiler="wings", language="en", app_name="Perch")
    reply = await product.post(bo, "Yes @Ada", in_reply_to_id=parent, sensitive=True)
    reblog = await product.reblog(bo, parent)
    for post_id in (parent, reply, reblog):
        assert stored(product, post_id) == product.held_post(post_id)
    assert stored(product, parent).mentions[0].account_id == bo.account_id
    assert stored(product, parent).tags == (Tag("birds", "Birds"),)
    assert stored(product, reply).conversation_id == parent


@pytest.mark.parametrize(("visibility", "counted"), [("public", 1), ("unlisted", 1), ("private", 0), ("direct", 0)])
async def test_only_replies_that_anybody_may_read_are_counted(product: Product, visibility: str, counted: int) -> None:
    ada, bo = await product.people("Ada", "Bo")
    parent = await product.post(ada)
    reply = await product.post(bo, "@Ada yes", in_reply_to_id=parent, visibility=visibility)
    assert stored(product, parent).replies == counted
    await product.publish.delete(bo, reply)
    assert stored(product, parent).replies == 0
    assert product.held_post(parent).replies == 0


async def test_an_edit_keeps_what_was_said_before(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada, "one #old @Bo")
    await product.edit(ada, post_id, "two #new")
    await product.edit(ada, post_id, "three #new")
    assert stored(product, post_id) == product.held_post(post_id)
    history = await product.posts.history(bo, post_id)
    assert ["one" in history[0].html, "two" in history[1].html, "three" in history[2].html] == [True] * 3
    created = stored(product, post_id).created_ms
    assert history[0].created_ms == created < history[1].created_ms < history[2].created_ms
    assert product.stored("SELECT tag FROM post_tags") == [("new",)]
    assert product.stored("SELECT account_id FROM post_mentions") == []


async def test_a_person_named_by_an_edit_is_named_since_that_edit(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    post_id = await product.post(ada, "@Bo")
    await product.edit(ada, post_id, "@Bo @Cy")
    edit = product.appending.events[-1].event_id
    named = product.stored("SELECT account_id, event_id FROM post_mentions ORDER BY account_id")
    assert named == [(bo.account_id, post_id), (cy.account_id, edit)]


async def test_only_the_newest_hundred_states_are_kept(product: Product) -> None:
    (ada,) = await product.people("Ada")
    post_id = await product.post(ada)
    for number in range(HISTORY_EDITS_MAX + 3):
        fact = PostEdited(account_id=ada.account_id, text=str(number), html=f"<p>{number}</p>")
        product.appending.add(Group((draft(fact, actor=ada.account_id, id=post_id),)))
    history = await product.posts.history(ada, post_id)
    assert len(history) == HISTORY_EDITS_MAX + 1
    assert history[-1].html == f"<p>{HISTORY_EDITS_MAX + 2}</p>"
    assert history[0].html == "<p>2</p>"


async def test_a_deleted_post_leaves_nothing(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada, "Gone #soon @Bo")
    await product.edit(ada, post_id, "Gone #sooner @Bo")
    await product.publish.pin(ada, post_id)
    await product.interactions.favourite(bo, post_id)
    await product.interactions.bookmark(bo, post_id)
    await product.publish.delete(ada, post_id)
    for table in (*TABLES, "favourites", "bookmarks", "notifications", "tags", "tagged_posts", "tag_days"):
        assert product.stored(f"SELECT * FROM {table}") == [], table


async def test_a_deletion_whose_payload_was_erased_deletes_as_well(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    parent = await product.post(ada, "#tag")
    reply = await product.post(bo, "#tag", in_reply_to_id=parent)
    event = product.appending.events[-1]
    erased = Event(event.sequence + 1, event.event_id + 1, reply, "PostDeleted", bo.account_id, 0, BlankedEvent())
    with product.appending.store.writing() as pen:
        apply.apply(pen, erased)
    assert product.stored("SELECT id, replies FROM posts") == [(parent, 0)]
    assert product.stored("SELECT post_id FROM post_tags") == [(parent,)]


async def test_a_reply_stays_when_what_it_answers_goes(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    parent = await product.post(ada)
    reply = await product.post(bo, "@Ada", in_reply_to_id=parent)
    await product.publish.delete(ada, parent)
    assert stored(product, reply).in_reply_to_id == parent
    assert product.look(lambda look: rows.ancestors(look, reply, 10)) == []


async def test_what_happens_to_a_post_that_is_not_there_changes_nothing(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada, "#tag @Bo")
    reblog = await product.reblog(bo, post_id)
    await product.interactions.favourite(bo, post_id)
    await product.publish.pin(ada, post_id)
    await product.edit(ada, post_id, "#other")
    await product.publish.unreblog(bo, post_id)
    await product.publish.delete(ada, post_id)
    late = [event for event in product.appending.events if event.id in (post_id, reblog)][1:]
    with product.appending.store.writing() as pen:
        for event in late:
            apply.apply(pen, event)
    for table in TABLES:
        assert product.stored(f"SELECT * FROM {table}") == [], table


async def test_a_sixth_pin_that_slipped_through_is_not_kept(product: Product) -> None:
    (ada,) = await product.people("Ada")
    ids = [await product.post(ada) for _ in range(PINS_MAX + 1)]
    for post_id in ids:
        claim = Claim(keys.pin(ada.account_id, post_id))
        product.appending.add(Group((draft(Pinned(), actor=ada.account_id, id=post_id, claims=(claim,)),)))
    assert product.look(lambda look: rows.pins(look, ada.account_id)) == ids[PINS_MAX - 1 :: -1]
    assert await marked(product, ada, ids) == [16] * PINS_MAX + [0]


async def marked(product: Product, reader: Reader, ids: list[int]) -> list[int]:
    return await product.marks.marks(reader.account_id, [product.held_post(id_) for id_ in ids])
