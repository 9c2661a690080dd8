"""What each event tells whom, and what takes it back. Each test looks at the rows that real events have left."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.product import Product
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.requests import ProfileChange
from whimbrel.microblog.graph.reader import Reader

pytestmark = pytest.mark.anyio

Told = tuple[str, str, str]


def told(product: Product) -> list[Told]:
    """Everybody's notifications in order: recipient, kind, sender."""
    return [
        (recipient, kind, sender)
        for recipient, kind, sender in product.stored(
            "SELECT recipient.name, kind, sender.name FROM notifications"
            " JOIN accounts AS recipient ON recipient.id = notifications.account_id"
            " JOIN accounts AS sender ON sender.id = from_account_id ORDER BY notifications.id, recipient.name"
        )
    ]


async def test_people_named_in_a_post_are_told_once_each_and_its_author_is_not(product: Product) -> None:
    ada, bo, _ = await product.people("Ada", "Bo", "Cy")
    post_id = await product.post(ada, "@bo @Bo @cy @ada @nobody")
    assert told(product) == [("Bo", "mention", "Ada"), ("Cy", "mention", "Ada")]
    (row,) = product.stored("SELECT * FROM notifications WHERE account_id = :id", id=bo.account_id)
    created_ms = product.held_post(post_id).created_ms
    assert row == (bo.account_id, post_id, "mention", ada.account_id, post_id, created_ms, None)


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_a_mention_is_told_whatever_the_visibility(product: Product, visibility: str) -> None:
    ada, _ = await product.people("Ada", "Bo")
    await product.post(ada, "@Bo", visibility=visibility)
    assert told(product) == [("Bo", "mention", "Ada")]


