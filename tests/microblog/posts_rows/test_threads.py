"""Threads: what a post answers and what answers it, against plain recursion."""

import random

import pytest

from tests.microblog.posts_rows.crowd import Told, crowd
from tests.support.product import Product
from whimbrel.microblog.posts import rows


def above(one: Told) -> list[int]:
    return [*above(one.parent), one.parent.id] if one.parent else []


def below(told: list[Told], one: Told, depth: int) -> list[int]:
    found: list[int] = []
    for reply in told if depth else ():
        if reply.parent is one:
            found += [reply.id, *below(told, reply, depth - 1)]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_threads_are_read_in_the_order_of_a_conversation(product: Product, seed: int) -> None:
    told, dice = crowd(product, 150, seed=seed), random.Random(seed)
    for one in told:
        limit, depth = dice.choice((1, 2, 5, 100)), dice.choice((1, 2, 100))
        nearest = above(one)[-limit:]
        assert product.look(lambda look, a=(one.id, limit): rows.ancestors(look, *a)) == nearest
        first = below(told, one, depth)[:limit]
        assert product.look(lambda look, a=(one.id, limit, depth): rows.descendants(look, *a)) == first


def test_a_post_that_is_not_there_has_no_thread(product: Product) -> None:
    assert product.look(lambda look: rows.ancestors(look, 1, 10)) == []
    assert product.look(lambda look: rows.descendants(look, 1, 10, 10)) == []
