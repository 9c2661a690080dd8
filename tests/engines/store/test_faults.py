"""What people and disks do to the store's file: noticed, said, and mended by a rebuild from the journal."""

import os
import resource

import apsw
import pytest

from tests.engines.store.shop import SCHEMA, VOCABULARY, Joined, Liked, Wrote, apply, apply_fixed
from whimbrel.engines.reserve import Reserve, Sizes
from whimbrel.engines.store.files import reserve_in
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.rows import Rows
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.errors import Corrupt, StoreUnavailable


@pytest.fixture
def busy_shop(shop):
    ada = shop.happen(Joined("ada"))
    for number in range(50):
        note = shop.happen(Wrote(f"note {number}"), actor=ada)
    shop.happen(Liked(), actor=ada, id=note)
    shop.catch_up()
    shop.ada = ada
    return shop


def mend(shop, apply=apply):
    shop.writer.close()
    rebuild(shop.path, [SCHEMA], shop.journal, decode=VOCABULARY.decode, apply=apply)
    shop.writer = StoreWriter(shop.path, [SCHEMA])


def remove(path):
    path.unlink()


def replace_by_garbage(path):
    beside = path.with_name("garbage")
    beside.write_bytes(os.urandom(20_000))
    beside.replace(path)


def replace_by_nothing(path):
    beside = path.with_name("empty")
    beside.write_bytes(b"")
    beside.replace(path)


def replace_by_a_copy(path):
    beside = path.with_name("copy")
    beside.write_bytes(path.read_bytes())
    beside.replace(path)


def overwrite_by_garbage(path):
    file = os.open(path, os.O_WRONLY)
    os.pwrite(file, os.urandom(os.path.getsize(path)), 0)
    # The file stays open: closing it would drop the locks that SQLite holds in this process.
    return file


@pytest.mark.parametrize(
    "accident", [remove, replace_by_garbage, replace_by_nothing, replace_by_a_copy, overwrite_by_garbage]
)
def test_the_writer_notices_at_the_next_batch_and_a_rebuild_gives_the_same_rows(busy_shop, accident):
    before = busy_shop.notes()
    busy_shop.writer.empty_log()
    accident(busy_shop.path)
    busy_shop.happen(Wrote("after the accident"), actor=busy_shop.ada)
    with pytest.raises(Corrupt):
        busy_shop.catch_up()
    with pytest.raises(Corrupt):
        busy_shop.catch_up()
    mend(busy_shop)
    assert busy_shop.notes() == [*before, ("after the accident", 0)]
    busy_shop.happen(Wrote("and on"), actor=busy_shop.ada)
    busy_shop.catch_up()
    assert busy_shop.notes()[-1] == ("and on", 0)


@pytest.mark.parametrize("accident", [remove, replace_by_garbage, replace_by_nothing])
def test_a_reader_says_that_the_store_is_away_and_finds_the_new_one(busy_shop, accident):
    before = busy_shop.notes()
    accident(busy_shop.path)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            busy_shop.notes()
    with pytest.raises(StoreUnavailable):
        busy_shop.store.ping()
    mend(busy_shop)
    assert busy_shop.notes() == before
    busy_shop.store.ping()


def test_a_store_that_somebody_locks_is_away_and_comes_back(busy_shop):
    other = apsw.Connection(str(busy_shop.path))
    other.execute("BEGIN IMMEDIATE")
    busy_shop.happen(Wrote("meanwhile"), actor=busy_shop.ada)
    with pytest.raises(StoreUnavailable):
        busy_shop.catch_up()
    assert len(busy_shop.notes()) == 50  # readers go on
    other.execute("ROLLBACK")
    other.close()
    busy_shop.catch_up()
    assert len(busy_shop.notes()) == 51


def test_a_store_that_somebody_holds_for_himself_alone_is_away_for_readers_too(busy_shop):
    busy_shop.store.close()
    busy_shop.writer.close()
    other = apsw.Connection(str(busy_shop.path))
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable):
        busy_shop.notes()
    with pytest.raises(StoreUnavailable):
        StoreWriter(busy_shop.path, [SCHEMA])
    other.execute("ROLLBACK")
    other.close()
    assert len(busy_shop.notes()) == 50
    busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA])
    busy_shop.catch_up()


