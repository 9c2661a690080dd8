"""What other rooms have in the copy: published write-ups with picture and words, and what users report."""

import re
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

import html5lib
import pytest

from tests.statuspage.page_in_test import MINUTE, opened_page
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.values import Service
from whimbrel.statuspage.writeup.rows import Text


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path / "data", export=tmp_path / "copy") as page:
        yield page


@pytest.fixture
def copy(tmp_path):
    """Where the copy lies."""
    return tmp_path / "copy"


def written_up(page):
    rooms = page.program.rooms
    opened = page.run(rooms.incidents.open("Media", Saying(body="It fails."), actor="ada", board={}))
    page.later(10 * MINUTE)
    page.run(rooms.incidents.say(opened.id, Saying(body="Over.", status="resolved"), actor="ada", board={}))
    draft = page.run(rooms.writeups.draft(opened.id, actor="ada"))
    page.run(rooms.writeups.publish(opened.id, version=draft.version, actor="ada"))
    page.turn()
    return opened.id


def copied(page):
    export = page.program._export
    page.run(export.copy(whole=True))
    assert export.failing == ""


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_published_write_up_is_in_the_copy_and_every_link_leads_to_a_file(page, copy):
    id_ = written_up(page)
    page.run(page.program.rooms.catalogue.put_service(
        Service(id="post", name="Pigeon post", url="https://pigeons.example.org", kinds=("late",)), actor="ada"
    ))  # fmt: skip
    copied(page)
    files = files_in(copy)
    assert {f"incidents/{id_}/writeup.png", f"incidents/{id_}/writeup.md"} <= files
    assert (copy / f"incidents/{id_}/writeup.png").read_bytes()[:4] == b"\x89PNG"
    for language in LANGUAGES:
        prefix = "" if language == "en" else f"{language}/"
        for place in (f"incidents/{id_}/writeup", "services", "services/own", "services/post"):
            assert f"{prefix}{place}/index.html" in files
    for place in sorted(one for one in files if one.endswith(".html")):
        text = (copy / place).read_text("utf-8")
        html5lib.HTMLParser(strict=True).parse(text)
        inside = text.partition('<article class="writeup"')[0]  # a write-up names the page's own address
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', inside):
            assert not urlsplit(link).scheme
            assert not link.startswith("/")
            assert normpath(join(dirname(place), unquote(link))) in files, (place, link)
    story = (copy / f"incidents/{id_}/index.html").read_text("utf-8")
    assert f'href="../../incidents/{id_}/writeup/index.html"' in story


def test_what_is_published_again_is_copied_again_and_the_rest_is_left(page, copy):
    id_ = written_up(page)
    copied(page)
    place = copy / f"incidents/{id_}/writeup/index.html"
    before = place.stat().st_mtime_ns
    page.later(MINUTE)
    copied(page)
    assert place.stat().st_mtime_ns == before
    writeups = page.program.rooms.writeups
    page.run(writeups.edit(id_, Text(title="Another", description="x", body="Other words."), over=1, actor="ada"))
    page.run(writeups.publish(id_, version=2, actor="ada"))
    page.turn()
    copied(page)
    assert "Other words." in place.read_text("utf-8")
    assert (copy / f"incidents/{id_}/writeup.md").read_text("utf-8") == "Other words."


def test_a_copy_offers_nothing_that_only_the_page_itself_can_do(page, copy):
    copied(page)
    text = (copy / "services" / "own" / "index.html").read_text("utf-8") + (copy / "services/index.html").read_text()
    assert "report?" not in text
    assert "days=" not in text
    assert ".csv" not in text
    assert 'href="services/index.html"' in (copy / "index.html").read_text("utf-8")


def test_reports_are_copied_anew_though_nothing_is_shown_otherwise(page, copy):
    copied(page)
    place = copy / "services" / "own" / "index.html"
    before = place.read_bytes()
    page.later(10 * MINUTE)
    page.turn()
    page.run(page.program._export.copy(whole=False))
    assert place.read_bytes() != before


def test_a_service_that_is_taken_away_goes_from_the_copy(page, copy):
    catalogue = page.program.rooms.catalogue
    service = Service(id="post", name="Pigeon post", url="https://pigeons.example.org", kinds=("late",))
    page.run(catalogue.put_service(service, actor="ada"))
    copied(page)
    assert (copy / "services" / "post" / "index.html").exists()
    page.run(catalogue.remove_service("post", actor="ada"))
    copied(page)
    assert not (copy / "services" / "post").exists()
