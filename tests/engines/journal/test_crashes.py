"""Power cuts and failing disks, at every call to the disk on the path of an opening, an append and a checkpoint.

Whatever happens: nothing acknowledged is lost, nothing is doubled when it is tried again with the same key, no
sequence is given to two events, and the journal resumes by itself when the fault has gone.
"""

import itertools
import random
from contextlib import suppress

import pytest

from tests.engines.faulty_disk import EIO, ENOSPC, FaultyDisk
from tests.engines.journal.desk import append, everything, group, note, noted, sqlite, texts
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.errors import JournalUnavailable
from whimbrel.kernel.events import DISK_FULL, DISK_FULL_WORDS, Appended, Claim, Draft, Refused, Taken
from whimbrel.kernel.limits import JOURNAL_TAKEN_BYTES

_names = itertools.count()


@pytest.fixture
def disk(monkeypatch):
    """A healthy disk, and a journal that makes a checkpoint every few appends."""
    monkeypatch.setattr("whimbrel.engines.journal.files.JOURNAL_CHECKPOINT_PAGES", 12)
    monkeypatch.setattr("whimbrel.engines.journal.files.JOURNAL_GROWTH_BYTES", 64 * 1024)
    monkeypatch.setattr("whimbrel.engines.journal.files.JOURNAL_RESERVE_BYTES", 4 * 1024)
    disk = FaultyDisk(f"faulty-{next(_names)}")
    yield disk
    disk.close()


class Writer:
    """Somebody who appends numbered texts, each with a key of its own, and remembers what was acknowledged."""

    def __init__(self, disk, folder):
        self.disk, self.path = disk, folder / "journal.sqlite"
        self.acknowledged, self.announced, self.asked = {}, {}, 0
        self.journal = None

    def open(self):
        self.journal = sqlite(self.path, vfs=self.disk.name)
        self.announced.update(places(everything(self.journal)))

    def ask(self, number):
        """Append one text, or raise JournalUnavailable; a key that is taken counts as acknowledged."""
        self.asked = max(self.asked, number + 1)
        (outcome,), records = self.journal.append([wanted(number)])
        assert isinstance(outcome, Appended | Taken), outcome
        self.acknowledged[number] = outcome.stamps[0] if isinstance(outcome, Appended) else outcome.first
        fresh = places(records)
        assert not fresh.keys() & self.announced.keys(), "a record was announced twice"
        self.announced.update(fresh)

    def insist(self, number):
        """Ask again and again, as clients do, until it is acknowledged."""
        for _ in range(5):
            try:
                return self.ask(number)
            except JournalUnavailable:
                self.disk.heal()
        raise AssertionError("the journal does not resume")

    def close(self):
        if self.journal is not None:
            self.journal.close()


def wanted(number):
    """Two drafts that stand or fall together, under one key."""
    return group(noted(f"{number} first", claims=[Claim(f"once:{number}", b"")]), noted(f"{number} second"))


def places(records):
    return {record.sequence: record.event_id for record in records}


def check(path, writer):
    """What must hold of the journal at `path`, whatever happened to it."""
    journal = sqlite(path, synchronous="OFF")
    found = places(everything(journal))
    assert list(found) == list(range(1, len(found) + 1))
    for number, stamp in writer.acknowledged.items():
        assert found[stamp.sequence] == stamp.event_id, f"text {number} was acknowledged and is lost"
    for sequence, event_id in writer.announced.items():
        assert found[sequence] == event_id, f"record {sequence} was announced and is another one now"
    for number in range(writer.asked):  # a retry with the same key, as every client will try
        append(journal, wanted(number))
    expected = [f"{number} {part}" for number in range(writer.asked) for part in ("first", "second")]
    assert sorted(texts(journal)) == sorted(expected)
    journal.close()
    assert verify_journal(path) == []


def calls_of(disk, folder, work):
    """How many calls to the disk `work` makes on a healthy disk."""
    writer = Writer(disk, folder)
    writer.open()
    before = disk.calls
    work(writer)
    count = disk.calls - before
    writer.close()
    return count


def six_texts(writer):
    for number in range(6):
        writer.ask(number)


