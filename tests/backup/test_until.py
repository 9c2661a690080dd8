"""A restore to an earlier moment: the store of that moment, and nothing of what was deleted since."""

import random

import apsw
import pytest

from tests.backup.looking import backed_up, holds, is_sound, restored, rows, store_up_to
from tests.backup.town import Town
from whimbrel.engines.backup.place import open_place
from whimbrel.engines.store.compare import differences
from whimbrel.engines.store.numbered import store_in
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.events import JOURNAL_OPENED
from whimbrel.restoring import backups_at, until_of

SEED = 7
MOMENTS = 10


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A town with a past that was backed up now and then, with a second image in between; its place; the first record
    that can be restored."""
    folder = tmp_path_factory.mktemp("past")
    place = open_place(str(folder / "place"), make=True)
    chance = random.Random(SEED)
    with Town(folder / "data", SEED) as town:
        town.live(80, erasing=False)
        begins = backed_up(town.data, place).sequence
        for number in range(8):
            town.live(chance.randint(1, 50), erasing=False)
            backed_up(town.data, place, full=number == 4)
        yield town, place, begins


def ids(path, table, where="true"):
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {id_ for (id_,) in db.execute(f"SELECT id FROM {table} WHERE {where}")}
    finally:
        db.close()


def test_at_any_record_the_store_is_that_of_the_moment_but_for_what_was_deleted_since(past, tmp_path):
    town, place, begins = past
    chance = random.Random(SEED)
    again = 0
    for number, until in enumerate([begins, *chance.sample(range(begins, town.head), MOMENTS), town.head]):
        new, where = tmp_path / f"new-{number}", f"seed {SEED}, record {until}"
        done = restored(place, new, until=until)
        then, now = store_up_to(town.data, until, tmp_path / f"then-{number}.sqlite"), store_in(new)
        kept = f"sequence <= {until}"
        assert [row[9] for row in rows(new, "records", kept)] == [row[9] for row in rows(town.data, "records", kept)]
        assert ids(now, "posts") == ids(then, "posts") - set(town.gone), where
        gone = ",".join(map(str, town.gone))
        assert ids(now, "tokens") == ids(then, "tokens", f"id NOT IN ({gone}) AND account_id NOT IN ({gone})"), where
        assert ids(now, "accounts", "deleted = 0") == ids(then, "accounts", "deleted = 0") - set(town.gone), where
        assert done.taken_away_again or differences(then, now) == [], where
        assert is_sound(new), where
        again += done.taken_away_again
    assert again > 20


def test_a_moment_is_a_time_as_well_as_a_sequence(past, tmp_path):
    town, place, begins = past
    records = [row for row in rows(town.data, "records") if row[0] >= begins]
    chosen = records[len(records) // 3]
    done = restored(place, tmp_path / "new", time_ms=chosen[5])
    assert done.sequence == max(row[0] for row in records if row[5] <= chosen[5])
    later = restored(place, tmp_path / "later", time_ms=records[-1][5] + 3_600_000)
    assert later.sequence == town.head


def test_a_moment_that_no_backup_reaches_is_refused(past, tmp_path):
    town, place, begins = past
    with pytest.raises(Invalid, match="is above"):
        restored(place, tmp_path / "new", until=town.head + 1)
    with pytest.raises(Invalid, match=f"the oldest backup begins later, with record {begins}"):
        restored(place, tmp_path / "new", until=begins - 1)
    assert not (tmp_path / "new").exists()


def test_behind_the_cut_stands_a_barrier_above_every_id_that_was_ever_given(past, tmp_path):
    town, place, begins = past
    restored(place, tmp_path / "new", until=begins + 5)
    barrier = rows(tmp_path / "new", "records", f"sequence = {begins + 6}")[0]
    assert barrier[3] == JOURNAL_OPENED
    assert barrier[1] > max(row[1] for row in rows(town.data, "records"))
    lost = rows(town.data, "records", f"sequence = {begins + 6}")[0]
    assert barrier[9] != lost[9], "the chain of another history is another one"


def test_what_was_deleted_since_the_moment_stands_in_no_byte(town, place, tmp_path):
    author, other = list(town.people)[:2]
    post = town.post(author, "a secret of the heron")
    town.post(other, "another secret of the heron")
    town.catch_up()
    until = backed_up(town.data, place).sequence
    town.delete(post)
    town.leave(other)
    town.catch_up()
    backed_up(town.data, place)
    assert restored(place, tmp_path / "new", until=until).taken_away_again >= 3
    assert holds(tmp_path / "new", "secret of the heron") == []
    assert other not in ids(store_in(tmp_path / "new"), "accounts", "deleted = 0")


def test_a_token_that_was_revoked_since_opens_nothing(town, place, tmp_path):
    token = town.sign_in(next(iter(town.people)))
    kept = town.sign_in(next(iter(town.people)))
    town.catch_up()
    until = backed_up(town.data, place).sequence
    town.sign_out(token)
    town.catch_up()
    backed_up(town.data, place)
    assert restored(place, tmp_path / "new", until=until).taken_away_again == 1
    left = ids(store_in(tmp_path / "new"), "tokens")
    assert kept in left
    assert token not in left


def test_after_a_restore_to_the_past_the_backups_go_on_as_another_history(town, place, tmp_path):
    until = backed_up(town.data, place).sequence
    town.live(30)
    lost = town.post(next(iter(town.people)), "a post of the history that was left")
    town.catch_up()
    backed_up(town.data, place)
    new = tmp_path / "new"
    restored(place, new, until=until)
    with Town(new, seed=2) as branch:
        branch.people = dict.fromkeys(list(town.people)[:3], "")
        branch.post(next(iter(branch.people)), "a post of the history that goes on")
        branch.catch_up()
        done = backed_up(new, place)
    assert "another one" in done.image
    backups, _ = backups_at(place)
    assert len({one.history for one in backups}) == 2
    back = restored(place, tmp_path / "back")
    assert back.sequence == done.sequence
    assert lost not in ids(store_in(tmp_path / "back"), "posts")
    assert is_sound(tmp_path / "back")


def test_records_that_lie_in_no_backup_are_named(town, place, tmp_path):
    first = backed_up(town.data, place).sequence
    town.live(40)
    town.trim(town.head - 3)
    second = backed_up(town.data, place)
    with pytest.raises(Invalid, match=rf"the records from {first + 1} to {town.head - 3} are in no backup"):
        restored(place, tmp_path / "new", until=first + 2)
    assert restored(place, tmp_path / "first", until=first).sequence == first
    assert restored(place, tmp_path / "second", until=second.sequence).sequence == second.sequence


@pytest.mark.parametrize("text", ["", "yesterday", "2026-05-01T12:00:00", "-5", "12.5"])
def test_a_moment_that_cannot_be_read_is_refused(text):
    with pytest.raises(Invalid, match="expected a sequence, or a time like"):
        until_of(text)


def test_a_moment_is_read_with_its_zone():
    assert until_of("1200").sequence == 1200
    assert until_of("1970-01-01T01:00:01+01:00").time_ms == 1_000
    assert until_of("1970-01-01T00:00:01.5Z").time_ms == 1_500
