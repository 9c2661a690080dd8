"""A snapshot is a whole copy of the store with its place in the journal, or it does not count."""

import os
import stat
import threading

import pytest

from tests.engines.store.shop import Joined, Liked, Wrote
from whimbrel.engines.store.compare import differences
from whimbrel.engines.store.snapshots import (
    Busy,
    NoRoom,
    expire,
    fitting,
    list_snapshots,
    newest_fitting,
    remove_snapshot,
    take_snapshot,
    verify_snapshot,
)
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.limits import SNAPSHOT_AGE_MS_MAX, SNAPSHOT_CHECK_MS_MAX, SNAPSHOT_LOG_BYTES_MAX

HOUR_MS = 3_600_000


@pytest.fixture
def filled(shop):
    """A shop with a person and three notes."""
    ada = shop.happen(Joined("ada"))
    for text in ("one", "two", "three"):
        shop.happen(Wrote(text), actor=ada)
    shop.catch_up()
    return shop


def verified(shop, now_ms=0):
    """A snapshot of the shop as it is, taken and verified at a time."""
    taken = take_snapshot(shop.data, clock=lambda: now_ms)
    return verify_snapshot(taken, shop.journal, clock=lambda: now_ms)


def more(shop):
    """One note more, in the store."""
    shop.happen(Wrote("more"), actor=1)
    shop.catch_up()


def test_a_snapshot_is_the_store_at_its_place_in_the_journal(filled):
    snapshot = verified(filled, 7)
    standing = filled.writer.standing()
    assert snapshot.standing == standing
    assert (snapshot.made_ms, snapshot.verified_ms, snapshot.is_verified) == (7, 7, True)
    assert snapshot.store == filled.data / "snapshots" / str(standing.sequence) / "store.sqlite"
    assert differences(snapshot.store, filled.path) == []
    assert list_snapshots(filled.data) == [snapshot]


def test_a_copy_that_the_stores_log_overtakes_is_given_up(filled):
    log = filled.path.with_name(filled.path.name + "-wal")

    def written_meanwhile(*_):
        os.truncate(log, SNAPSHOT_LOG_BYTES_MAX + 1)  # a hole: SQLite reads no further than its last transaction

    with pytest.raises(StoreUnavailable, match="given up"):
        take_snapshot(filled.data, on_progress=written_meanwhile)
    assert list_snapshots(filled.data) == []
    assert not [path for path in (filled.data / "snapshots").iterdir() if path.is_dir()]


def test_only_the_owner_may_look_into_a_snapshot(filled):
    snapshot = verified(filled)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (snapshot.path, *snapshot.path.iterdir())}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o600"}
    assert sorted(path.name for path in snapshot.path.iterdir()) == ["manifest.json", "store.sqlite"]


def test_a_copy_has_the_pages_of_the_store_so_that_unchanged_pieces_are_found_again(filled):
    for number in range(400):
        filled.happen(Wrote(f"{number} {'long ' * 100}"), actor=1)
    filled.catch_up()
    filled.writer.empty_log()
    before = verified(filled).store.read_bytes()
    filled.happen(Liked(), id=filled.all("SELECT min(id) FROM notes")[0][0])
    filled.catch_up()
    after = verified(filled).store.read_bytes()
    assert len(before) == len(after)
    pages = range(0, len(before), 4_096)
    changed = [place for place in pages if before[place : place + 4_096] != after[place : place + 4_096]]
    assert 0 < len(changed) < 10
    assert len(pages) > 40


