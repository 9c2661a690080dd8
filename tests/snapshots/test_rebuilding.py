"""A store is built again from the newest snapshot that is whole, and the journal from there on."""

import asyncio

import pytest

from tests.engines.link.running import core_running, linked, said, store_at_head, until
from tests.engines.store.shop import VOCABULARY, Danced, Joined, Liked, Wrote, apply, apply_fixed
from tests.snapshots.test_snapshots import verified
from whimbrel.core import _owed
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.compare import copy_of, differences
from whimbrel.engines.store.files import remove_files
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.snapshots import fitting, list_snapshots, remove_snapshot, take_snapshot, verify_snapshot
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.follow_ups import CONTENT
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.events import Claim, Draft, Group


@pytest.fixture
def aged(shop):
    """A shop with two snapshots and something after each."""
    ada = shop.happen(Joined("ada"))
    for text in ("one", "POISON", "two", "three"):
        note = shop.happen(Wrote(text), actor=ada)
        shop.happen(Liked(), id=note)
        shop.catch_up()
        if text != "one":
            verified(shop)
    remove_snapshot(list_snapshots(shop.data)[-1])
    shop.happen(Danced(), actor=ada)
    shop.happen(Wrote("four"), actor=ada)
    shop.catch_up()
    return shop


def rebuilt(shop, apply=apply):
    """Build the shop's store again, from whatever fits."""
    shop.writer.close()
    snapshots = fitting(shop.data, None, shop.journal)
    try:
        return rebuild(
            shop.path, shop.schemas, shop.journal, decode=VOCABULARY.decode, apply=apply, snapshots=snapshots
        )
    finally:
        shop.writer = StoreWriter(shop.path, shop.schemas)


def same_again(shop):
    """Whether building the store again changes nothing, in no table that there is."""
    before, own = shop.data / "before.sqlite", "SELECT * FROM {} ORDER BY 1"
    copy_of(shop.path, before)
    kept = [shop.all(own.format(table)) for table in ("cursor", "parked", "parked_keys")]
    sequence = rebuilt(shop)
    assert sequence == shop.journal.head()[0]
    assert [shop.all(own.format(table)) for table in ("cursor", "parked", "parked_keys")] == kept
    found = differences(before, shop.path)
    before.unlink()
    return found == []


def spoil(snapshot, place=-1):
    """Flip a bit of a snapshot."""
    content = bytearray(snapshot.store.read_bytes())
    content[place] ^= 1
    snapshot.store.write_bytes(content)


def test_a_store_is_the_same_from_a_snapshot_with_a_trimmed_journal(aged):
    newest = list_snapshots(aged.data)[0]
    aged.journal.trim(up_to=newest.sequence)
    assert same_again(aged)


def test_a_damaged_snapshot_says_so_and_the_older_one_is_taken(aged):
    newest, older = list_snapshots(aged.data)
    aged.journal.trim(up_to=older.sequence)
    spoil(newest)
    assert same_again(aged)
    assert [bool(one.damage) for one in list_snapshots(aged.data)] == [True, False]
    assert fitting(aged.data, None, aged.journal) == [older]


def test_without_any_whole_snapshot_a_whole_journal_is_enough(aged):
    for snapshot in list_snapshots(aged.data):
        spoil(snapshot)
    assert same_again(aged)


def test_without_any_whole_snapshot_a_trimmed_journal_builds_nothing_and_spoils_nothing(aged):
    newest, older = list_snapshots(aged.data)
    aged.journal.trim(up_to=older.sequence)
    for snapshot in (newest, older):
        spoil(snapshot)
    before = aged.notes()
    with pytest.raises(Corrupt, match="no snapshot is left that fits"):
        rebuilt(aged)
    assert aged.notes() == before


def test_a_snapshot_of_another_schema_is_passed_over(aged):
    aged.schemas = [*aged.schemas, "CREATE TABLE newer (id INTEGER PRIMARY KEY) STRICT;"]
    aged.writer.close()
    remove_files(aged.path)
    aged.writer = StoreWriter(aged.path, aged.schemas)
    aged.catch_up()
    assert same_again(aged)
    assert [one.damage for one in list_snapshots(aged.data)] == ["", ""]


