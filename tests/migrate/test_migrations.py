"""Named SQL from one schema to the next, on a copy; and stores of older releases that are met without a migration."""

import re

import apsw
import pytest

from tests.engines.store.shop import SCHEMA, Joined, Shop, Wrote
from tests.migrate.recording import FOLDER
from whimbrel.engines.store import migrations
from whimbrel.engines.store.compare import differences
from whimbrel.engines.store.likeness import likeness
from whimbrel.engines.store.migrations import Migration, NoPath, go, hash_of, migrate_in_place, path_between
from whimbrel.engines.store.numbered import schema_of
from whimbrel.engines.store.writer import OtherSchema, StoreWriter, schema_hash_of
from whimbrel.kernel.formats import SCHEMA as NUMBER
from whimbrel.rooms import follows, schemas

NEWER = SCHEMA.replace(
    "likes INTEGER NOT NULL DEFAULT 0", "likes INTEGER NOT NULL DEFAULT 0,\n length INTEGER NOT NULL DEFAULT 0"
)
STEP = Migration(
    1,
    "length",
    schema_hash_of([SCHEMA]),
    schema_hash_of([NEWER]),
    "ALTER TABLE notes ADD COLUMN length INTEGER NOT NULL DEFAULT 0; UPDATE notes SET length = length(text)",
    post="CREATE TABLE afterwards (id INTEGER PRIMARY KEY) STRICT",
)


@pytest.fixture
def shop(tmp_path):
    opened = Shop(tmp_path)
    for number in range(40):
        person = opened.happen(Joined(f"person {number}"))
        opened.happen(Wrote("words " * number), actor=person)
    opened.catch_up()
    yield opened
    opened.close()