def test_the_store_goes_on_while_it_is_copied_and_the_copy_is_of_one_moment(filled, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.snapshot_files.SNAPSHOT_PIECE_BYTES", 4_096)
    before = filled.writer.standing()
    told = []

    def go_on(_what, done, total):
        told.append((done, total))
        more(filled)

    snapshot = take_snapshot(filled.data, on_progress=go_on)
    assert len(told) > 3
    assert snapshot.standing == before
    assert filled.writer.standing().sequence >= before.sequence + 3
    assert verify_snapshot(snapshot, filled.journal).is_verified


def test_the_log_of_the_store_starts_over_once_the_copy_is_made(filled):
    verified(filled)
    assert filled.writer.empty_log()


def test_a_snapshot_at_the_same_record_takes_the_place_of_the_old_one(filled):
    first, second = verified(filled, 1), verified(filled, 2)
    assert first.path == second.path
    assert [one.made_ms for one in list_snapshots(filled.data)] == [2]


def test_what_a_crash_has_left_is_swept_and_what_it_caught_between_two_names_is_put_back(filled):
    snapshot = verified(filled)
    folder = snapshot.path.parent
    (folder / ".making-1").mkdir()
    (folder / ".making-1" / "store.sqlite").write_bytes(b"half of one")
    snapshot.path.rename(folder / f"{snapshot.sequence}.was")
    assert list_snapshots(filled.data) == []
    assert expire(filled.data, 0) == []
    assert list_snapshots(filled.data) == [snapshot]
    assert not (folder / ".making-1").exists()


def test_a_snapshot_that_is_stopped_leaves_nothing(filled):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_snapshot(filled.data, on_progress=stop)
    assert [path.name for path in (filled.data / "snapshots").iterdir()] == [".lock"]


def test_two_at_once_are_one_and_an_error(filled):
    found = []

    def another(*_):
        if not found:
            with pytest.raises(Busy):
                take_snapshot(filled.data)
            found.append(True)

    take_snapshot(filled.data, on_progress=another)
    assert found


def test_without_a_store_there_is_nothing_to_copy(tmp_path):
    with pytest.raises(StoreUnavailable):
        take_snapshot(tmp_path)


def test_a_file_that_is_no_store_is_not_copied(filled):
    filled.writer.close()
    filled.path.write_bytes(b"nonsense" * 4_096)
    for beside in ("-wal", "-shm"):
        filled.path.with_name(filled.path.name + beside).unlink(missing_ok=True)
    with pytest.raises((Corrupt, StoreUnavailable)):
        take_snapshot(filled.data)
    assert list_snapshots(filled.data) == []


def test_on_a_disk_that_is_nearly_full_no_snapshot_is_made(filled, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.snapshots.DISK_FREE_SHARE_MIN", 1.0)
    with pytest.raises(NoRoom):
        take_snapshot(filled.data)
    assert list_snapshots(filled.data) == []


@pytest.mark.parametrize("place", [0, 5_000, -1])
def test_a_flipped_byte_is_found_and_the_snapshot_counts_no_more(filled, place):
    snapshot = verified(filled)
    content = bytearray(snapshot.store.read_bytes())
    content[place] ^= 1
    snapshot.store.write_bytes(content)
    with pytest.raises(Corrupt):
        verify_snapshot(snapshot, filled.journal)
    (found,) = list_snapshots(filled.data)
    assert "checksum" in found.damage
    assert not found.is_verified
    assert fitting(filled.data, snapshot.schema_hash, filled.journal) == []


def test_a_broken_store_is_not_verified_though_its_copy_is_exact(filled):
    filled.writer.close()
    (page,) = filled.all("SELECT rootpage FROM sqlite_schema WHERE name = 'notes'")[0]
    content = bytearray(filled.path.read_bytes())
    content[(page - 1) * 4_096 + 3] ^= 0xFF
    filled.path.write_bytes(content)
    with pytest.raises(Corrupt):
        verify_snapshot(take_snapshot(filled.data), filled.journal)


def test_a_snapshot_of_another_history_does_not_fit(filled, tmp_path_factory):
    snapshot = verified(filled)
    other = type(filled)(tmp_path_factory.mktemp("other"))
    for _ in range(10):
        other.happen(Joined("grace"))
    with pytest.raises(Corrupt):
        verify_snapshot(snapshot, other.journal)
    assert newest_fitting(filled.data, snapshot.schema_hash, other.journal) is None
    other.journal.trim(up_to=snapshot.sequence)
    assert newest_fitting(filled.data, snapshot.schema_hash, other.journal) is None
    other.close()


def test_the_newest_that_is_verified_fits_and_one_behind_the_beginning_of_the_journal_does_not(filled):
    old = verified(filled)
    more(filled)
    new = verified(filled)
    more(filled)
    take_snapshot(filled.data)
    assert fitting(filled.data, old.schema_hash, filled.journal) == [new, old]
    filled.journal.trim(up_to=new.sequence)
    assert fitting(filled.data, old.schema_hash, filled.journal) == [new]
    assert newest_fitting(filled.data, b"of another schema", filled.journal) is None
    remove_snapshot(new)
    assert newest_fitting(filled.data, old.schema_hash, filled.journal) is None


def test_the_two_newest_verified_ones_are_kept_and_none_for_longer_than_seven_days(filled):
    made = []
    for hour in range(4):
        made.append(verified(filled, hour * HOUR_MS))
        more(filled)
    unverified = take_snapshot(filled.data, clock=lambda: 4 * HOUR_MS)
    assert {one.sequence for one in expire(filled.data, 4 * HOUR_MS)} == {one.sequence for one in made[:2]}
    assert list_snapshots(filled.data) == [unverified, made[3], made[2]]
    assert expire(filled.data, 4 * HOUR_MS + SNAPSHOT_CHECK_MS_MAX + 1) == [unverified]
    assert expire(filled.data, made[2].made_ms + SNAPSHOT_AGE_MS_MAX + 1) == [made[2]]
    assert expire(filled.data, made[3].made_ms + SNAPSHOT_AGE_MS_MAX + 1) == [made[3]]
    assert list_snapshots(filled.data) == []


def test_a_reader_of_the_list_never_sees_half_a_snapshot(filled):
    wrong, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            wrong.extend(one for one in list_snapshots(filled.data) if one.store.stat().st_size != one.bytes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(20):
            more(filled)
            take_snapshot(filled.data)
    finally:
        stop.set()
        thread.join()
    assert wrong == []


def test_a_copy_under_way_is_waited_for_once_in_a_while_and_not_in_every_batch(filled, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.writer._WAL_PAGES_MAX", 4)
    monkeypatch.setattr("whimbrel.engines.store.writer.STORE_CHECKPOINT_PAGES", 1)
    asked = []

    def go_on(*_):
        if not asked:
            for _ in range(3):
                more(filled)
                asked.append(filled.writer._restart_from)

    take_snapshot(filled.data, on_progress=go_on)
    assert asked[-1] > 4
    more(filled)
    more(filled)
    assert filled.writer._restart_from == 0
