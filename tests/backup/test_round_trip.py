"""A backup is restored as what was backed up, byte for byte, and only what is new is sent."""

import os
import stat

import pytest

from tests.backup.looking import (
    JOURNAL,
    backed_up,
    holds,
    is_same_journal,
    is_same_store,
    is_sound,
    objects,
    restored,
    rows,
)
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Conflict, Invalid
from whimbrel.kernel.events import Claim, Draft, Group, Taken
from whimbrel.microblog import keys


def test_a_backup_is_restored_as_what_was_backed_up(town, place, tmp_path):
    done = backed_up(town.data, place)
    back = restored(place, tmp_path / "new")
    assert (done.sequence, back.sequence, back.applied) == (town.head, town.head, 0)
    assert is_same_journal(town.data, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")
    assert is_sound(tmp_path / "new")


def test_what_came_since_the_image_is_applied_to_it(town, place, tmp_path):
    backed_up(town.data, place)
    for _ in range(3):
        town.live(40)
        backed_up(town.data, place)
    assert restored(place, tmp_path / "new").applied > 100
    assert is_same_journal(town.data, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")


def test_the_small_files_come_back_for_their_owner_alone(town, place, tmp_path):
    backed_up(town.data, place)
    mask = os.umask(0o022)
    try:
        restored(place, tmp_path / "new")
    finally:
        os.umask(mask)
    for name in ("whimbrel.toml", "secrets/signing.key"):
        assert (tmp_path / "new" / name).read_bytes() == (town.data / name).read_bytes()
    for folder in (tmp_path / "new", tmp_path / "place"):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_restored_journal_goes_on_where_the_old_one_ended(town, place, tmp_path):
    """Names, edges and Idempotency-Keys are held as before, and no id is given twice."""
    author = next(iter(town.people))
    town.post(author, "once and for all")
    town.catch_up()
    backed_up(town.data, place)
    restored(place, tmp_path / "new")
    journal = SqliteJournal(tmp_path / "new" / JOURNAL, clock=wall_clock_ms)
    again = Draft("PostCreated", author, b"x", claims=(Claim(keys.idempotency(author, "once and for all"), b"other"),))
    fresh = Draft("PostCreated", author, b"x")
    (taken, appended), _ = journal.append([Group((again,)), Group((fresh,))])
    journal.close()
    assert isinstance(taken, Taken)
    assert taken.digest == b"digest"
    assert appended.stamps[0].event_id > max(row[1] for row in rows(town.data, "records"))
    assert appended.stamps[0].sequence == town.head + 2


def test_only_what_is_new_is_sent(town, place, tmp_path):
    first = backed_up(town.data, place)
    assert first.objects_sent == len(objects(tmp_path / "place"))
    idle = backed_up(town.data, place)
    assert (idle.objects_sent, idle.bytes_sent, idle.image) == (0, 0, "")
    before = objects(tmp_path / "place")
    town.live(20)
    since = backed_up(town.data, place)
    sent = {name: size for name, size in objects(tmp_path / "place").items() if name not in before}
    assert since.image == ""
    assert (since.objects_sent, since.bytes_sent) == (len(sent), sum(sent.values()))
    assert len(sent) == 1
    assert since.bytes_sent < first.bytes_sent / 10


def test_a_full_backup_does_not_send_again_what_the_place_has(town, place):
    first = backed_up(town.data, place)
    again = backed_up(town.data, place, full=True)
    assert again.image == "it was asked for"
    assert again.bytes_sent < first.bytes_sent / 10


def test_a_journal_that_was_trimmed_past_the_last_backup_has_a_new_image(town, place, tmp_path):
    backed_up(town.data, place)
    town.live(60)
    town.trim(town.head - 10)
    done = backed_up(town.data, place)
    assert "trimmed" in done.image
    back = restored(place, tmp_path / "new")
    assert back.begins_after == town.head - 10
    assert is_same_journal(town.data, tmp_path / "new")
    assert is_same_store(town.data, tmp_path / "new")


def test_the_claims_of_records_that_were_trimmed_are_restored(town, place, tmp_path):
    town.trim(town.head)
    backed_up(town.data, place)
    restored(place, tmp_path / "new")
    assert len(rows(tmp_path / "new", "records")) == 1
    assert len(rows(tmp_path / "new", "claims")) > 50
    assert rows(tmp_path / "new", "claims") == rows(town.data, "claims")


def test_a_trim_that_a_backup_has_seen_the_records_of_needs_no_new_image(town, place, tmp_path):
    backed_up(town.data, place)
    town.live(30)
    backed_up(town.data, place)
    town.trim(town.head - 5)
    town.live(10)
    assert backed_up(town.data, place).image == ""
    assert restored(place, tmp_path / "new").begins_after == 0
    assert is_same_store(town.data, tmp_path / "new")


def test_what_was_deleted_is_not_restored(town, place, tmp_path):
    """In the image and in the segments it may still lie; in the restored directory it stands in no byte."""
    author = next(iter(town.people))
    early = town.post(author, "an early secret of the heron")
    town.catch_up()
    backed_up(town.data, place)
    late = town.post(author, "a late secret of the heron")
    town.catch_up()
    backed_up(town.data, place)
    town.delete(early)
    town.delete(late)
    town.catch_up()
    town.erase()
    town.rest()
    backed_up(town.data, place)
    assert holds(tmp_path / "place", "secret of the heron")
    assert restored(place, tmp_path / "new").erased == 2
    assert holds(tmp_path / "new", "secret of the heron") == []
    assert is_same_journal(town.data, tmp_path / "new")


def test_nothing_is_restored_over_something(town, place, tmp_path):
    backed_up(town.data, place)
    full, empty, file = tmp_path / "full", tmp_path / "empty", tmp_path / "file"
    full.mkdir()
    (full / "letter").write_text("hello")
    empty.mkdir()
    file.write_text("hello")
    for taken in (full, file):
        with pytest.raises(Conflict):
            restored(place, taken)
    assert (full / "letter").read_text() == "hello"
    assert restored(place, empty).sequence == town.head


def test_a_place_without_a_backup_is_said_to_be_one(place, tmp_path):
    with pytest.raises(Invalid, match="there is no backup"):
        restored(place, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_restored_server_goes_on_with_the_backups_that_it_came_from(town, place, tmp_path):
    backed_up(town.data, place)
    restored(place, tmp_path / "new")
    assert backed_up(tmp_path / "new", place).image == ""


def test_a_restore_that_was_killed_at_its_first_or_its_last_step_is_cleared_away(town, place, tmp_path):
    """Accident: a kill before the mark was made, or among the removals after a fault, left a directory that every
    later restore took for somebody else's."""
    backed_up(town.data, place)
    (tmp_path / "new.restoring").mkdir()
    restored(place, tmp_path / "new")
    (tmp_path / "newer.restoring" / "snapshots").mkdir(parents=True)
    (tmp_path / "newer.restoring" / ".restoring").touch()
    restored(place, tmp_path / "newer")
    (tmp_path / "third.restoring").mkdir()
    (tmp_path / "third.restoring" / "letter").touch()
    with pytest.raises(Conflict, match="in the way"):
        restored(place, tmp_path / "third")