def text_of(path):
    """The schema of a store as SQLite keeps it, without remarks and spaces that mean nothing."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        rows = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
        return {(kind, name): plain(sql) for kind, name, sql in rows}
    finally:
        db.close()


def plain(sql):
    bare = " ".join(re.sub(r"--[^\n]*", " ", sql).replace("IF NOT EXISTS", "").split())
    return bare.replace("( ", "(").replace(" )", ")").replace(" ,", ",").replace('"', "")


def test_the_recorded_schema_and_the_migrations_give_the_schema_of_a_new_store(tmp_path):
    """What to do when this fails is in whimbrel/migrations: a released schema changes by a migration only."""
    steps = follows().migrations
    assert len(steps) == NUMBER, "SCHEMA in kernel/formats.py is the number of the newest migration"
    StoreWriter(tmp_path / "fresh.sqlite", schemas()).close()
    for number in range(NUMBER + 1):
        script = (FOLDER / f"{number:04}.sql").read_text("utf-8")
        made = bytes.fromhex(script.splitlines()[0].removeprefix("-- hash: "))
        db = apsw.Connection(str(tmp_path / f"{number}.sqlite"))
        db.execute(script)
        db.execute("INSERT INTO cursor VALUES (1, 0, x'', 0, ?)", (made,))
        db.close()
        path = path_between(steps, made, schema_hash_of(schemas()))
        go(tmp_path / f"{number}.sqlite", path)
        migrations.finish(tmp_path / f"{number}.sqlite", steps)
        assert text_of(tmp_path / f"{number}.sqlite") == text_of(tmp_path / "fresh.sqlite"), (
            f"schema {number:04} with its migrations is not what a new store has; the hash of a new store is"
            f" {schema_hash_of(schemas()).hex()}. If it was never released: python -m tests.migrate.recording"
        )


def test_remarks_and_spaces_do_not_make_another_schema():
    assert hash_of(["CREATE TABLE a (b) -- what b is\n;"]) == hash_of(["-- first\nCREATE  TABLE a\n(b)\n;"])
    assert hash_of(["CREATE TABLE a (b);"]) != hash_of(["CREATE TABLE a (c);"])


def test_the_steps_between_two_schemas_are_found_in_order():
    first, second, third = (bytes([number]) * 16 for number in range(3))
    one, two = (
        Migration(n, f"step{n}", before, after, "") for n, before, after in ((1, first, second), (2, second, third))
    )
    assert path_between([one, two], first, third) == [one, two]
    assert path_between([one, two], second, third) == [two]
    assert path_between([one, two], third, third) == []
    with pytest.raises(NoPath):
        path_between([one, two], third, first)
    with pytest.raises(NoPath, match="only the journal knows"):
        path_between([one, two._replace(replay="only the journal knows")], first, third)


def test_a_migrated_copy_has_every_row_and_says_what_it_waits_for(shop, tmp_path):
    copy = tmp_path / "store-2.sqlite"
    migrations.copy_into(shop.path, copy)
    go(copy, [STEP])
    assert schema_of(copy) == (1, 0)
    StoreWriter(copy, [NEWER]).close()
    with pytest.raises(OtherSchema):
        StoreWriter(shop.path, [NEWER])
    found = likeness(shop.path, copy, lambda at: at)
    assert found.differences == ()
    assert (found.tables, found.rows) == (2, 80)
    assert migrations.finish(copy, [STEP]) == ["length"]
    assert schema_of(copy) == (1, 1)
    assert migrations.finish(copy, [STEP]) == []


def test_a_step_that_fails_leaves_the_copy_as_it_was(shop, tmp_path):
    copy = tmp_path / "store-2.sqlite"
    migrations.copy_into(shop.path, copy)
    with pytest.raises(migrations.MigrationFailed, match="syntax error"):
        go(copy, [STEP, STEP._replace(number=2, pre="UPDATE nowhere SET nothing = 1")])
    assert schema_of(copy) == schema_of(shop.path)
    assert differences(shop.path, copy) == []


def test_a_copy_with_a_row_more_or_other_words_is_not_like_the_store(shop, tmp_path):
    for number, (statement, said) in enumerate(
        (
            ("UPDATE notes SET text = 'other' WHERE id = (SELECT max(id) FROM notes)", "the row with id"),
            ("DELETE FROM people WHERE id = (SELECT min(id) FROM people)", "in the new store"),
        )
    ):
        copy = tmp_path / f"copy-{number}.sqlite"
        migrations.copy_into(shop.path, copy)
        db = apsw.Connection(str(copy))
        db.execute(statement)
        db.close()
        (difference, *_) = likeness(shop.path, copy, lambda at: at).differences
        assert said in difference
        assert "other" not in difference
        assert likeness(shop.path, copy, lambda at: at, changed=["notes.text", "people"]).differences == ()


def test_an_older_store_that_is_met_at_a_start_is_migrated_in_its_place(shop):
    shop.writer.close()
    before = shop.path.stat().st_ino
    assert migrate_in_place(shop.path, [STEP], schema_hash_of([NEWER]))
    assert shop.path.stat().st_ino != before
    assert schema_of(shop.path) == (1, 1)
    shop.writer = StoreWriter(shop.path, [NEWER])
    assert shop.writer.standing().sequence == shop.journal.head()[0]


def test_where_no_steps_lead_an_older_store_is_left_to_the_rebuild(shop):
    shop.writer.close()
    assert not migrate_in_place(shop.path, [], schema_hash_of([NEWER]))
    assert not migrate_in_place(shop.path, [STEP._replace(pre="nonsense")], schema_hash_of([NEWER]))
    shop.writer = StoreWriter(shop.path, [SCHEMA])


def test_every_migration_is_of_two_known_schemas_and_has_its_number(tmp_path, monkeypatch):
    package = tmp_path / "steps"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    (package / "0001_one.pre.sql").write_text("-- from: 00\n-- to: 00\n")
    with pytest.raises(ValueError, match="from"):
        migrations.migrations_in("steps")
    facts = f"-- from: {'00' * 16}\n-- to: {'01' * 16}\n-- changes: notes.text, people\n"
    (package / "0001_one.pre.sql").write_text(facts)
    (package / "0001_one.post.sql").write_text("SELECT 1")
    (step,) = migrations.migrations_in("steps")
    assert (step.number, step.name, step.changes, step.post) == (1, "one", {"notes.text", "people"}, "SELECT 1")
    (package / "0003_three.pre.sql").write_text(facts)
    with pytest.raises(ValueError, match="0001, 0002"):
        migrations.migrations_in("steps")
    (package / "three.sql").write_text("")
    with pytest.raises(ValueError, match=r"three\.sql"):
        migrations.migrations_in("steps")
