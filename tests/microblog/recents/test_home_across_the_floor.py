"""The home timeline above, across and below the floor of what memory holds, against a plain list of everything."""

import random
from typing import NamedTuple

import pytest

from tests.support.product import Product
from whimbrel.kernel.pages import Page
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.home import Home
from whimbrel.microblog.posts.ladder import joined, tagged_below
from whimbrel.microblog.recents import Window
from whimbrel.microblog.recents_feed import RecentsInMemory

pytestmark = pytest.mark.anyio

LOOK_BACK = 40
FOLLOWED_TAGS = {"birds", "sea"}
STRETCHES = ((0, 0.9, 120), (0, 0.1, 120), (0.8, 0.5, 200), (0, 0.1, 100), (0.8, 0.5, 150), (0, 0.5, 60))
"""Oldest first: the shares of the muted one and, of what is left, of strangers; and how many entries."""


class Told(NamedTuple):
    """One post or reblog as the crowd remembers it; `to_stranger`: it answers somebody whom nobody follows."""

    id: int
    author: int
    subject: int
    public: bool
    to_stranger: bool
    tags: frozenset[str]


class Scene(NamedTuple):
    """A reader's home over real engines, and everything that was said, oldest first."""

    product: Product
    home: Home
    window: Window
    reader: Reader
    told: list[Told]


@pytest.fixture
async def empty(product: Product) -> Scene:
    window = Window(entries_max=LOOK_BACK)
    product.appending.add_view(RecentsInMemory(window))
    reads, clock = product.appending.reads, product.appending.clock
    home = Home(window=window, posts=product.posts, reads=reads, clock=clock)
    return Scene(product, home, window, await product.person("Ada"), [])


async def say(scene: Scene, author: Reader, *tags: str, visibility: str = "public", to: Told | None = None) -> Told:
    text = " ".join(["Hello", *(f"#{tag}" for tag in tags)])
    more = {"visibility": visibility, "in_reply_to_id": to.id if to else None}
    id_ = await scene.product.post(author, text, **more)
    told = Told(id_, author.account_id, id_, visibility == "public", to is not None, frozenset(tags))
    scene.told.append(told)
    return told


async def show_again(scene: Scene, author: Reader, post: Told) -> None:
    id_ = await scene.product.reblog(author, post.subject)
    if all(one.id != id_ for one in scene.told):
        public = post.public
        scene.told.append(Told(id_, author.account_id, post.subject, public, False, frozenset()))


async def crowded(scene: Scene, seed: int) -> None:
    """Stretches where strangers, the followed, or somebody who is muted fill the followed hashtags, and mixed ones.

    What the muted one says is found by its hashtags and then left out: so one list ends much nearer than the other,
    and a page has to go on beyond that end.
    """
    dice = random.Random(seed)
    followed, strangers = await scene.product.people("Bo", "Cy"), await scene.product.people("Di", "Ed")
    muted = await scene.product.person("Fi")
    await scene.product.mute(scene.reader, muted)
    for other in followed:
        await scene.product.follow(scene.reader, other)
    for tag in FOLLOWED_TAGS:
        await scene.product.graph.follow_tag(scene.reader, tag)
    for share_of_muted, share_of_strangers, length in STRETCHES:
        for _ in range(length):
            if dice.random() < share_of_muted:
                await say(scene, muted, "birds")
                continue
            author = dice.choice(strangers if dice.random() < share_of_strangers else followed)
            recent = [one for one in scene.told[-80:] if one.author != muted.account_id]
            originals = [one for one in recent if one.subject == one.id and one.public]
            by_strangers = [one for one in originals if one.author in {person.account_id for person in strangers}]
            tags = [tag for tag in ("birds", "sea", "tea") if dice.random() < 0.4]
            kind = dice.random()
            if kind < 0.2 and originals:
                await show_again(scene, author, dice.choice(originals))
            elif kind < 0.3 and by_strangers:
                await say(scene, author, *tags, to=dice.choice(by_strangers))
            else:
                await say(scene, author, *tags, visibility=dice.choice(("public", "public", "unlisted")))


