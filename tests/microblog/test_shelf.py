"""Shelves: what was asked for is returned, however little room there is."""

import pytest

from whimbrel.microblog.shelf import Shelf

pytestmark = pytest.mark.anyio

ROOM = 10
EXISTING = range(1, 101)


def query(_rows, keys):
    return {key: f"entity {key}" for key in keys if key in EXISTING}


@pytest.fixture
def shelf(appending):
    return Shelf(
        appending.reads, appending.tail, query=query, touched=lambda _: (), change=lambda *_: None, items_max=ROOM
    )


async def test_what_was_held_is_returned_even_when_it_has_to_make_room_for_what_is_loaded_with_it(shelf):
    await shelf.many(range(1, ROOM + 1))
    for new in range(50, 80):
        wanted = [*range(1, 8), new, 1_000]
        assert list(await shelf.many(wanted)) == wanted[:-1]


async def test_more_than_there_is_room_for_is_returned_whole(shelf):
    assert list(await shelf.many(EXISTING)) == list(EXISTING)
    assert len(shelf) <= ROOM
