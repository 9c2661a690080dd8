"""What is wrong with a backup is found, said with its place, and never restored."""

import json

import pytest

from tests.backup.looking import backed_up, is_same_store, objects, restored, silent
from whimbrel.kernel.errors import Corrupt
from whimbrel.restoring import rehearse


@pytest.fixture
def backup(town, place, tmp_path):
    """The folder of a place with an image, a segment since, secrets and options."""
    backed_up(town.data, place)
    town.live(20)
    backed_up(town.data, place)
    town.rest()
    return tmp_path / "place"


def needed(backup):
    """Every object of the newest backup, and its manifest."""
    newest = max((backup / "backups").iterdir())
    return [path for path in (backup / "objects").rglob("*") if path.is_file()] + [newest]


def flip(content):
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


@pytest.mark.parametrize("harm", [flip, lambda content: content[:-2]])
def test_every_changed_object_is_found_and_named(backup, place, harm):
    for path in needed(backup):
        content = path.read_bytes()
        path.write_bytes(harm(content))
        with pytest.raises(Corrupt, match=r"not what was sent|backups/") as found:
            rehearse(place, None, silent)
        assert path.name in str(found.value)
        path.write_bytes(content)
    assert rehearse(place, None, silent).findings == ()


def test_every_missing_object_is_found_and_named(backup, place):
    for path in needed(backup)[:-1]:
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(Corrupt, match="is missing; it holds") as found:
            rehearse(place, None, silent)
        assert path.name in str(found.value)
        path.write_bytes(content)


def test_the_message_says_which_records_are_damaged(backup, place):
    newest = json.loads(max((backup / "backups").iterdir()).read_bytes())["backup"]
    segment = newest["segments"][0]
    (backup / "objects" / segment["hash"][:2] / segment["hash"]).write_bytes(b"nothing")
    with pytest.raises(Corrupt, match=rf"the records from {segment['after'] + 1} to {segment['up_to']}"):
        rehearse(place, None, silent)


def test_a_damaged_backup_leaves_nothing_that_could_be_served(backup, place, tmp_path):
    path = max(needed(backup)[:-1], key=lambda one: one.stat().st_size)
    path.write_bytes(flip(path.read_bytes()))
    with pytest.raises(Corrupt):
        restored(place, tmp_path / "new")
    assert {one.name for one in tmp_path.iterdir()} == {"data", "place"}


@pytest.mark.usefixtures("backup")
def test_a_rehearsal_leaves_nothing_behind(place, tmp_path):
    room = tmp_path / "room"
    room.mkdir()
    found = rehearse(place, None, silent, folder=room)
    assert (found.findings, found.tables > 10, list(room.iterdir())) == ((), True, [])


def test_the_next_backup_mends_what_is_missing_or_cut_short(backup, place, town, tmp_path):
    paths = needed(backup)[:-1]
    paths[0].unlink()
    done = backed_up(town.data, place)
    assert "missing" in done.image
    for path in paths[1:]:
        if path.exists():
            path.write_bytes(path.read_bytes()[:-1])
    assert backed_up(town.data, place).image != ""
    assert restored(place, tmp_path / "new").sequence == done.sequence
    assert rehearse(place, None, silent).findings == ()


def test_an_older_backup_is_of_use_when_the_newest_manifest_was_taken_away(backup, place, town, tmp_path):
    newest = max((backup / "backups").iterdir())
    newest.write_bytes(b"{}")
    with pytest.raises(Corrupt, match=newest.name):
        restored(place, tmp_path / "new")
    newest.unlink()
    assert restored(place, tmp_path / "new").sequence < town.head


def test_a_manifest_of_a_newer_format_is_said_to_be_one(backup, place, tmp_path):
    newest = max((backup / "backups").iterdir())
    newest.write_bytes(newest.read_bytes().replace(b'{"format":2', b'{"format":3'))
    with pytest.raises(Corrupt, match="format 3, this version reads 2"):
        restored(place, tmp_path / "new")


def test_damage_to_an_old_object_is_no_matter_to_a_new_place(town, place, backup, tmp_path):
    assert len(objects(backup)) > 5
    restored(place, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")


def test_a_rehearsal_of_a_backup_whose_journal_was_trimmed_finds_it_whole(town, place):
    town.live(40)
    town.trim(town.head - 10)
    backed_up(town.data, place)
    town.live(10)
    backed_up(town.data, place)
    found = rehearse(place, None, silent)
    assert found.restored.begins_after > 200
    assert found.findings == ()
