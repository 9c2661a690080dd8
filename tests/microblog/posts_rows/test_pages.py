"""Every page of every list is what filtering a plain Python list gives, from any cursor."""

import random
from itertools import product as combinations

import pytest

from tests.microblog.posts_rows.crowd import AUTHORS, TAGS, Told, crowd, paged, pin, some_page
from tests.support.product import Product
from whimbrel.kernel.pages import Page
from whimbrel.microblog.posts import rows

PAGES = 60


@pytest.mark.parametrize("seed", [1, 2])
def test_public_pages_hold_public_posts_without_reblogs_and_replies_to_others(product: Product, seed: int) -> None:
    told, dice = crowd(product, 120, seed=seed), random.Random(seed)
    public = [one.id for one in told if one.visibility == "public" and not one.reblog_of and not one.to_another]
    for _ in range(PAGES):
        page = some_page(dice, told)
        assert product.look(lambda look, page=page: rows.public(look, page)) == paged(public, page), (seed, page)


@pytest.mark.parametrize(("local", "remote", "some"), [(True, False, True), (False, True, False), (True, True, True)])
def test_everybody_is_local(product: Product, local: bool, remote: bool, some: bool) -> None:
    crowd(product, 20, seed=1)
    found = product.look(lambda look: rows.public(look, Page(), local=local, remote=remote))
    assert bool(found) == some
    assert product.look(lambda look: rows.public(look, Page(), only_media=True)) == []


@pytest.mark.parametrize("seed", [3, 4])
def test_hashtag_pages_hold_public_posts_with_any_all_and_none_of_some_tags(product: Product, seed: int) -> None:
    told, dice = crowd(product, 120, seed=seed), random.Random(seed)
    for _ in range(PAGES):
        page = some_page(dice, told)
        first, *any_of = dice.sample(TAGS, dice.choice((1, 2)))
        all_of = dice.sample(TAGS, dice.choice((0, 0, 1)))
        none_of = dice.sample(TAGS, dice.choice((0, 0, 1)))
        wanted = [
            one.id
            for one in told
            if one.visibility == "public"
            and {first, *any_of} & set(one.tags)
            and set(all_of) <= set(one.tags)
            and not set(none_of) & set(one.tags)
        ]
        found = product.look(
            lambda look, ask=(first, page, any_of, all_of, none_of): rows.tagged(
                look, ask[0], ask[1], any_of=ask[2], all_of=ask[3], none_of=ask[4]
            )
        )
        assert found == paged(wanted, page), (seed, page, first, any_of, all_of, none_of)


def seen(one: Told, viewer: int | None, *, follows: bool) -> bool:
    if one.author == viewer or viewer in one.named:
        return True
    return one.visibility in ("public", "unlisted") or (one.visibility == "private" and follows)


@pytest.mark.parametrize("seed", [5, 6])
def test_profile_pages_hold_what_the_viewer_may_see_and_asked_for(product: Product, seed: int) -> None:
    told, dice = crowd(product, 150, seed=seed), random.Random(seed)
    author = 1
    for one in [one for one in told if one.author == author and not one.reblog_of][:5]:
        pin(product, one)
    pinned = set(product.look(lambda look: rows.pins(look, author)))
    for viewer, follows, no_replies, no_reblogs in combinations((None, 1, 2), (False, True), (0, 1), (0, 1)):
        for tagged, only_pinned in combinations((None, "sea"), (False, True)):
            page = some_page(dice, told)
            wanted = [
                one.id
                for one in told
                if one.author == author
                and seen(one, viewer, follows=follows)
                and not (no_replies and one.to_another)
                and not (no_reblogs and one.reblog_of)
                and (tagged is None or tagged in one.tags)
                and (not only_pinned or one.id in pinned)
            ]
            choice = {
                "viewer_id": viewer,
                "follows": follows,
                "exclude_replies": bool(no_replies),
                "exclude_reblogs": bool(no_reblogs),
                "tagged": tagged,
                "pinned": only_pinned,
            }
            found = product.look(lambda look, page=page, choice=choice: rows.by_account(look, author, page, **choice))
            assert found == paged(wanted, page), (seed, page, choice)


def test_the_window_read_in_blocks_is_every_entry_above_its_floor(product: Product) -> None:
    told = crowd(product, 50, seed=7)
    floor = product.look(lambda look: rows.window_floor(look, 30))
    assert floor == told[-31].id
    assert product.look(lambda look: rows.window_floor(look, 50)) == 0
    blocks, above = [], floor
    while block := product.look(lambda look, above=above: rows.window_above(look, above, 7)):
        blocks += block
        above = block[-1][0]
    assert [(row[0], row[1], row[2], row[3], row[5]) for row in blocks] == [
        (
            one.id,
            one.author,
            one.visibility,
            one.parent.id if one.parent else None,
            one.reblog_of.id if one.reblog_of else None,
        )
        for one in told[-30:]
    ]


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({}, id="by a scan"),
        pytest.param({"scanned_max": 3}, id="by gathering"),
        pytest.param({"scanned_max": 3, "gathered_max": 2}, id="by seeking each author"),
    ],
)
@pytest.mark.parametrize("ascending", [False, True])
def test_each_rung_of_the_home_ladder_gives_the_same_entries(
    product: Product,
    limits: dict[str, int],
    ascending: bool,
) -> None:
    told, dice = crowd(product, 150, seed=8, busy=2), random.Random(8)
    for _ in range(PAGES):
        authors = dice.sample(AUTHORS, dice.randint(1, 5))
        floor, ceiling = sorted((dice.choice(told).id, dice.choice(told).id))
        limit = dice.choice((1, 3, 10, 200))
        wanted = [one.id for one in told if one.author in authors and floor < one.id < ceiling]
        wanted = wanted[:limit] if ascending else wanted[::-1][:limit]
        found = product.look(
            lambda look, ask=(authors, floor, ceiling, limit): rows.home_below(
                look, ask[0], floor=ask[1], ceiling=ask[2], limit=ask[3], ascending=ascending, **limits
            )
        )
        assert [row[0] for row in found] == wanted, (authors, floor, ceiling, limit)


def test_nobody_followed_is_an_empty_home(product: Product) -> None:
    crowd(product, 5, seed=9)
    assert (
        product.look(lambda look: rows.home_below(look, (), ceiling=1 << 62, floor=0, limit=5, ascending=False)) == []
    )


def test_cascades_find_what_hangs_on_a_post_and_on_an_account(product: Product) -> None:
    told = crowd(product, 80, seed=10)
    post = max(told, key=lambda one: sum(other.reblog_of is one for other in told))
    reblogs = [one.id for one in told if one.reblog_of is post][::-1]
    assert [row[0] for row in product.look(lambda look: rows.reblogs_of(look, post.id, 3))] == reblogs[:3]
    mine = [one.id for one in told if one.author == 1][::-1]
    assert [row[0] for row in product.look(lambda look: rows.posts_of(look, 1, 1_000))] == mine
