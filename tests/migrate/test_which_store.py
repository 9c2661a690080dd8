"""Which store a process uses: the journal says it, also when the record of the switch was trimmed away."""

import apsw
import pytest

from whimbrel.core import Core
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.numbered import NewerRelease, numbers, store_at, store_in, stores_in
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.events import Appended, Claim, Group, draft
from whimbrel.kernel.formats import FORMAT, SCHEMA
from whimbrel.kernel.switching import FORMAT_KEY, KEPT_KEY, STORE_KEY, MigrationFinished, StoreKept, StoreSwitched
from whimbrel.rooms import follows, schemas


@pytest.fixture
def journal(tmp_path):
    opened = SqliteJournal(tmp_path / "journal.sqlite", clock=wall_clock_ms)
    yield opened
    opened.close()


def append(journal, *drafts):
    (outcome,), _ = journal.append([Group(drafts)])
    assert isinstance(outcome, Appended), outcome


def switch(journal, number, kept=None):
    held = journal.find([STORE_KEY, KEPT_KEY])
    event = StoreSwitched(release="9", python="/python")
    append(
        journal,
        draft(event, actor=0, id=number, claims=(Claim(STORE_KEY),), releases=(STORE_KEY,) * (STORE_KEY in held)),
    )
    if kept is not None:
        event = StoreKept(release="8", python="/python")
        append(journal, draft(event, actor=0, id=kept, claims=(Claim(KEPT_KEY),)))


def make_store(data, number, schema=SCHEMA):
    StoreWriter(store_at(data, number), schemas()).close()
    db = apsw.Connection(str(store_at(data, number)))
    db.pragma("user_version", schema * 10_000 + schema)
    db.close()


def test_a_directory_without_a_switch_has_the_first_store(tmp_path, journal):
    assert store_in(tmp_path).name == "store-1.sqlite"
    assert store_in(tmp_path / "nowhere").name == "store-1.sqlite"
    assert numbers(journal.find) == (1, None)


def test_the_newest_switch_says_which_store_is_current(tmp_path, journal):
    switch(journal, 2)
    assert store_in(tmp_path).name == "store-2.sqlite"
    switch(journal, 3)
    switch(journal, 2)
    assert store_in(tmp_path).name == "store-2.sqlite"


def test_a_switch_is_known_after_its_record_was_trimmed(tmp_path, journal):
    switch(journal, 5, kept=4)
    append(journal, draft(StoreSwitched(release="9", python="/python"), actor=0))
    journal.trim(up_to=journal.head()[0] - 1)
    assert numbers(journal.find) == (5, 4)
    assert store_in(tmp_path).name == "store-5.sqlite"


def test_each_release_uses_the_store_of_its_own_schema_while_both_are_kept(tmp_path, journal):
    switch(journal, 2, kept=1)
    make_store(tmp_path, 1)
    make_store(tmp_path, 2, schema=SCHEMA + 1)
    assert store_in(tmp_path).name == "store-1.sqlite"
    make_store(tmp_path, 1, schema=SCHEMA + 1)
    assert store_in(tmp_path).name == "store-2.sqlite"


def test_of_two_stores_that_both_fit_the_current_one_is_used(tmp_path, journal):
    switch(journal, 2, kept=1)
    make_store(tmp_path, 1)
    make_store(tmp_path, 2)
    assert store_in(tmp_path).name == "store-2.sqlite"


def test_where_the_journal_cannot_be_read_the_highest_store_is_looked_at(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"nonsense" * 1_000)
    make_store(tmp_path, 1)
    make_store(tmp_path, 7)
    (tmp_path / "store-9.sqlite.building").touch()
    assert store_in(tmp_path).name == "store-7.sqlite"
    assert stores_in(tmp_path) == [1, 7]


def test_a_core_refuses_a_store_of_a_newer_release_and_leaves_it_as_it_is(tmp_path):
    make_store(tmp_path, 1, schema=SCHEMA + 1)
    before = store_at(tmp_path, 1).read_bytes()
    with pytest.raises(NewerRelease, match=f"schema {SCHEMA + 1}"):
        Core(tmp_path, follows())
    assert store_at(tmp_path, 1).read_bytes() == before
    SqliteJournal(tmp_path / "journal.sqlite", clock=wall_clock_ms).close()  # its lock was let go


def test_a_core_refuses_a_journal_with_a_newer_format_of_events(tmp_path, journal):
    finished = MigrationFinished(release="9")
    append(journal, draft(finished, actor=0, id=FORMAT + 1, claims=(Claim(FORMAT_KEY),)))
    journal.close()
    with pytest.raises(NewerRelease, match=f"format {FORMAT + 1}"):
        Core(tmp_path, follows())
