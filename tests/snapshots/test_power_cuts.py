"""A power cut at any call to the disk, while the journal is trimmed or its space given back, costs no kept record."""

import random
from contextlib import suppress

import pytest

from tests.engines.faulty_disk import EIO, FaultyDisk
from tests.engines.journal.desk import everything, note, sqlite
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.kernel.errors import JournalUnavailable

KEPT_FROM = 40
STRIDE = 13


@pytest.fixture
def disk(request, monkeypatch):
    """A disk of the test's own, and pieces so small that there are many."""
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_TRIM_RECORDS_MAX", 8)
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_FREE_BYTES_KEPT", 0)
    monkeypatch.setattr("whimbrel.engines.journal.upkeep.JOURNAL_SHRINK_PAGES_MAX", 4)
    disk = FaultyDisk(f"trimming-{request.node.name}")
    yield disk
    disk.close()


def filled(disk, folder):
    """A journal of fifty notes, and the places of those that are to be kept."""
    folder.mkdir()
    journal = sqlite(folder / "journal.sqlite", vfs=disk.name)
    for number in range(50):
        note(journal, f"{number} {'long ' * 200}")
    return journal, [record for record in everything(journal) if record.sequence > KEPT_FROM]


def trim(journal):
    """Trim and give back, to the end."""
    while journal.trim(up_to=KEPT_FROM):
        pass
    while journal.shrink():
        pass


@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_at_any_call_of_a_trim_loses_no_record_that_is_kept(disk, tmp_path, seed):
    journal, _ = filled(disk, tmp_path / "sound")
    before = disk.calls
    trim(journal)
    calls = disk.calls - before
    journal.close()
    assert calls > 50
    for cut in range(seed, calls, STRIDE):
        folder = tmp_path / str(cut)
        disk.contents.clear()
        journal, kept = filled(disk, folder)
        disk.fail(EIO, after=cut)
        with suppress(JournalUnavailable):
            trim(journal)
        disk.power_cut(folder / "left", random.Random(f"{seed} {cut}"))
        disk.heal()
        journal.close()
        found = sqlite(folder / "left" / "journal.sqlite")
        assert [record for record in everything(found) if record.sequence > KEPT_FROM][: len(kept)] == kept
        beginning, _ = found.beginning()
        assert beginning <= KEPT_FROM
        assert everything(found)[0].sequence == beginning + 1
        trim(found)
        note(found, "it goes on")
        found.close()
        assert verify_journal(folder / "left" / "journal.sqlite") == []
