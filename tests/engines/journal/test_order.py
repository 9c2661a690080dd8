"""Ids, times and sequences are given in the append and only grow, whatever clocks and restarts do."""

import os
import sqlite3
from itertools import pairwise

import pytest

from tests.engines.journal.desk import NOW_MS, Clock, append, everything, group, note, noted, texts
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.errors import JournalUnavailable
from whimbrel.kernel.events import JOURNAL_OPENED, Appended, Draft, Group, Stamp
from whimbrel.kernel.ids import time_of


def grows(values):
    return all(a < b for a, b in pairwise(values))


def test_the_first_record_of_each_opening_is_the_barrier(open_journal):
    for _ in range(3):
        open_journal().close()
    assert [record.type for record in everything(open_journal())] == [JOURNAL_OPENED] * 4


def test_what_was_appended_is_read_in_order_by_everybody(open_journal, tmp_path):
    journal = open_journal()
    outcomes, records = journal.append([group(noted("a"), noted("b")), group(noted("c"))])
    assert [record.payload for record in records] == [b"a", b"b", b"c"]
    assert journal.read(after=1, limit=10) == records
    assert journal.read(after=2, limit=1) == records[1:2]
    assert journal.read(after=1, limit=10, up_to=3) == records[:2]
    assert journal.head() == (records[-1].sequence, records[-1].chain)
    reader = journal.reader(tmp_path / "journal.sqlite")
    assert (reader.read(after=1, limit=10), reader.head()) == (records, journal.head())
    reader.close()
    assert outcomes == [
        Appended(tuple(Stamp(r.sequence, r.event_id, r.id, r.time_ms) for r in part))
        for part in (records[:2], records[2:])
    ]


def test_a_draft_without_an_id_is_about_itself(open_journal):
    journal = open_journal()
    made, about = note(journal, "a"), note(journal, "b", id=77)
    assert (made.id, about.id) == (made.event_id, 77)
    assert about.event_id > made.event_id


def test_a_clock_that_steps_back_repeats_and_reorders_nothing(open_journal):
    clock = Clock()
    journal = open_journal(clock=clock)
    stamps = []
    for step_ms in (0, 5, -60_000, 0, 1, 70_000, -1, -10_000_000_000):
        clock.now_ms += step_ms
        stamps.append(note(journal))
    assert grows([stamp.event_id for stamp in stamps])
    times = [stamp.time_ms for stamp in stamps]
    assert times == sorted(times)
    assert times[5] == clock.now_ms - (-1 - 10_000_000_000)


def test_a_clock_that_stepped_back_before_a_restart_gives_no_old_id(open_journal):
    journal = open_journal(clock=Clock(NOW_MS + 3_600_000))
    before = note(journal)
    journal.close()
    after = note(open_journal(clock=Clock(NOW_MS - 3_600_000)))
    assert after.event_id > before.event_id
    assert after.time_ms >= before.time_ms
    assert after.sequence == before.sequence + 2


def test_more_ids_than_a_millisecond_holds_borrow_from_the_future(open_journal):
    journal = open_journal()
    outcomes = append(journal, *(group(*[noted("x")] * 1_000) for _ in range(5)))
    ids = [stamp.event_id for outcome in outcomes for stamp in outcome.stamps]
    assert grows(ids)
    assert time_of(ids[-1]) == NOW_MS + 1


def test_another_node_continues_above_the_ids_that_it_finds(open_journal):
    journal = open_journal(node=900)
    before = note(journal)
    journal.close()
    assert note(open_journal(node=3)).event_id > before.event_id


def test_sequences_and_ids_are_never_reused_after_blanking_and_trimming(open_journal):
    journal = open_journal()
    stamps = [note(journal, f"text {number}") for number in range(10)]
    assert journal.blank([stamp.id for stamp in stamps], types=("Noted",)) == 10
    head = journal.head()
    assert journal.trim(up_to=stamps[-1].sequence) == 10  # the barrier and all but the newest
    assert journal.trim(up_to=stamps[-1].sequence) == 0
    journal.close()
    journal = open_journal(clock=Clock(NOW_MS - 1_000))
    assert journal.read(after=0, limit=1)[0][::7] == head
    after = note(journal)
    assert (after.sequence, after.event_id > stamps[-1].event_id) == (stamps[-1].sequence + 2, True)


def test_a_trim_goes_in_bounded_pieces_and_keeps_the_rest(open_journal, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_TRIM_RECORDS_MAX", 4)
    journal = open_journal()
    stamps = [note(journal, f"text {number}") for number in range(12)]
    pieces = []
    while pieces[-1:] != [0]:
        pieces.append(journal.trim(up_to=stamps[8].sequence))
    assert pieces == [4, 4, 2, 0]
    assert texts(journal) == ["text 9", "text 10", "text 11"]


def test_a_second_writer_is_told_who_holds_the_journal(open_journal):
    journal = open_journal()
    with pytest.raises(JournalUnavailable, match=f"held by process {os.getpid()}"):
        open_journal()
    journal.close()
    note(open_journal())


def test_a_folder_that_is_not_there_is_said_so(open_journal, tmp_path):
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(JournalUnavailable):
        open_journal()


def test_a_reader_of_no_journal_is_told_and_makes_none(open_journal, tmp_path):
    reader = type(open_journal()).reader(tmp_path / "none.sqlite")
    with pytest.raises(JournalUnavailable):
        reader.head()
    assert not (tmp_path / "none.sqlite").exists()


def test_blanking_leaves_the_types_that_undo_something(open_journal):
    journal = open_journal()
    stamp = note(journal, "words")
    append(journal, Group((Draft("Removed", 1, b"undone", stamp.id),)))
    assert journal.blank([stamp.id], types=("Noted",)) == 1
    assert [record.payload for record in everything(journal) if record.id == stamp.id] == [b"", b"undone"]


def test_only_its_owner_may_read_the_journal_and_its_log(open_journal, tmp_path):
    note(open_journal())
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_space_that_a_trim_has_freed_goes_back_to_the_disk_but_for_a_reserve(open_journal, monkeypatch, tmp_path):
    kept = 40 * 4_096
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_FREE_BYTES_KEPT", kept)
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_SHRINK_PAGES_MAX", 16)
    journal = open_journal()
    stamps = [note(journal, f"text {number} {'long ' * 1_000}") for number in range(400)]
    assert journal.shrink() == 0
    while journal.trim(up_to=stamps[-2].sequence):
        pass
    pieces = []
    while pieces[-1:] != [0]:
        pieces.append(journal.shrink())
    assert max(pieces) <= 16 * 4_096
    assert sum(pieces) > 200 * 4_096
    journal.close()
    assert verify_journal(tmp_path / "journal.sqlite") == []
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    assert db.execute("PRAGMA freelist_count").fetchone() == (40,)
    db.close()
    assert texts(open_journal()) == [f"text 399 {'long ' * 1_000}"]