@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_at_any_call_of_an_append_loses_nothing_acknowledged(disk, tmp_path, seed):
    (tmp_path / "count").mkdir()
    count = calls_of(disk, tmp_path / "count", six_texts)
    assert count > 60, "checkpoints are on the path"
    for calls in range(count + 1):
        folder = tmp_path / f"at-{calls}"
        folder.mkdir()
        disk.contents.clear()
        writer = Writer(disk, folder)
        writer.open()
        disk.fail(EIO, after=calls)
        with suppress(JournalUnavailable):
            six_texts(writer)
        disk.power_cut(folder / "left", random.Random(f"{seed} {calls}"))
        writer.close()
        disk.heal()
        check(folder / "left" / "journal.sqlite", writer)


@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_at_any_call_of_an_opening_loses_nothing_acknowledged(disk, tmp_path, seed):
    for calls in itertools.count():
        folder = tmp_path / f"at-{calls}"
        folder.mkdir()
        disk.contents.clear()
        first = Writer(disk, folder)
        first.open()
        for number in range(3):
            first.ask(number)
        disk.power_cut(folder / "once", random.Random(seed))
        first.close()
        disk.contents.clear()
        second = Writer(disk, folder / "once")
        disk.know(folder / "once")
        disk.fail(EIO, after=calls)
        opened = _opens(second)
        disk.power_cut(folder / "twice", random.Random(f"{seed} {calls}"))
        disk.heal()
        second.close()
        first.announced.update(second.announced)
        check(folder / "twice" / "journal.sqlite", first)
        if opened:
            assert calls > 10
            return


@pytest.mark.parametrize("kind", [EIO, ENOSPC])
@pytest.mark.parametrize("once", [True, False], ids=["once", "for a while"])
def test_a_fault_at_any_call_of_an_append_passes_and_the_journal_resumes(disk, tmp_path, kind, once):
    (tmp_path / "count").mkdir()
    count = calls_of(disk, tmp_path / "count", six_texts)
    for calls in range(count + 1):
        folder = tmp_path / f"at-{calls}"
        folder.mkdir()
        disk.contents.clear()
        writer = Writer(disk, folder)
        writer.open()
        disk.fail(kind, after=calls, once=once)
        for number in range(6):
            writer.insist(number)
        disk.heal()
        assert places(everything(writer.journal)) == writer.announced, "followers have missed a record"
        # The power fails right after: what a failed sync has lost must have been written anew by the recovery.
        disk.power_cut(folder / "left", random.Random(calls))
        writer.close()
        check(folder / "left" / "journal.sqlite", writer)


@pytest.mark.parametrize("kind", [EIO, ENOSPC])
def test_a_fault_at_any_call_of_an_opening_is_said_and_passes(disk, tmp_path, kind):
    for calls in itertools.count():
        folder = tmp_path / f"at-{calls}"
        folder.mkdir()
        disk.contents.clear()
        writer = Writer(disk, folder)
        disk.fail(kind, after=calls)
        opened = _opens(writer)
        disk.heal()
        if not opened:
            writer.open()
        writer.ask(0)
        writer.close()
        check(writer.path, writer)
        if opened and calls > 200:
            return


def test_while_the_disk_fails_the_head_is_known_and_appends_say_no(disk, tmp_path):
    writer = Writer(disk, tmp_path)
    writer.open()
    writer.ask(0)
    head = writer.journal.head()
    disk.fail(EIO, after=0)
    for _ in range(5):
        with pytest.raises(JournalUnavailable):
            writer.ask(1)
        with pytest.raises(JournalUnavailable):
            writer.journal.read(after=0, limit=10)
        with pytest.raises(JournalUnavailable):
            writer.journal.find(["once:0"])
        with pytest.raises(JournalUnavailable):
            writer.journal.blank([1], types=["Noted"])
        assert writer.journal.head() == head
    disk.heal()
    _, records = writer.journal.append([])
    assert places(everything(writer.journal)) == writer.announced | places(records)
    writer.close()


def test_a_failed_append_says_whether_it_may_have_happened(disk, tmp_path):
    sqlite(tmp_path / "journal.sqlite", vfs=disk.name).close()
    journal = sqlite(tmp_path / "journal.sqlite", vfs=disk.name)
    disk.fail(EIO, after=0, only=("read",))
    with pytest.raises(JournalUnavailable) as before_commit:
        note(journal, "no", claims=["k"])
    disk.heal()
    journal.append([])
    disk.fail(EIO, after=0, only=("sync",))
    with pytest.raises(JournalUnavailable) as within_commit:
        note(journal, "maybe", claims=["k"])
    disk.heal()
    journal.append([])
    assert (before_commit.value.unknown, within_commit.value.unknown) == (False, True)
    assert set(texts(journal)) <= {"maybe"}
    journal.close()


