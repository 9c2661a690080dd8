"""A seeded crowd that posts, replies and reblogs, and a plain account of it in Python lists to compare with."""

import random
from typing import NamedTuple

from tests.support.product import Product
from whimbrel.kernel.events import Appended, Group, draft
from whimbrel.kernel.pages import Page
from whimbrel.microblog.posts.events import Mention, Pinned, PostCreated, Reblogged, Tag

AUTHORS = range(1, 9)
TAGS = ("birds", "sea", "tea")


class Told(NamedTuple):
    """One post or reblog as the crowd remembers it."""

    id: int
    author: int
    visibility: str
    parent: "Told | None"
    reblog_of: "Told | None"
    named: tuple[int, ...]
    tags: tuple[str, ...]

    @property
    def to_another(self) -> bool:
        """Whether it answers somebody else."""
        return self.parent is not None and self.parent.author != self.author


def crowd(product: Product, count: int, *, seed: int, busy: int = 1) -> list[Told]:
    """`count` posts and reblogs, oldest first. Every author but the first `busy` ones posts rarely."""
    dice, told = random.Random(seed), list[Told]()
    while len(told) < count:
        author = dice.choice(AUTHORS) if dice.random() < 0.3 else dice.randint(1, busy)
        originals = [one for one in told if one.reblog_of is None]
        if originals and dice.random() < 0.2:
            told.append(_reblog(product, dice, author, dice.choice(originals)))
        else:
            told.append(_post(product, dice, author, originals))
    return told


def pin(product: Product, one: Told) -> None:
    """Its author pins it."""
    product.appending.add(Group((draft(Pinned(), actor=one.author, id=one.id),)))


def paged(ids: list[int], page: Page) -> list[int]:
    """What a page of these ids is, said plainly."""
    within = sorted(id_ for id_ in ids if page.floor < id_ < page.ceiling)
    chosen = within[: page.limit] if page.ascending else within[-page.limit :]
    return chosen[::-1]


def some_page(dice: random.Random, told: list[Told]) -> Page:
    """A page that a client might ask for."""

    def bound() -> int | None:
        return dice.choice(told).id + dice.choice((-1, 0, 1)) if dice.random() < 0.5 else None

    return Page(dice.choice((1, 2, 5, 20)), bound(), bound(), bound())


def _post(product: Product, dice: random.Random, author: int, originals: list[Told]) -> Told:
    parent = dice.choice(originals) if originals and dice.random() < 0.4 else None
    visibility = dice.choice(("public", "public", "unlisted", "private", "direct"))
    named = tuple(sorted({dice.choice(AUTHORS) for _ in range(dice.choice((0, 0, 1, 2)))}))
    tags = tuple(sorted({dice.choice(TAGS) for _ in range(dice.choice((0, 1, 2)))}))
    fact = PostCreated(
        "text",
        "<p>text</p>",
        visibility=visibility,
        in_reply_to_id=parent.id if parent else None,
        in_reply_to_account_id=parent.author if parent else None,
        mentions=tuple(Mention(account_id, f"n{account_id}") for account_id in named),
        tags=tuple(Tag(tag, tag.title()) for tag in tags),
    )
    return Told(_append(product, fact, author), author, visibility, parent, None, named, tags)


def _reblog(product: Product, dice: random.Random, author: int, post: Told) -> Told:
    visibility = dice.choice(("public", "unlisted", "private"))
    fact = Reblogged(post.id, post.author, visibility=visibility)
    return Told(_append(product, fact, author), author, visibility, None, post, (), ())


def _append(product: Product, fact: PostCreated | Reblogged, author: int) -> int:
    (outcome,) = product.appending.append_batch((Group((draft(fact, actor=author),)),))
    assert isinstance(outcome, Appended)
    assert outcome.stamps[0] is not None
    return outcome.stamps[0].id