def naive(scene: Scene) -> list[int]:
    """The whole home, newest first: by the follow or the hashtag, without reblogs of what stands just below."""
    inside: list[Told] = []
    for one in scene.told:
        if one.author in scene.reader.mutes:
            continue
        by_tag = one.public and one.subject == one.id and bool(one.tags & FOLLOWED_TAGS)
        to_nobody_known = one.to_stranger and one.author != scene.reader.account_id
        if (one.author in scene.reader.follows and not to_nobody_known) or by_tag:
            inside.append(one)
    shown = [
        one.id
        for place, one in enumerate(inside)
        if one.subject == one.id or all(one.subject != b.subject for b in inside[max(0, place - LOOK_BACK) : place])
    ]
    return shown[::-1]


def paged(ids: list[int], page: Page) -> list[int]:
    within = [id_ for id_ in ids if page.floor < id_ < page.ceiling]
    return within[-page.limit :] if page.ascending else within[: page.limit]


async def ask(scene: Scene, page: Page) -> list[int]:
    return [shown.post.id for shown in await scene.home.page(scene.reader, page)]


async def test_a_followed_hashtag_was_lost_from_home_below_what_memory_holds(empty: Scene) -> None:
    (stranger,) = await empty.product.people("Di")
    await empty.product.graph.follow_tag(empty.reader, "birds")
    tagged = await say(empty, stranger, "birds")
    for _ in range(2 * LOOK_BACK):
        await say(empty, stranger)
    assert empty.window.floor_id > tagged.id
    assert await ask(empty, Page()) == [tagged.id]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_pages_agree_with_a_plain_list_from_every_cursor(empty: Scene, seed: int) -> None:
    await crowded(empty, seed)
    expected, dice = naive(empty), random.Random(seed)
    floor = empty.window.floor_id
    assert expected[-1] < floor < expected[0]
    seam = min(expected, key=lambda id_: abs(id_ - floor))
    near = expected.index(seam)
    cursors = [*expected[max(0, near - 8) : near + 8], floor, floor + 1, *dice.sample(expected, 40), 1, expected[0] + 1]
    for cursor in cursors:
        for limit in (1, 7, 40):
            for page in (Page(limit, max_id=cursor), Page(limit, min_id=cursor), Page(limit, since_id=cursor)):
                assert await ask(empty, page) == paged(expected, page), page


@pytest.mark.parametrize("limit", [5, 20])
async def test_walking_down_and_up_again_meets_everything_once(empty: Scene, limit: int) -> None:
    await crowded(empty, 4)
    expected = naive(empty)
    down: list[int] = []
    while page := await ask(empty, Page(limit, max_id=down[-1] if down else None)):
        down += page
    up: list[int] = []
    while page := await ask(empty, Page(limit, min_id=up[0] if up else expected[-1] - 1)):
        up = [*page, *up]
    assert (down, up) == (expected, expected)


async def test_any_of_several_hashtags_is_asked_for_and_a_post_with_two_comes_once(empty: Scene) -> None:
    (stranger,) = await empty.product.people("Di")
    wrote = [await say(empty, stranger, *tags) for tags in (("birds",), ("birds", "sea"), ("sea",), ("tea",))]
    await say(empty, stranger, "birds", visibility="unlisted")
    ids = [one.id for one in wrote[:3]]

    def found(*, ascending: bool, floor: int = 0, ceiling: int = 1 << 62, limit: int = 9) -> list[int]:
        bounds = {"floor": floor, "ceiling": ceiling, "limit": limit, "ascending": ascending}
        return [row[0] for row in empty.product.look(lambda look: tagged_below(look, ("birds", "sea"), **bounds))]

    assert found(ascending=True) == ids
    assert found(ascending=False) == ids[::-1]
    assert found(ascending=False, limit=2) == ids[:0:-1]
    assert found(ascending=True, floor=ids[0], ceiling=ids[2]) == ids[1:2]


@pytest.mark.parametrize(
    ("lists", "ascending", "expected"),
    [
        (([9, 7, 5], [8, 2]), False, ([9, 8, 7, 5], 5)),
        (([9, 7, 5], [8, 7, 6]), False, ([9, 8, 7, 6], 6)),
        (([9, 7], [8, 7]), False, ([9, 8, 7], 0)),
        (([1, 2, 3], [4, 5, 6]), True, ([1, 2, 3], 3)),
        (([1, 9], [4, 5, 6]), True, ([1, 4, 5, 6], 6)),
        (([], []), True, ([], 0)),
    ],
)
def test_joined_lists_show_nothing_beyond_the_nearer_end(lists, ascending, expected) -> None:
    rows, end = joined([[(id_,) for id_ in ids] for ids in lists], limit=3, ascending=ascending)
    assert ([row[0] for row in rows], end) == expected