def test_a_fixed_version_replays_what_a_snapshot_has_parked(aged):
    aged.journal.trim(up_to=list_snapshots(aged.data)[0].sequence)
    assert "POISON" not in [text for text, _ in aged.notes()]
    rebuilt(aged, apply_fixed)
    assert ("POISON", 1) in aged.notes()


def test_a_rebuild_can_be_stopped_while_it_copies(aged):
    before = aged.notes()

    def stop(*_):
        raise KeyboardInterrupt

    aged.writer.close()
    with pytest.raises(KeyboardInterrupt):
        rebuild(
            aged.path,
            aged.schemas,
            aged.journal,
            decode=VOCABULARY.decode,
            apply=apply,
            snapshots=list_snapshots(aged.data),
            on_progress=stop,
        )
    assert aged.notes() == before


def test_what_was_deleted_and_is_parked_with_its_content_is_owed_though_the_journal_has_forgotten_it(shop):
    (first, second), _ = shop.journal.append([Group((Draft("PostCreated", 1, b"words"),)) for _ in range(2)])
    poisoned, kept = first.stamps[0].id, second.stamps[0].id  # this vocabulary does not know the type
    deletion = Draft("NoteDeleted", 1, b"", id=poisoned, claims=(Claim(f"deleted:{poisoned}"),))
    shop.journal.append([Group((deletion,))])
    shop.catch_up()
    shop.journal.trim(up_to=shop.journal.head()[0])
    store = SqliteStore(shop.path)
    owed = [id_ for id_, _ in _owed(shop.data / "journal.sqlite", store)]
    assert owed == [poisoned]
    shop.applying().blank_parked(owed, CONTENT)
    assert _owed(shop.data / "journal.sqlite", store) == []
    assert kept != poisoned
    store.close()


@pytest.mark.anyio
async def test_a_running_core_builds_its_store_from_a_snapshot_when_the_journal_was_trimmed(tmp_path):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            for word in ("a", "b", "c"):
                await link.append(said(word))
            await store_at_head(link)
            snapshot = await asyncio.to_thread(_verified, tmp_path)
            await link.append(said("d"))
            core.server.call(lambda journal: journal.trim(up_to=snapshot.sequence)).result(20)
            remove_files(tmp_path / "store-1.sqlite")
            await until(lambda: _texts(tmp_path) == ["a", "b", "c", "d"], "the store is there again")
            # A reader can open the new store a moment before the applier follows it.
            await until(lambda: core.applier.status.doing == "following", "the store is followed again")


@pytest.mark.anyio
async def test_a_store_that_cannot_be_built_again_is_said_and_posting_goes_on(tmp_path, caplog):
    with core_running(tmp_path) as core:
        async with linked(tmp_path) as link:
            await link.append(said("a"))
            await store_at_head(link)
            core.server.call(lambda journal: journal.trim(up_to=core.server.head)).result(20)
            remove_files(tmp_path / "store-1.sqlite")
            await until(lambda: "no snapshot is left" in core.applier.status.last_error, "the core says why")
            errors = core.applier.status.errors
            await link.append(said("b"))
            await until(lambda: core.applier.status.errors > errors + 2, "it goes on trying")
            assert core.applier.status.doing == "waiting"
            said_so = [record for record in caplog.records if "no snapshot is left" in record.getMessage()]
            assert len(said_so) == 1


def _verified(data):
    journal = JournalReader(data / "journal.sqlite")
    try:
        return verify_snapshot(take_snapshot(data), journal)
    finally:
        journal.close()


def _texts(data):
    store = SqliteStore(data / "store-1.sqlite")
    try:
        with store.reading() as rows:
            return [text for (text,) in rows.all("SELECT text FROM said ORDER BY id")]
    except StoreUnavailable:
        return None
    finally:
        store.close()
