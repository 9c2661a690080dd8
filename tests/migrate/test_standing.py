"""What is said of a migration that is unfinished, and what two who apply to one store do to it."""

import msgspec

from tests.support.serving import Server
from whimbrel.config import read
from whimbrel.diagnosis import Diagnosis, Standing, diagnose, warnings_of
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.numbered import needed_from, numbers, store_at
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.events import Claim, draft
from whimbrel.kernel.formats import FORMAT, EventFormat
from whimbrel.kernel.switching import KEPT_KEY, STORE_KEY, StoreKept, StoreSwitched
from whimbrel.microblog.vocabulary import VOCABULARY
from whimbrel.migration.following import Following
from whimbrel.migration.standing import look
from whimbrel.migration.switching import append, finished
from whimbrel.reliability.releases import Release
from whimbrel.rooms import schemas

POSTS = 60
DAYS = 86_400


def unfinished(data):
    """A data directory in the middle of a migration from 7.0 to 8.0."""
    SqliteJournal(data / "journal.sqlite", clock=wall_clock_ms).close()
    switched = draft(StoreSwitched("8.0", "/eight"), actor=0, id=2, claims=(Claim(STORE_KEY),))
    append(data, switched, draft(StoreKept("7.0", "/seven"), actor=0, id=1, claims=(Claim(KEPT_KEY),)))
    for number in (1, 2, 3):
        StoreWriter(store_at(data, number), schemas()).close()


def test_everything_about_a_migration_is_found_in_journal_and_stores(tmp_path):
    unfinished(tmp_path)
    where = look(tmp_path)
    assert (where.numbers, where.unfinished, where.running) == ((2, 1), True, None)
    assert (where.switched, where.before) == (Release("8.0", "/eight"), Release("7.0", "/seven"))
    assert (where.format, where.leftovers) == (1, (3,))


def test_the_record_that_says_how_to_go_back_is_needed_until_the_end(tmp_path):
    unfinished(tmp_path)
    journal = SqliteJournal.reader(tmp_path / "journal.sqlite")
    assert needed_from(journal.find) == journal.head()[0] - 1
    append(tmp_path, finished(look(tmp_path), Release("8.0", "/eight"), format=FORMAT + 1))
    assert needed_from(journal.find) is None
    assert numbers(journal.find) == (2, None)
    assert look(tmp_path).format == FORMAT + 1
    journal.close()


def test_a_process_knows_the_format_in_force_as_soon_as_it_reads_of_it(tmp_path):
    unfinished(tmp_path)
    formats = EventFormat(1)
    append(tmp_path, finished(look(tmp_path), Release("8.0", "/eight"), format=4))
    journal = SqliteJournal.reader(tmp_path / "journal.sqlite")
    for record in journal.read(after=0, limit=100):
        formats.apply(VOCABULARY.decode(record))
    journal.close()
    assert formats.in_force == 4


def test_doctor_shows_an_unfinished_migration_and_a_store_that_is_nobodys(tmp_path):
    unfinished(tmp_path)
    found = diagnose(read({"data": str(tmp_path)}, {}))
    assert (found.standing.store, found.standing.kept) == ("store-2.sqlite", "store-1.sqlite")
    (said,) = [warning for warning in found.warnings if warning.startswith("migration:")]
    assert "store-1.sqlite is kept for the way back" in said
    assert [warning for warning in found.warnings if "store-3.sqlite is nobody's" in warning]


def test_doctor_warns_of_a_store_that_is_kept_for_longer_than_7_days(tmp_path):
    configuration = read({"data": str(tmp_path)}, {})
    found = diagnose(configuration)
    for days, count in ((6.9, 1), (7.1, 2)):
        standing = Standing(kept="store-1.sqlite", kept_seconds=days * DAYS)
        warned: Diagnosis = msgspec.structs.replace(found, standing=standing)
        said = [line for line in warnings_of(warned, configuration.config) if line.startswith("migration:")]
        assert len(said) == count
        assert f"unfinished for {days} days" in said[0]


def test_two_who_apply_to_one_store_make_of_it_what_one_does(tmp_path):
    server = Server(tmp_path / "data")
    token = server.provide(["ada"])["ada"]
    server.start()
    try:
        following = Following(server.data, store_at(server.data, 1))
        following.start()
        client = server.client(token)
        for number in range(POSTS):
            assert client.post("/api/v1/statuses", {"status": f"post {number} #tag"}).status == 200
        client.close()
        server.settle()
        following.check()
        assert following.standing.sequence >= POSTS
        following.close()
        following.check()
        assert "whole" in server.command("verify")
        assert server.stop() == 0
    finally:
        server.close()
