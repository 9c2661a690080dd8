"""Hashtags that stand in public posts, with their last seven days; and a post by its address."""

import pytest

from tests.support.people import PUBLIC_URL
from tests.support.product import Product
from whimbrel.microblog.search.rows import DAY_MS

pytestmark = pytest.mark.anyio


async def names(product: Product, prefix: str, *, offset: int = 0) -> list[str]:
    return [tag.shown for tag in await product.search.tags(prefix, limit=10, offset=offset)]


async def test_hashtags_are_found_by_prefix_the_exact_one_first_then_the_most_used(product: Product) -> None:
    (ada,) = await product.people("ada")
    for text in ("#Birdsong #birdsong", "#birds", "#birds #birdwatch", "#birds #bird", "#Birdwatch"):
        await product.post(ada, text)
    assert await names(product, "bird") == ["bird", "birds", "Birdwatch", "Birdsong"]
    assert await names(product, "#BIRDS") == ["birds", "Birdsong"]
    assert await names(product, "bird", offset=2) == ["Birdwatch", "Birdsong"]
    assert await names(product, "") == []
    assert await names(product, "owl") == []


async def test_a_hashtag_that_only_private_posts_carry_does_not_exist(product: Product) -> None:
    (ada,) = await product.people("ada")
    for visibility in ("unlisted", "private", "direct"):
        post_id = await product.post(ada, "#secret", visibility=visibility)
        await product.edit(ada, post_id, "#secret still")
    assert await names(product, "secret") == []


async def test_what_is_deleted_or_edited_away_takes_its_use_back(product: Product) -> None:
    ada, bo = await product.people("ada", "bo")
    first, _ = await product.post(ada, "#sea #tea"), await product.post(bo, "#sea")
    await product.edit(ada, first, "#sea #tide")
    assert [await names(product, tag) for tag in ("sea", "tea", "tide")] == [["sea"], [], ["tide"]]
    today = (await product.search.tag("sea")).history[0]
    assert (today.uses, today.accounts) == (2, 2)
    await product.publish.delete(ada, first)
    today = (await product.search.tag("sea")).history[0]
    assert (today.uses, today.accounts) == (1, 1)
    assert await names(product, "tide") == []
    assert product.stored(
        "SELECT tag FROM tagged_posts UNION SELECT name FROM tags UNION SELECT tag FROM tag_days"
    ) == [("sea",)]


async def test_a_hashtag_shows_its_last_seven_days_today_first(product: Product) -> None:
    ada, bo = await product.people("ada", "bo")
    clock = product.appending.clock
    for day in range(9):
        clock.now_ms += DAY_MS
        for author in (ada, ada, bo)[: day % 4]:
            await product.post(author, "#Sea")
    history = (await product.search.tag("sea")).history
    assert [(day.uses, day.accounts) for day in history] == [
        (0, 0),
        (3, 2),
        (2, 1),
        (1, 1),
        (0, 0),
        (3, 2),
        (2, 1),
    ]
    assert [history[0].day_ms - day.day_ms for day in history] == [DAY_MS * number for number in range(7)]
    assert history[0].day_ms <= clock.now_ms < history[0].day_ms + DAY_MS
    assert product.stored("SELECT MIN(day) FROM tag_days")[0][0] * DAY_MS >= clock.now_ms - 8 * DAY_MS


async def test_a_hashtag_is_shown_as_the_newest_post_writes_it_that_is_still_there(product: Product) -> None:
    ada, bo = await product.people("ada", "bo")
    first, second = await product.post(ada, "#sea"), await product.post(bo, "#SEA")
    assert await names(product, "sea") == ["SEA"]
    await product.edit(ada, first, "#Sea")
    assert await names(product, "sea") == ["SEA"]
    await product.publish.delete(bo, second)
    assert await names(product, "sea") == ["Sea"]


async def test_days_that_no_history_shows_any_more_are_forgotten(product: Product, monkeypatch) -> None:
    ada = await product.person("ada")
    await product.post(ada, "#sea")
    product.appending.clock.now_ms += 30 * DAY_MS
    monkeypatch.setattr("whimbrel.microblog.search.apply.TAG_DAYS_SWEEP_EVENTS", 1)
    await product.post(ada, "nothing")
    assert product.stored("SELECT * FROM tag_days") == []


async def test_a_hashtag_that_nobody_uses_is_shown_as_it_was_asked_for(product: Product) -> None:
    tag = await product.search.tag("Nothing")
    assert (tag.name, tag.shown, sum(day.uses for day in tag.history)) == ("nothing", "Nothing", 0)


async def test_a_post_is_found_by_its_address_if_it_may_be_seen(product: Product) -> None:
    ada, bo = await product.people("ada", "bo")
    public = await product.post(ada)
    private = await product.post(ada, visibility="private")
    for path in (f"/@ada/{public}", f"/@ADA/{public}/", f"/users/ada/statuses/{public}"):
        shown = await product.search.post_by_url(None, PUBLIC_URL + path)
        assert shown is not None
        assert shown.post.id == public
    assert await product.search.post_by_url(bo, f"{PUBLIC_URL}/@ada/{private}") is None
    assert await product.search.post_by_url(ada, f"{PUBLIC_URL}/@ada/{private}") is not None
    for url in (
        f"{PUBLIC_URL}/@bo/{public}",
        f"{PUBLIC_URL}/@ada/{public}9",
        f"{PUBLIC_URL}/@ada/99999999999999999999",
        f"http://elsewhere.example/@ada/{public}",
        f"{PUBLIC_URL}/@ada",
    ):
        assert await product.search.post_by_url(None, url) is None
