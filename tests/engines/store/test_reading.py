"""A look at the store: consistent, with its cursor, with lists as parameters, and never for too long."""

import threading

import apsw
import pytest

from tests.engines.store.shop import Joined, Wrote
from whimbrel.kernel.errors import StoreUnavailable

FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def notes(shop):
    ada = shop.happen(Joined("ada"))
    ids = [shop.happen(Wrote(text), actor=ada) for text in ("a", "b", "c")]
    shop.catch_up()
    return ids


@pytest.mark.usefixtures("notes")
def test_a_look_stays_as_of_its_cursor_while_the_store_moves(shop):
    with shop.store.reading() as rows:
        before = rows.cursor
        shop.happen(Wrote("d"), actor=1)
        shop.catch_up()
        assert rows.all("SELECT count(*) FROM notes") == [(3,)]
        assert rows.one("SELECT sequence FROM cursor") == (before,)
    with shop.store.reading() as rows:
        assert (rows.one("SELECT count(*) FROM notes"), rows.cursor) == ((4,), before + 1)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_list_parameter_takes_any_number_of_ids(shop, notes, count):
    chosen = notes[:count]
    found = shop.all("SELECT id FROM notes WHERE id IN (:ids*) ORDER BY id", ids=chosen)
    others = shop.all("SELECT id FROM notes WHERE id NOT IN (:ids*) ORDER BY id", ids=tuple(chosen))
    assert [row[0] for row in found] == chosen
    assert [row[0] for row in others] == notes[count:]


def test_a_list_parameter_takes_more_than_any_number_of_placeholders(shop, notes):
    many = [*range(100_000), *notes]
    assert shop.all("SELECT count(*) FROM notes WHERE id IN (:ids*)", ids=many) == [(3,)]


def test_lists_of_texts_stand_beside_other_parameters(shop, notes):
    sql = "SELECT text FROM notes WHERE text IN (:texts*) AND id > :floor"
    assert shop.all(sql, texts={"a", "c", 'x"'}, floor=notes[0]) == [("c",)]


def test_a_large_id_comes_through_a_list_unharmed(shop):
    largest = (1 << 63) - 1
    assert shop.all("SELECT value FROM (SELECT :id AS value) WHERE value IN (:ids*)", id=largest, ids=[largest]) == [
        (largest,)
    ]


@pytest.mark.usefixtures("notes")
def test_a_reader_cannot_write(shop):
    with pytest.raises((StoreUnavailable, apsw.Error)), shop.store.reading() as rows:
        rows.all("DELETE FROM notes")
    assert len(shop.notes()) == 3


@pytest.mark.usefixtures("notes")
def test_a_look_that_takes_too_long_is_ended(shop, monkeypatch):
    monkeypatch.setattr("whimbrel.engines.store.sqlite.STORE_READ_DEADLINE_SECONDS", 0.05)
    with pytest.raises(StoreUnavailable), shop.store.reading() as rows:
        rows.all(FOREVER)
    assert len(shop.notes()) == 3


@pytest.mark.usefixtures("notes")
def test_a_mistake_in_the_sql_is_not_taken_for_a_store_that_is_away(shop):
    with pytest.raises(apsw.SQLError), shop.store.reading() as rows:
        rows.all("SELECT nonsense FROM notes")
    assert len(shop.notes()) == 3


@pytest.mark.usefixtures("notes")
def test_an_error_inside_a_look_leaves_the_store_readable(shop):
    with pytest.raises(KeyError), shop.store.reading():
        raise KeyError
    assert len(shop.notes()) == 3


@pytest.mark.usefixtures("notes")
def test_many_threads_look_at_once(shop):
    seen, together = [], threading.Barrier(12)

    def look():
        together.wait()
        for _ in range(20):
            seen.append(len(shop.notes()))

    threads = [threading.Thread(target=look) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [3] * 240
