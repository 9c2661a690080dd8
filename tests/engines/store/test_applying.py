"""Events become rows exactly once in effect, and the store knows at which record it stands."""

import pytest

from tests.engines.store.shop import SCHEMA, Joined, Liked, Shop, Wrote, apply_fixed
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.standing import check_against
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.errors import Corrupt


def test_rows_and_cursor_move_together(shop):
    ada = shop.happen(Joined("ada"))
    note = shop.happen(Wrote("hello"), actor=ada)
    shop.happen(Liked(), actor=ada, id=note)
    applied = shop.catch_up()
    assert (applied.sequence, applied.parked) == (shop.journal.head()[0], 0)
    assert shop.notes() == [("hello", 1)]
    assert shop.all("SELECT name, notes FROM people") == [("ada", 1)]
    assert shop.writer.standing()[:2] == shop.journal.head()


def test_a_batch_that_comes_twice_takes_effect_once(shop):
    ada = shop.happen(Joined("ada"))
    shop.happen(Wrote("hello"), actor=ada)
    records = shop.journal.read(after=0, limit=10)
    for _ in range(3):
        shop.applying().apply_batch(records)
    shop.applying().apply_batch(records[1:2])
    assert shop.all("SELECT name, notes FROM people") == [("ada", 1)]


def test_a_record_that_is_missing_in_between_is_not_passed_over(shop):
    for name in ("ada", "bo", "cy"):
        shop.happen(Joined(name))
    records = shop.journal.read(after=0, limit=10)
    with pytest.raises(Corrupt):
        shop.applying().apply_batch([records[0], records[1], records[3]])
    assert shop.writer.standing().sequence == 0


def test_a_store_goes_on_where_it_stood_when_it_is_opened_again(tmp_path):
    shop = Shop(tmp_path)
    shop.happen(Joined("ada"))
    shop.catch_up()
    shop.close()
    shop = Shop(tmp_path)
    shop.happen(Joined("bo"))
    shop.catch_up()
    assert shop.all("SELECT name FROM people ORDER BY id") == [("ada",), ("bo",)]
    shop.close()


def test_a_store_of_another_schema_must_be_rebuilt(tmp_path):
    StoreWriter(tmp_path / "store.sqlite", [SCHEMA]).close()
    with pytest.raises(Corrupt):
        StoreWriter(tmp_path / "store.sqlite", [SCHEMA, "CREATE TABLE more (id INTEGER PRIMARY KEY) STRICT"])


def test_a_cursor_is_checked_against_the_journal(shop, tmp_path):
    shop.happen(Joined("ada"))
    shop.catch_up()
    check_against(shop.journal, shop.writer.standing())
    (tmp_path / "other").mkdir()
    other = SqliteJournal(tmp_path / "other" / "journal.sqlite", clock=lambda: 1_600_000_000_000)
    with pytest.raises(Corrupt, match="store at 2, journal at 1"):
        check_against(other, shop.writer.standing())
    for _ in range(5):
        other.close()
        other = SqliteJournal(tmp_path / "other" / "journal.sqlite", clock=lambda: 1_600_000_000_000)
    with pytest.raises(Corrupt, match="hash of record 2 differs"):
        check_against(other, shop.writer.standing())
    other.close()


def test_a_trimmed_journal_carries_on_a_store_that_had_caught_up(shop):
    for name in ("ada", "bo", "cy"):
        shop.happen(Joined(name))
    shop.catch_up()
    shop.journal.trim(up_to=shop.journal.head()[0])
    check_against(shop.journal, shop.writer.standing())
    shop.happen(Joined("di"))
    shop.catch_up()
    assert len(shop.all("SELECT 1 FROM people")) == 4


def test_a_journal_trimmed_past_the_store_is_said_so(shop):
    for name in ("ada", "bo", "cy"):
        shop.happen(Joined(name))
    shop.journal.trim(up_to=3)
    with pytest.raises(Corrupt, match="store at 0, next is 4"):
        check_against(shop.journal, shop.writer.standing())


def test_blanked_events_are_passed_over(shop):
    ada = shop.happen(Joined("ada"))
    note = shop.happen(Wrote("secret"), actor=ada)
    shop.journal.blank([note], types=("Wrote",))
    shop.catch_up()
    assert shop.notes() == []


def test_what_was_deleted_is_in_no_byte_of_the_store(shop):
    secret = "a sentence that nobody may find again"
    ada = shop.happen(Joined("ada"))
    for copy in range(40):
        shop.happen(Wrote(f"{copy} {secret} " + "and more of it " * (copy * 20)), actor=ada)
    shop.catch_up()
    with shop.writer.writing() as rows:
        assert rows.run("DELETE FROM notes") == 40
    assert shop.writer.empty_log()
    assert not [path for path in shop.path.parent.glob("store-1*") if secret.encode() in path.read_bytes()]


def test_a_long_run_keeps_the_log_below_its_cap(shop, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.writer.STORE_CHECKPOINT_PAGES", 50)
    ada = shop.happen(Joined("ada"))
    for _ in range(30):
        for _ in range(5):
            shop.happen(Wrote("x" * 4_000), actor=ada)
        shop.catch_up(apply_fixed)
        shop.notes()
    log = shop.path.with_name(shop.path.name + "-wal")
    assert log.stat().st_size < 150 * 4_096


def test_only_its_owner_may_read_the_store_and_its_log(shop):
    shop.happen(Joined("ada"))
    shop.catch_up()
    assert {path.stat().st_mode & 0o077 for path in shop.path.parent.glob("store-1*")} == {0}
