"""A store is not built anew where that would fill the disk, unless there is none at all; it is when there is room."""

from contextlib import contextmanager

import pytest

from tests.engines.store import shop as rooms
from tests.support.serving import eventually
from whimbrel.engines.journal.head import HeadWriter
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.applier import Applier, Follows
from whimbrel.engines.store.files import remove_files

SECONDS_MAX = 20.0


@pytest.fixture
def shop(tmp_path):
    shop = rooms.Shop(tmp_path)
    ada = shop.happen(rooms.Joined("ada"))
    shop.happen(rooms.Wrote("hello"), actor=ada)
    yield shop
    shop.close()


@contextmanager
def following(shop, room):
    """An applier on a disk that has room when `room` holds something."""
    head = HeadWriter(shop.data / "head")
    head.publish_head(shop.journal.head()[0], 0)
    applier = Applier(
        shop.path,
        Follows(shop.schemas, rooms.VOCABULARY.decode, rooms.apply),
        JournalReader(shop.data / "journal.sqlite"),
        head,
        on_moved=lambda: None,
        after_batch=lambda _: None,
        has_room_for=lambda _: bool(room),
    )
    applier.start()
    try:
        yield applier
    finally:
        applier.stop()


def follows(applier, shop):
    return applier.status.doing == "following" and applier.status.cursor == shop.journal.head()[0]


def test_a_damaged_store_waits_for_room_and_is_then_built_anew_by_itself(shop):
    shop.writer.close()
    shop.path.write_bytes(b"no store at all")
    room = []
    with following(shop, room) as applier:
        eventually(lambda: applier.status.doing == "waiting", seconds=SECONDS_MAX, what="it waits")
        eventually(
            lambda: "No room to build it anew" in applier.status.last_error, seconds=SECONDS_MAX, what="says why"
        )
        assert shop.path.read_bytes() == b"no store at all"
        room.append("some")
        eventually(lambda: follows(applier, shop), seconds=SECONDS_MAX, what="the store follows")
    assert shop.notes() == [("hello", 0)]


def test_a_store_that_is_not_there_is_built_however_full_the_disk_is(shop):
    shop.writer.close()
    remove_files(shop.path)
    with following(shop, []) as applier:
        eventually(lambda: follows(applier, shop), seconds=SECONDS_MAX, what="the store follows")
    assert shop.notes() == [("hello", 0)]


def test_half_a_store_does_not_stay_in_the_way_of_what_needs_the_room(shop):
    shop.writer.close()
    remove_files(shop.path)

    def fails(rows, event):
        rooms.apply(rows, event)
        raise MemoryError

    head = HeadWriter(shop.data / "head")
    head.publish_head(shop.journal.head()[0], 0)
    applier = Applier(
        shop.path,
        Follows(shop.schemas, rooms.VOCABULARY.decode, fails),
        JournalReader(shop.data / "journal.sqlite"),
        head,
        on_moved=lambda: None,
        after_batch=lambda _: None,
    )
    applier.start()
    eventually(lambda: applier.status.doing == "waiting", seconds=SECONDS_MAX, what="it waits")
    applier.stop()
    assert not list(shop.data.glob("*.building*"))
