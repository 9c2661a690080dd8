"""The rule of a disk that fills: which level follows which, what stops at each, and what is said of it."""

import os
import random

import pytest

from whimbrel.kernel.limits import DISK_FREE_SHARE_BACK, DISK_FREE_SHARE_MIN
from whimbrel.reliability.disk import LEVELS, STOPS_AT, Pressure, Space, has_room_for, level_of, may, pressure, space_of

TOTAL = 1_000_000


def having(share, *, files=(0, 0)):
    return Space(int(share * TOTAL), TOTAL, *files)


def test_a_disk_is_low_below_the_least_share_and_ok_again_only_above_the_second_one():
    between = (DISK_FREE_SHARE_MIN + DISK_FREE_SHARE_BACK) / 2
    assert level_of(having(between), "ok") == "ok"
    assert level_of(having(DISK_FREE_SHARE_MIN - 0.001), "ok") == "low"
    assert level_of(having(between), "low") == "low"
    assert level_of(having(DISK_FREE_SHARE_BACK), "low") == "ok"


def test_a_disk_is_full_without_a_byte_or_when_the_journal_was_refused():
    assert level_of(having(0.0), "low") == "full"
    assert level_of(having(0.04), "low", refused=True) == "full"
    assert level_of(having(0.04), "full") == "low"
    assert level_of(having(DISK_FREE_SHARE_BACK), "full") == "ok"


def test_a_disk_without_inodes_is_low_however_many_bytes_it_has():
    assert level_of(having(0.9, files=(10, 1_000)), "ok") == "low"
    assert level_of(having(0.9, files=(0, 0)), "ok") == "ok", "this file system does not count them"
    assert Space(0, 0).free_share == 0.0


def test_a_disk_that_swings_within_the_two_limits_changes_its_level_once():
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, level, changes = random.Random(seed), "ok", 0
    for _ in range(1_000):
        share = chance.uniform(DISK_FREE_SHARE_MIN - 0.02, DISK_FREE_SHARE_BACK - 0.001)
        after = level_of(having(share), level)
        changes += after != level
        level = after
    assert (level, changes) == ("low", 1)


@pytest.mark.parametrize("activity", STOPS_AT)
def test_what_can_be_done_without_stops_when_the_disk_is_low_and_stays_stopped(activity):
    allowed = [may(activity, level) for level in LEVELS]
    assert allowed[0]
    assert allowed == sorted(allowed, reverse=True)
    assert not may(activity, "low")


def test_there_is_room_for_something_unless_it_makes_the_disk_low():
    assert has_room_for(int(0.4 * TOTAL), having(0.5))
    assert not has_room_for(int(0.46 * TOTAL), having(0.5))


def test_each_level_says_what_is_free_and_what_has_stopped():
    words = {level: Pressure(level, having(0.04)).words for level in LEVELS}
    assert all("4.0% free, 40000 bytes" in text for text in words.values())
    assert all(activity in words["low"] for activity in STOPS_AT)
    assert "deletions" in words["full"]


def test_the_space_of_a_folder_is_what_its_file_system_says(tmp_path):
    found = os.statvfs(tmp_path)
    space = space_of(tmp_path)
    assert space.total_bytes == found.f_blocks * found.f_frsize
    assert space.total_files == found.f_files
    assert pressure(tmp_path, refused=True).level == "full"
    with pytest.raises(OSError, match="No such file"):
        pressure(tmp_path / "nowhere")
