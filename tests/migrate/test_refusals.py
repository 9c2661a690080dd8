"""What a migration refuses, and what is left when it fails: words, and the server as it was."""

import fcntl
import os
import shutil

import pytest

from tests.migrate import releases
from tests.migrate.household import Household
from whimbrel.kernel.events import Claim, draft
from whimbrel.kernel.switching import KEPT_KEY, STORE_KEY, StoreKept, StoreSwitched
from whimbrel.migration import making
from whimbrel.migration.standing import look
from whimbrel.migration.switching import append

USED, FREE = 1_000, 2_199


@pytest.fixture(scope="module")
def one_home(tmp_path_factory, old):
    """A server that all of these leave as it is."""
    household = Household(tmp_path_factory.mktemp("refusing") / "data", old)
    household.people = household.provide(["ada"])
    household.start()
    client = household.client(household.people["ada"])
    for number in range(5):
        client.post("/api/v1/statuses", {"status": f"post {number}"})
    client.close()
    yield household
    household.close()


@pytest.fixture
def unchanged(one_home, old):
    """Whatever happens: the same release serves from the same store, all posts are there, nothing is left over."""
    yield one_home
    assert one_home.serving() == old.version
    assert len(one_home.posted(one_home.people["ada"])) == 5
    assert one_home.stores() == ["store-1.sqlite"]
    assert not look(one_home.data).unfinished


def test_a_second_migration_is_refused_while_one_is_under_way(unchanged, new):
    handle = os.open(unchanged.data / "run" / "migrate.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    for words in ((), ("--back",), ("--finish",)):
        assert "under way already" in unchanged.run(new, "migrate", *words, code=1)
    os.close(handle)


def test_the_release_that_serves_has_nothing_to_do(unchanged, old):
    assert "serves already" in unchanged.run(old, "migrate")
    assert "no migration is unfinished" in unchanged.run(old, "migrate", "--back", code=1)
    assert "nothing is unfinished" in unchanged.run(old, "migrate", "--finish")


def test_only_the_release_that_serves_can_finish(unchanged, new):
    assert "serves" in unchanged.run(new, "migrate", "--finish", code=1)


def test_back_and_finish_at_once_is_a_wrong_command_line(unchanged, new):
    unchanged.run(new, "migrate", "--back", "--finish", code=2)


def test_without_a_server_there_is_nothing_to_migrate_beside(tmp_path, old, new):
    household = Household(tmp_path / "data", old)
    household.provide(["ada"])
    assert "start this release" in household.run(new, "migrate", code=1)


def test_an_unfinished_migration_between_other_releases_is_not_built_upon(tmp_path, old, new):
    household = Household(tmp_path / "data", old)
    household.provide(["ada"])
    switch = draft(StoreSwitched("8.0", "/eight"), actor=0, id=1, claims=(Claim(STORE_KEY),))
    append(household.data, switch, draft(StoreKept("7.0", "/seven"), actor=0, id=2, claims=(Claim(KEPT_KEY),)))
    household.start()
    try:
        assert "between 7.0 and 8.0 is unfinished" in household.run(new, "migrate", code=1)
    finally:
        household.close()


def test_a_disk_with_less_than_2_2_times_the_store_free_is_refused(tmp_path, monkeypatch):
    store = tmp_path / "store-1.sqlite"
    store.write_bytes(b"s" * (USED - 100))
    store.with_name("store-1.sqlite-wal").write_bytes(b"w" * 100)
    total = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: total._replace(free=FREE))
    with pytest.raises(making.NoRoom, match=r"2\.2 times"):
        making.need_room(store)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: total._replace(free=FREE + 1))
    making.need_room(store)


MISTAKES = {
    "SQL that cannot be run": (
        ("migrations/*.pre.sql", "length(text)", "length_of(text)"),
        1,
        "The store cannot be migrated",
    ),
    "rows that say something else": (
        ("migrations/*.pre.sql", "SET characters", "SET spoiler = 'oops', characters"),
        1,
        "table post_texts: the row with post_id",
    ),
    "rows that are gone": (
        (
            "migrations/*.pre.sql",
            "UPDATE post_texts",
            "DELETE FROM post_texts WHERE post_id IN (SELECT max(id) FROM posts); UPDATE post_texts",
        ),
        1,
        "in the new store",
    ),
    "answers that differ": (
        ("api/mastodon/render/posts.py", '"spoiler_text": post.spoiler,', '"spoiler_text": "oops",'),
        1,
        "answers otherwise",
    ),
    "processes that die": (
        ("api_server.py", "    config = decode(", "    sys.exit(3)\n    config = decode("),
        3,
        "take over",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_release_with_a_mistake_says_what_it_met_and_leaves_everything_serving(unchanged, new, tmp_path, mistake):
    (pattern, before, after), code, said = MISTAKES[mistake]
    spoiled = releases.spoiled(new, tmp_path, pattern, before, after)
    assert said in unchanged.run(spoiled, "migrate", code=code)


def test_where_no_steps_lead_the_new_store_is_built_from_the_journal(unchanged, old, new, tmp_path):
    replaying = releases.spoiled(
        new, tmp_path, "migrations/*.pre.sql", "-- How long", "-- replay: for once\n-- How long"
    )
    said = unchanged.run(replaying, "migrate")
    assert "for once" in said
    assert "nothing differs" in said
    assert unchanged.serving() == new.version
    unchanged.run(replaying, "migrate", "--back")
    unchanged.all_serve(old)