def test_on_a_full_disk_deletes_go_on_and_all_resumes_when_there_is_room(disk, tmp_path, monkeypatch):
    for name, size in (("RESERVE", 400_000), ("SPARE", 40_000), ("LENT", 10_000)):
        monkeypatch.setattr(f"whimbrel.engines.journal.files.JOURNAL_{name}_BYTES", size)
    free, reserve = [10_000_000], tmp_path / "journal.reserve"
    journal = sqlite(tmp_path / "journal.sqlite", vfs=disk.name, essential={"PostDeleted"}, free_bytes=lambda: free[0])
    assert reserve.stat().st_size == 400_000
    post = note(journal, "to be deleted", claims=["post:1"])
    free[0] = 0
    disk.fill_up_beside(reserve)
    delete = Draft("PostDeleted", 1, b"gone", post.id, releases=("post:1",))
    first, *others = append(journal, group(Draft("PostDeleted", 1, b"", 9)), *[group(noted("x" * 100_000))] * 10)
    assert isinstance(first, Appended), "a deletion failed because others had filled the disk"
    assert others == [Refused(DISK_FULL, held=True)] * 10
    assert reserve.stat().st_size <= 40_000
    deleted, other, mixed = append(journal, group(delete), group(noted("no")), group(delete, noted("no")))
    assert isinstance(deleted, Appended)
    assert other == mixed == Refused(DISK_FULL, held=True)
    disk.fill_up_beside(None)
    free[0] = 10_000_000
    note(journal, "yes")
    assert reserve.stat().st_size == 400_000
    journal.close()
    assert verify_journal(tmp_path / "journal.sqlite") == []


def test_what_is_blanked_on_a_full_disk_leaves_the_log_when_there_is_room_again(tmp_path):
    free, log = [10_000_000_000], tmp_path / "journal.sqlite-wal"
    journal = sqlite(tmp_path / "journal.sqlite", essential={"PostDeleted"}, free_bytes=lambda: free[0])
    post = note(journal, "words to be forgotten")
    journal.close()
    free[0] = 0
    (tmp_path / "journal.reserve").unlink()
    journal = sqlite(tmp_path / "journal.sqlite", essential={"PostDeleted"}, free_bytes=lambda: free[0])
    room = log.stat().st_size
    assert room >= JOURNAL_TAKEN_BYTES
    append(journal, group(Draft("PostDeleted", 1, b"", post.id)))
    assert journal.blank([post.id], types=["Noted"]) == 1
    assert log.stat().st_size == room
    free[0] = 10_000_000_000
    assert journal.regain()
    assert log.stat().st_size == 0
    assert b"words to be forgotten" not in (tmp_path / "journal.sqlite").read_bytes()
    journal.close()


def test_a_journal_whose_reserve_is_used_up_too_says_that_the_disk_is_full(disk, tmp_path):
    journal = sqlite(tmp_path / "journal.sqlite", vfs=disk.name, essential={"PostDeleted"}, free_bytes=lambda: 0)
    disk.fail(ENOSPC, after=0)
    with pytest.raises(JournalUnavailable) as refused:
        append(journal, group(Draft("PostDeleted", 1, b"", 9)))
    assert refused.value.public == DISK_FULL_WORDS
    disk.heal()
    (deleted,) = append(journal, group(Draft("PostDeleted", 1, b"", 9)))
    assert isinstance(deleted, Appended)
    journal.close()


def test_a_journal_that_is_opened_on_a_full_disk_takes_deletes(tmp_path):
    journal = sqlite(tmp_path / "journal.sqlite", essential={"PostDeleted"}, free_bytes=lambda: 0)
    deleted, other = append(journal, group(Draft("PostDeleted", 1, b"gone", 5)), group(noted("no")))
    assert isinstance(deleted, Appended)
    assert other == Refused(DISK_FULL, held=True)
    journal.close()


def _opens(writer):
    try:
        writer.open()
    except JournalUnavailable:
        return False
    return True
