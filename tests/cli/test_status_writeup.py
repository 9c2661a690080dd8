"""`whimbrel status writeup`: the files that it writes, and what it says of what is written in them."""

import asyncio
import io
import json
import os

import pytest
import yaml
from PIL import Image

from tests.statuspage.writeup_examples import MINUTE, OVER, incident
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.defaults import own_service
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.incidents import rows
from whimbrel.statuspage.writeup.beside import writeups_of
from whimbrel.statuspage.writeup.rows import Text

ROOMS = ("catalogue", "board", "incidents", "reports", "watching", "writeup")
PROOF = {"records": 9, "trimmed": 0, "snapshots": 0, "store_cursor": 9, "parked": 0, "findings": []}


async def filled(folder, *, written):
    """A book with one incident that is over; with `written` also a published text of somebody's."""
    folder.mkdir()
    book = Book(folder / "status.sqlite", [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
    catalogue = Catalogue(book=book, clock=lambda: OVER)
    await catalogue.load(own_service("Birdsong", "https://birdsong.example"))
    await book.write(lambda pen: rows.put_incident(pen, incident()))
    if written:
        writeups = writeups_of(book, catalogue, lambda: OVER + MINUTE, site="", url="https://status.example")
        draft = await writeups.draft("i1", actor="ada")
        text = Text(title="Ours", description="In our words.", body="We broke {{ it }}.\n")
        edited = await writeups.edit("i1", text, over=draft.version, actor="ada")
        await writeups.publish("i1", version=edited.version, actor="ada")
    book.close()


@pytest.fixture
def page(commands):
    asyncio.run(filled(commands.data, written=False))
    return commands


def matter(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_what_the_book_knows_is_written_with_its_picture(page, tmp_path):
    out = tmp_path / "outage.md"
    ended = page.run("status", "writeup", "i1", "--format", "jigsaw", "--date", "float", "--out", str(out))
    assert (ended.code, ended.err) == (0, "writeup: nobody has written one; this is what the book knows\n")
    text = out.read_text("utf-8")
    found = matter(text)
    assert (found["extends"], found["section"]) == ("_layouts.post", "content")
    assert (found["image"], type(found["date"])) == ("/assets/images/outage.png", float)
    assert found["title"] == "Trouble with Posting, 15 October 2020\n"
    assert "What happened on Birdsong on 15 October 2020" in found["description"]
    assert "- Posts lost: not verified." in text
    assert "@<!-- -->ada" in text
    assert Image.open(io.BytesIO((tmp_path / "outage.png").read_bytes())).size == (1200, 630)


def test_in_a_folder_the_file_is_called_as_the_generator_wants_it(page, tmp_path):
    folder = tmp_path / "issues"
    folder.mkdir()
    page.done("status", "writeup", "i1", "--format", "cstate", "--out", str(folder))
    names = sorted(one.name for one in folder.iterdir())
    stem = "2020-10-15-trouble-with-posting-15-october-2020"
    assert names == [f"{stem}.md", f"{stem}.png"]
    assert matter((folder / names[0]).read_text())["affected"] == ["Posting", "Home timeline"]


def test_a_folder_that_is_not_there_yet_is_made_and_one_that_cannot_be_is_refused(page, tmp_path):
    """Accident: `--out posts/` of no folder wrote a file `posts` without an ending, which no generator reads."""
    ended = page.run("status", "writeup", "i1", "--format", "hugo", "--out", f"{tmp_path}/site/posts/")
    assert ended.code == 0
    stem = "trouble-with-posting-15-october-2020"
    assert sorted(one.name for one in (tmp_path / "site" / "posts").iterdir()) == [f"{stem}.md", f"{stem}.png"]
    (tmp_path / "file").write_text("here already")
    ended = page.run("status", "writeup", "i1", "--format", "hugo", "--out", f"{tmp_path}/file/")
    assert ended.code != 0
    assert ended.err.splitlines()[-1].endswith(f"{tmp_path}/file: File exists")


def test_a_name_that_the_generator_would_pass_over_is_said(page, tmp_path):
    ended = page.run("status", "writeup", "i1", "--format", "jekyll", "--out", str(tmp_path / "outage.md"))
    assert "jekyll wants this file to be called 20" in ended.err


def test_the_published_text_goes_before_any_other(commands, tmp_path):
    asyncio.run(filled(commands.data, written=True))
    out = tmp_path / "ours.md"
    ended = commands.run("status", "writeup", "i1", "--format", "hugo", "--image", "/x.png", "--out", str(out))
    assert (ended.code, ended.err) == (0, "writeup: version 2 by ada, published\n")
    text = out.read_text()
    assert (matter(text)["draft"], matter(text)["images"]) == (False, ["/x.png"])
    assert text.endswith("\nWe broke &#123;{ it }}.\n")


def test_no_post_lost_is_written_only_with_a_check_that_says_so(page, tmp_path):
    proof, out = tmp_path / "verified.json", tmp_path / "a.md"
    proof.write_text(json.dumps(PROOF))
    words = ("status", "writeup", "i1", "--format", "hugo", "--out", str(out), "--verified", str(proof))
    page.done(*words)
    assert "- Posts lost: 0. `whimbrel verify` checked all 9 records" in out.read_text()
    os.utime(proof, (OVER / 1_000 - 60, OVER / 1_000 - 60))
    page.done(*words)
    assert "- Posts lost: not verified since the end" in out.read_text()


def test_a_check_cannot_be_put_into_a_text_that_is_written(commands, tmp_path):
    asyncio.run(filled(commands.data, written=True))
    proof = tmp_path / "verified.json"
    proof.write_text(json.dumps(PROOF))
    words = ("--format", "hugo", "--out", str(tmp_path / "a.md"), "--verified", str(proof))
    ended = commands.run("status", "writeup", "i1", *words)
    assert ended.code == 2
    assert "the text is written already (version 2)" in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("i2", "--format", "hugo"), 'there is no incident "i2"'),
        (("i1", "--format", "hugo", "--date", "int"), "only Jigsaw"),
        (("i1", "--format", "word"), "word"),
        (("i1", "--format", "hugo", "--verified", "/no/such/file"), "--verified: /no/such/file"),
    ],
)
def test_what_cannot_be_done_is_said(page, tmp_path, words, said):
    ended = page.run("status", "writeup", *words, "--out", str(tmp_path / "a.md"))
    assert ended.code != 0
    assert said in ended.err
    assert not (tmp_path / "a.md").exists()


def test_a_file_that_cannot_be_written_and_a_page_that_is_not_there(page, tmp_path):
    ended = page.run("status", "writeup", "i1", "--format", "hugo", "--out", str(tmp_path / "no" / "a.md"))
    assert "--out:" in ended.err
    (page.data / "status.sqlite").unlink()
    ended = page.run("status", "writeup", "i1", "--format", "hugo", "--out", str(tmp_path / "a.md"))
    assert "holds no status page" in ended.err