def test_a_rebuild_serves_the_old_store_until_the_switch(busy_shop):
    before = busy_shop.notes()
    busy_shop.happen(Wrote("new"), actor=busy_shop.ada)
    busy_shop.writer.close()
    seen = []
    rebuild(
        busy_shop.path,
        [SCHEMA],
        busy_shop.journal,
        decode=VOCABULARY.decode,
        apply=apply_fixed,
        on_progress=lambda *place: seen.append((place, busy_shop.notes())),
    )
    head = busy_shop.journal.head()[0]
    assert seen == [((head, head), before)]
    assert busy_shop.notes() == [*before, ("new", 0)]
    assert [path.name for path in sorted(busy_shop.path.parent.glob("store-1*building*"))] == []


def test_a_rebuild_that_was_cut_short_begins_anew(busy_shop):
    busy_shop.writer.close()

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(busy_shop.path, [SCHEMA], busy_shop.journal, decode=VOCABULARY.decode, apply=apply, on_progress=stop)
    assert len(busy_shop.notes()) == 50
    mend(busy_shop)
    assert len(busy_shop.notes()) == 50


def test_a_journal_without_its_beginning_rebuilds_nothing(busy_shop):
    before = busy_shop.notes()
    busy_shop.journal.trim(up_to=10)
    with pytest.raises(Corrupt):
        mend(busy_shop)
    assert busy_shop.notes() == before


def test_there_is_no_store_before_the_first_one_is_made(tmp_path):
    store = SqliteStore(tmp_path / "none.sqlite")
    with pytest.raises(StoreUnavailable):
        store.ping()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_store_that_goes_away_while_it_is_opened_is_missed(busy_shop, monkeypatch, end):
    busy_shop.store.close()
    busy_shop.writer.close()

    def removed(db, cursor):
        remove(busy_shop.path.with_name(busy_shop.path.name + end))
        return Rows(db, cursor)

    monkeypatch.setattr("whimbrel.engines.store.writer.Rows", removed)
    with pytest.raises(Corrupt):
        StoreWriter(busy_shop.path, [SCHEMA])
    monkeypatch.undo()
    rebuild(busy_shop.path, [SCHEMA], busy_shop.journal, decode=VOCABULARY.decode, apply=apply)
    busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA])
    assert len(busy_shop.notes()) == 50


class FullDisk(Reserve):
    """A disk on which nothing grows any more, until `pieces` of what was kept were given back: others take some too."""

    def __init__(self, folder, pieces):
        super().__init__(folder / "kept", Sizes(8_192, 8_192, 1_024, 1))
        assert self.hold()
        self._pieces = pieces
        self._free_bytes = lambda: 0

    def __enter__(self):
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, self._limits[1]))
        return self

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def lend(self):
        self._pieces -= 1
        if self._pieces == 0:
            self.__exit__()
        return super().lend()


def test_a_store_is_opened_on_a_full_disk_with_what_was_kept_for_that(busy_shop):
    busy_shop.store.close()
    busy_shop.writer.close()
    with FullDisk(busy_shop.data, pieces=3) as disk:
        with pytest.raises(StoreUnavailable):
            StoreWriter(busy_shop.path, [SCHEMA])
        busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA], reserve=disk)
    assert (busy_shop.data / "kept").stat().st_size == 8_192 - 3 * 1_024
    assert len(busy_shop.notes()) == 50


def test_where_what_was_kept_is_not_enough_the_store_is_away(busy_shop):
    busy_shop.store.close()
    busy_shop.writer.close()
    with FullDisk(busy_shop.data, pieces=100) as disk, pytest.raises(StoreUnavailable):
        StoreWriter(busy_shop.path, [SCHEMA], reserve=disk)
    assert (busy_shop.data / "kept").stat().st_size == 0
    busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA])
    assert len(busy_shop.notes()) == 50


def test_the_log_of_a_store_in_service_is_emptied_and_stays_when_it_is_closed(busy_shop):
    busy_shop.store.close()
    busy_shop.writer.close()
    log, index = (busy_shop.path.with_name(f"{busy_shop.path.name}-{end}") for end in ("wal", "shm"))
    assert not log.exists()
    busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA], reserve=reserve_in(busy_shop.data))
    busy_shop.happen(Wrote("and on"), actor=busy_shop.ada)
    busy_shop.catch_up()
    assert log.stat().st_size > 0
    busy_shop.writer.close()
    assert (log.stat().st_size, index.exists()) == (0, True)
    busy_shop.writer = StoreWriter(busy_shop.path, [SCHEMA])
    assert len(busy_shop.notes()) == 51
