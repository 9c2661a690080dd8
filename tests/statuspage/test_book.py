"""The book: what was written is on disk, nobody's mistake costs another, and the past cannot be changed unseen."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import apsw
import pytest

from tests.support.serving import ROOT, eventually
from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.limits import BOOK_READER_CACHE_BYTES, BOOK_READERS, BOOK_WRITER_CACHE_BYTES
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book, BookUnavailable

NOTES = "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"

WRITES_FOR_EVER = """
import sys
from pathlib import Path
from whimbrel.statuspage.book.file import Book
book = Book(Path(sys.argv[1]), ["CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT) STRICT;"])
number = 0
while True:
    number += 1
    book.submit(lambda rows: rows.run("INSERT INTO notes (text) VALUES (:text)", {"text": str(number)})).result()
    print(number, flush=True)
"""


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [NOTES])
    yield book
    book.close()


def noting(text):
    return lambda rows: rows.run("INSERT INTO notes (text) VALUES (:text)", {"text": text})


def notes(book):
    with book.look() as rows:
        return [text for (text,) in rows.all("SELECT text FROM notes ORDER BY id")]


def say(book, *words):
    for number, word in enumerate(words):
        book.submit(lambda rows, word=word, number=number: history.add(
            rows, "said", "incident-1", {"words": word}, actor="ada", now_ms=1_000 + number
        )).result()  # fmt: skip


def found_faults(book):
    with book.look() as rows:
        return list(history.faults(rows))


def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path):
    path = tmp_path / "status.sqlite"
    writing = subprocess.Popen(
        [sys.executable, "-c", WRITES_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with writing, writing.stdout as said:
        acknowledged = [said.readline().strip() for _ in range(40)]
        os.kill(writing.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in said if line.endswith("\n")]
    book = Book(path, [NOTES])
    assert notes(book)[: len(acknowledged)] == acknowledged
    book.close()


def test_many_writers_at_once_are_all_written_in_their_order(book):
    async def all_at_once():
        return await asyncio.gather(*[book.write(noting(str(number))) for number in range(2_000)])

    assert asyncio.run(all_at_once()) == [1] * 2_000
    assert notes(book) == [str(number) for number in range(2_000)]
    eventually(lambda: book.pending == 0, seconds=20, what="nothing waits any more")


def test_a_mistake_of_one_costs_the_others_of_its_batch_nothing(book):
    async def one_of_them_fails():
        book.submit(noting("taken")).result()
        writes = [book.write(noting(text)) for text in ("before", "taken", "after")]
        return await asyncio.gather(*writes, return_exceptions=True)

    before, mistaken, after = asyncio.run(one_of_them_fails())
    assert (before, after) == (1, 1)
    assert isinstance(mistaken, apsw.ConstraintError)
    assert notes(book) == ["taken", "before", "after"]


def test_while_the_file_is_held_by_another_writes_are_refused_in_words_and_afterwards_go_on(book, tmp_path):
    other = apsw.Connection(str(tmp_path / "status.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BookUnavailable, match="Busy"):
        book.submit(noting("meanwhile")).result()
    assert "Busy" in book.failing
    assert notes(book) == []  # readers go on
    other.execute("ROLLBACK")
    other.close()
    assert book.submit(noting("afterwards")).result() == 1
    assert book.failing == ""
    assert notes(book) == ["afterwards"]


def test_a_file_that_is_no_book_is_refused_at_the_start(tmp_path):
    path = tmp_path / "status.sqlite"
    path.write_bytes(b"no book at all" * 1_000)
    with pytest.raises(Corrupt):
        Book(path, [NOTES])


def test_a_book_that_is_closed_says_so(tmp_path):
    book = Book(tmp_path / "status.sqlite", [NOTES])
    last = book.submit(noting("the last"))
    book.close()
    assert last.result() == 1
    with pytest.raises(BookUnavailable):
        book.submit(noting("too late"))


def test_a_look_from_the_loop_sees_what_was_written_before_it(book):
    async def written_then_read():
        await book.write(noting("one"))
        return await book.read(lambda rows: rows.all("SELECT text FROM notes"))

    assert asyncio.run(written_then_read()) == [("one",)]


def test_the_history_is_read_back_as_it_was_said_and_its_times_never_step_back(book):
    say(book, "we look into it", "we found it", "it is over")
    book.submit(lambda rows: history.add(rows, "said", "incident-2", {}, actor=history.BY_ITSELF, now_ms=5)).result()
    with book.look() as rows:
        told = history.about(rows, "incident-1")
        everything = list(history.entries(rows))
    assert [entry.details["words"] for entry in told] == ["we look into it", "we found it", "it is over"]
    assert [entry.time_ms for entry in everything] == [1_000, 1_001, 1_002, 1_002]
    assert found_faults(book) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("""UPDATE history SET payload = CAST('{"words":"nothing happened"}' AS BLOB) WHERE sequence = 2""", [2]),
        ("UPDATE history SET time_ms = 7 WHERE sequence = 1", [1]),
        ("UPDATE history SET actor = 'bob' WHERE sequence = 3", [3]),
        ("DELETE FROM history WHERE sequence = 2", [3, 3]),
        ("DELETE FROM history WHERE sequence = 1", [2, 2]),
        ("UPDATE history SET chain = x'00' WHERE sequence = 2", [2, 3]),
    ],
)
def test_a_changed_past_is_found_at_its_place(book, tmp_path, change, where):
    say(book, "one", "two", "three")
    other = apsw.Connection(str(tmp_path / "status.sqlite"))
    other.execute(change)
    other.close()
    assert [fault.sequence for fault in found_faults(book)] == where


def test_a_history_of_many_pages_is_verified_whole(book):
    async def say_much():
        await asyncio.gather(*[
            book.write(lambda rows: history.add(rows, "said", "x", {}, actor="ada", now_ms=1)) for _ in range(1_203)
        ])  # fmt: skip

    asyncio.run(say_much())
    assert found_faults(book) == []
    with book.look() as rows:
        assert history.newest(rows)[0] == 1_203


def test_a_task_that_is_cancelled_in_the_moment_of_its_answer_ends(book):
    """Accident: a page that was told to stop in such a moment turned on, and never ended."""

    def hopping(loop, hops, do):
        if hops:
            loop.call_soon(hopping, loop, hops - 1, do)
        else:
            do()

    async def forgot(hops):
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def cancel():
            cancelled.append(task.cancel())
            told.set()

        cancelled = []
        task = asyncio.create_task(book.read(lambda _: loop.call_soon_threadsafe(hopping, loop, hops, cancel)))
        await asyncio.wait([task])
        await told.wait()
        return cancelled == [True] and not task.cancelled()

    async def tried():
        return [await forgot(n % 8) for n in range(100)]

    assert not any(asyncio.run(tried()))


def test_a_book_keeps_little_of_its_file_in_memory(book):
    """Accident: the caches were those of a server's store, and grew to 48 MB in a page of 36."""
    before = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)[0]

    async def fill():
        for _ in range(100):
            await book.write(lambda pen: pen.run("INSERT INTO notes (text) VALUES (hex(randomblob(100000)))"))
        looks = [book.read(lambda look: look.all("SELECT SUM(LENGTH(text)) FROM notes")) for _ in range(BOOK_READERS)]
        await asyncio.gather(*looks)

    asyncio.run(fill())
    grown = apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)[0] - before
    assert grown < 1.5 * (BOOK_WRITER_CACHE_BYTES + BOOK_READERS * BOOK_READER_CACHE_BYTES)


def test_whoever_goes_away_before_or_while_it_is_written_keeps_nobody_else_from_writing(book):
    """Accident: a page that was told to stop in the middle of a write ended the book's writer, and waited for ever."""

    async def script():
        loop, begun, may_end = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def slowly(pen):
            loop.call_soon_threadsafe(begun.set)
            may_end.wait(30)
            return noting("slow")(pen)

        under_way = asyncio.create_task(book.write(slowly))
        await begun.wait()
        waiting = asyncio.create_task(book.write(noting("never")))
        await asyncio.sleep(0)
        for task in (under_way, waiting):
            task.cancel()
        await asyncio.wait((under_way, waiting))
        may_end.set()
        async with asyncio.timeout(30):
            await book.write(noting("afterwards"))

    asyncio.run(script())
    assert notes(book) == ["slow", "afterwards"]