async def test_those_whom_an_edit_names_first_are_told_by_the_edit(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    post_id = await product.post(ada, "@Bo")
    await product.notifications.clear(bo)
    await product.edit(ada, post_id, "@Bo @Cy")
    assert told(product) == [("Cy", "mention", "Ada")]
    assert (await product.notifications.page(cy, Page(1)))[0].id == product.appending.events[-1].event_id


async def test_followers_who_asked_for_it_are_told_of_posts(product: Product) -> None:
    ada, bo, cy, di = await product.people("Ada", "Bo", "Cy", "Di")
    await product.follow(bo, ada, notify=True)
    await product.follow(cy, ada)
    for reader in (bo, cy, di):
        await product.notifications.clear(reader)
    await product.notifications.clear(ada)
    first = await product.post(ada, visibility="private")
    await product.post(ada, in_reply_to_id=first, visibility="private")
    await product.post(ada, visibility="direct")
    other = await product.post(di)
    await product.post(ada, in_reply_to_id=other)
    await product.reblog(ada, other)
    assert told(product) == [("Bo", "status", "Ada"), ("Bo", "status", "Ada"), ("Di", "reblog", "Ada")]


async def test_a_mention_wins_over_a_post_that_one_asked_for(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    await product.follow(bo, ada, notify=True)
    await product.notifications.clear(ada)
    first = await product.post(ada, "@Bo")
    assert told(product) == [("Bo", "mention", "Ada")]
    await product.interactions.mute_conversation(bo, first)
    await product.notifications.clear(bo)
    await product.post(ada, "@Bo again", in_reply_to_id=first)
    assert told(product) == []


@pytest.mark.parametrize(("language", "is_told"), [("de", True), ("fr", False)])
async def test_languages_of_a_follow_hold_for_its_notifications(product: Product, language: str, is_told: bool) -> None:
    ada, bo = await product.people("Ada", "Bo")
    await product.follow(bo, ada, notify=True, languages=("de", "en"))
    await product.notifications.clear(ada)
    await product.post(ada, language=language)
    assert (told(product) == [("Bo", "status", "Ada")]) == is_told


async def test_a_reblog_and_a_favourite_are_told_to_the_author_until_they_are_taken_back(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    for reader in (ada, bo):
        await product.reblog(reader, post_id)
        await product.interactions.favourite(reader, post_id)
    assert told(product) == [("Ada", "reblog", "Bo"), ("Ada", "favourite", "Bo")]
    assert product.stored("SELECT DISTINCT post_id FROM notifications") == [(post_id,)]
    await product.publish.unreblog(bo, post_id)
    assert told(product) == [("Ada", "favourite", "Bo")]
    await product.interactions.unfavourite(bo, post_id)
    assert told(product) == []


async def test_people_who_reblogged_a_post_are_told_of_its_edit(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    post_id = await product.post(ada)
    for reader in (ada, bo, cy):
        await product.reblog(reader, post_id)
    await product.block(cy, ada)
    await product.notifications.clear(ada)
    await product.edit(ada, post_id, "Better.")
    assert told(product) == [("Bo", "update", "Ada")]


async def test_a_follow_is_told_until_it_ends(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    await product.follow(bo, ada)
    assert told(product) == [("Ada", "follow", "Bo")]
    await product.graph.unfollow(bo, await product.accounts.get(ada.account_id))
    assert told(product) == []


async def test_a_request_is_told_until_it_is_answered_and_then_the_follow_is(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    await product.accounts.change_profile(await product.accounts.get(ada.account_id), ProfileChange(locked=True))
    await product.follow(bo, ada)
    await product.follow(cy, ada)
    assert told(product) == [("Ada", "follow_request", "Bo"), ("Ada", "follow_request", "Cy")]
    await product.graph.accept(ada, bo.account_id)
    await product.graph.reject(ada, cy.account_id)
    assert told(product) == [("Ada", "follow", "Bo")]


Act = Callable[[Product, Reader, Reader], Awaitable[Any]]


async def names(product: Product, ada: Reader, bo: Reader) -> None:  # noqa: ARG001
    await product.post(bo, "@Ada")


async def posts(product: Product, ada: Reader, bo: Reader) -> None:  # noqa: ARG001
    await product.post(bo, "Morning.")


async def favourites(product: Product, ada: Reader, bo: Reader) -> None:
    await product.interactions.favourite(bo, await product.post(ada))


async def reblogs(product: Product, ada: Reader, bo: Reader) -> None:
    await product.reblog(bo, await product.post(ada))


async def follows(product: Product, ada: Reader, bo: Reader) -> None:
    await product.follow(bo, ada)


async def edits(product: Product, ada: Reader, bo: Reader) -> None:
    post_id = await product.post(bo)
    await product.reblog(ada, post_id)
    await product.edit(bo, post_id, "Better.")


ACTS: list[tuple[Act, str]] = [
    (names, "mention"),
    (posts, "status"),
    (favourites, "favourite"),
    (reblogs, "reblog"),
    (follows, "follow"),
    (edits, "update"),
]

MUTES = [
    ({}, False),
    ({"notifications": False}, True),
    ({"expires_ms": 1}, True),
    ({"expires_ms": 1 << 50}, False),
]


@pytest.mark.parametrize(("act", "kind"), ACTS)
@pytest.mark.parametrize(("settings", "is_told"), MUTES)
async def test_a_mute_that_covers_notifications_silences_while_it_lasts(
    product: Product, act: Act, kind: str, settings: dict[str, Any], is_told: bool
) -> None:
    ada, bo = await product.people("Ada", "Bo")
    await product.follow(ada, bo, notify=True)
    await product.mute(ada, bo, **settings)
    await act(product, ada, bo)
    assert (("Ada", kind, "Bo") in told(product)) == is_told


async def test_a_post_by_somebody_blocked_tells_nothing(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    await product.block(ada, bo)
    await product.post(bo, "@Ada")
    await product.post(ada, "@Bo")
    assert told(product) == []


async def test_a_block_takes_away_what_the_blocked_had_told(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    for reader in (bo, cy):
        await product.post(reader, "@Ada")
    await product.post(ada, "@Bo")
    await product.block(ada, bo)
    assert told(product) == [("Ada", "mention", "Cy"), ("Bo", "mention", "Ada")]
    assert await product.notifications.page(bo, Page(5)) == []


async def test_a_muted_conversation_is_silent(product: Product) -> None:
    ada, bo = await product.people("Ada", "Bo")
    post_id = await product.post(ada)
    await product.interactions.mute_conversation(ada, post_id)
    await product.post(bo, "@Ada", in_reply_to_id=post_id)
    await product.interactions.favourite(bo, post_id)
    await product.reblog(bo, post_id)
    assert told(product) == []


async def test_a_deleted_post_takes_every_notification_about_it(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    await product.follow(cy, ada, notify=True)
    await product.notifications.clear(ada)
    post_id = await product.post(ada, "@Bo")
    await product.interactions.favourite(bo, post_id)
    await product.reblog(bo, post_id)
    await product.edit(ada, post_id, "@Bo!")
    assert len(told(product)) == 5
    await product.publish.delete(ada, post_id)
    assert told(product) == []


async def test_a_deleted_account_is_told_of_nothing_and_by_nobody(product: Product) -> None:
    ada, bo, cy = await product.people("Ada", "Bo", "Cy")
    for author in (ada, cy):
        await product.post(author, "@Bo @Cy @Ada")
    await product.notifications.move_markers(bo, {"home": 5})
    await product.accounts.delete(bo.account_id)
    assert told(product) == [("Cy", "mention", "Ada"), ("Ada", "mention", "Cy")]
    assert product.stored("SELECT * FROM markers") == []
    await product.accounts.delete(cy.account_id)
    assert told(product) == []


async def test_two_who_favourite_within_hours_are_one_group_and_a_day_later_another(product: Product) -> None:
    ada, *others = await product.people("Ada", "Bo", "Cy", "Di")
    post_id = await product.post(ada)
    for number, reader in enumerate(others):
        await product.interactions.favourite(reader, post_id)
        product.appending.clock.now_ms += (5 + 20 * number) * 3_600_000
    keys = [key for (key,) in product.stored("SELECT group_key FROM notifications ORDER BY id")]
    assert keys[0] == keys[1] != keys[2]
    assert all(key.startswith(f"favourite-{post_id}-") for key in keys)
