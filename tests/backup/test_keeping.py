"""Which backups expire, and that nothing goes which a backup that stays needs."""

import os

import pytest

from tests.backup.looking import backed_up, is_same_store, objects, restored, silent
from whimbrel.backing_up import Wishes, back_up
from whimbrel.engines.backup.documents import BACKUPS
from whimbrel.engines.backup.keeping import expired
from whimbrel.engines.backup.place import open_place
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.kernel.limits import BACKUP_LEFTOVER_MS
from whimbrel.restoring import backups_at

DAY_MS = 24 * 3_600_000
NAMES = [f"{BACKUPS}/202605{day:02}T120000000Z-{day}.json" for day in range(1, 11)]
NOW_MS = 1_778_414_400_000  # 2026-05-10T12:00:00Z


@pytest.mark.parametrize(
    ("keep", "days", "left"),
    [(None, 7, 8), (None, 0, 2), (None, 100, 10), (3, 7, 3), (1, 7, 1), (0, 7, 1)],
)
def test_backups_expire_by_days_or_by_number_and_the_newest_never(keep, days, left):
    gone = expired(NAMES, NOW_MS, keep=keep, keep_days=days)
    assert sorted(set(NAMES) - set(gone)) == NAMES[-left:]


def at(town, place, now_ms, **wishes):
    """A backup that is made at another time."""
    return back_up(town.data, place, Wishes(**wishes), silent, clock=lambda: now_ms)


def test_what_no_backup_needs_is_removed_once_it_is_old(town, place, tmp_path):
    now_ms = wall_clock_ms()
    at(town, place, now_ms)
    first = set(objects(tmp_path / "place"))
    town.live(300)
    at(town, place, now_ms + DAY_MS, full=True)
    done = at(town, place, now_ms + 2 * DAY_MS, full=True, keep=1)
    assert done.expired == 2
    assert done.swept_objects > 0
    assert not first <= set(objects(tmp_path / "place"))
    assert len(backups_at(place)[0]) == 1
    restored(place, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")


def test_young_objects_stay_because_they_may_belong_to_a_backup_that_is_being_made(town, place, tmp_path):
    (tmp_path / "place" / "objects" / "ab").mkdir(parents=True)
    young, old, unfinished = (tmp_path / "place" / "objects" / "ab" / name for name in ("ab1", "ab2", "ab3#1"))
    for path in (young, old, unfinished):
        path.write_bytes(b"left over")
    for path in (old, unfinished):
        os.utime(path, (1_000, 1_000))
    backed_up(town.data, place)
    assert (young.exists(), old.exists(), unfinished.exists()) == (True, False, False)
    at(town, place, wall_clock_ms() + 2 * BACKUP_LEFTOVER_MS)
    assert not young.exists()


def test_what_is_somebody_elses_stays_whatever_it_is_called(town, place, tmp_path):
    """Accident: every old file below the place whose name had a number sign and a digit was swept away, because the
    unfinished objects of a killed backup are called so."""
    theirs = tmp_path / "place" / "letters" / "bill #3.txt"
    theirs.parent.mkdir()
    theirs.write_text("paid")
    os.utime(theirs, (1_000, 1_000))
    backed_up(town.data, place)
    assert theirs.exists()


def test_a_place_within_the_data_directory_is_refused(town):
    """Accident: a backup was made into the very directory that it is to replace."""
    for inside in (town.data, town.data / "backups"):
        with pytest.raises(Invalid, match="lies in the data directory"):
            backed_up(town.data, open_place(str(inside), make=True))


def test_nothing_is_removed_while_a_manifest_cannot_be_read(town, place, tmp_path):
    backed_up(town.data, place)
    (tmp_path / "place" / "backups" / "20200101T000000000Z-1.json").write_bytes(b"nonsense")
    (tmp_path / "place" / "objects" / "ab").mkdir(exist_ok=True)
    old = tmp_path / "place" / "objects" / "ab" / "abc"
    old.write_bytes(b"perhaps it is needed")
    os.utime(old, (1_000, 1_000))
    done = backed_up(town.data, place)
    assert len(done.damaged) == 1
    assert old.exists()


def test_an_image_that_holds_what_was_deleted_is_renewed_within_a_day(town, place):
    now_ms = wall_clock_ms()
    at(town, place, now_ms)
    town.delete(next(iter(town.posts)))
    town.catch_up()
    assert at(town, place, now_ms + DAY_MS // 2).image == ""
    assert "deleted" in at(town, place, now_ms + DAY_MS + 60_000).image


def test_a_new_image_that_cannot_be_made_does_not_keep_the_journal_from_being_backed_up(town, place, tmp_path):
    now_ms = wall_clock_ms()
    at(town, place, now_ms)
    town.delete(next(iter(town.posts)))
    town.catch_up()
    (town.data / "store-1.sqlite").rename(tmp_path / "away.sqlite")
    done = at(town, place, now_ms + 2 * DAY_MS)
    assert (done.image, done.postponed != "", done.sequence) == ("", True, town.head)
    (tmp_path / "away.sqlite").rename(town.data / "store-1.sqlite")
    assert restored(place, tmp_path / "new").sequence == town.head


def test_a_place_that_is_none_is_refused_in_words(tmp_path):
    with pytest.raises(NotFound, match="there is no such directory"):
        open_place(str(tmp_path / "nowhere"))
    with pytest.raises(Invalid, match="expected a directory, file:///directory or s3://bucket/prefix"):
        open_place("gopher://birds")
