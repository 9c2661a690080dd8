"""The copy for a second origin: whole at every moment, relative, honest about its age, careful with others' files."""

import asyncio
import functools
import http.server
import json
import os
import posixpath
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import html5lib
import pytest

from tests.support.chromium import browsing
from tests.support.status_page import StatusPage, in_trouble
from whimbrel.kernel.errors import Misconfigured
from whimbrel.statuspage.export.folder import INDEX, Folder
from whimbrel.statuspage.export.front import Export
from whimbrel.statuspage.export.rooms import BadgesCopied
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.v2.routes import documents

KILLED = """
import os, sys
from pathlib import Path
from whimbrel.statuspage.export import folder
written = folder.Folder._write
left = [int(sys.argv[2])]
def until_killed(self, path, body):
    if not left[0]:
        os.kill(os.getpid(), 9)
    left[0] -= 1
    written(self, path, body)
folder.Folder._write = until_killed
files = {f"{number}.html": b"<p>new " + b"x" * 100_000 + b"</p>" for number in range(5)}
folder.Folder(Path(sys.argv[1])).put(files.items(), files.keys(), made_ms=2, made_at="two")
"""


@pytest.fixture
def status(tmp_path):
    status = StatusPage(tmp_path / "status.sqlite")
    yield status
    status.close()


@pytest.fixture
def copy(tmp_path):
    """Where the copy lies."""
    return tmp_path / "copy"


def export_of(status, copy):
    rooms = (BadgesCopied(),)
    return Export(Folder(copy), layout=status.layout, looking=status.looking, clock=status.clock, rooms=rooms)


def exported(status, copy, begin=in_trouble):
    async def export():
        await begin(status)
        await export_of(status, copy).copy(whole=True)

    asyncio.run(export())


def files_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_whole_page_is_there_in_every_language_with_documents_and_feeds(status, copy):
    exported(status, copy)
    files = files_in(copy)
    for language in LANGUAGES:
        prefix = "" if language == "en" else f"{language}/"
        for page in ("", "history/", "rule/", "incidents/i1/", "incidents/i2/", "components/home/"):
            assert f"{prefix}{page}index.html" in files
        assert {f"{prefix}history.atom", f"{prefix}badge.svg", f"{prefix}components/home/badge.svg"} <= files
    assert set(documents()) <= files
    assert 'xml:lang="ja"' in (copy / "ja/history.atom").read_text("utf-8")
    assert ">Degraded · 15 Oct 2020, 20:34 UTC<" in (copy / "components/home/badge.svg").read_text("utf-8")
    assert json.loads((copy / "api/v2/status.json").read_bytes())["status"]["indicator"] == "critical"
    assert files == json.loads((copy / INDEX).read_bytes())["files"].keys() | {INDEX}


def test_every_page_stands_alone_and_every_link_leads_to_a_file(status, copy):
    exported(status, copy)
    files = files_in(copy)
    pages = [path for path in files if path.endswith(".html")]
    assert len(pages) > 90
    for page in pages:
        text = (copy / page).read_text("utf-8")
        html5lib.HTMLParser(strict=True).parse(text)
        assert "<style>" in text
        assert "<script>" in text
        for link in re.findall(r'(?:href|src)="([^"#][^"]*)"', text):
            assert not urlsplit(link).scheme
            assert not link.startswith("/")
            assert posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(link))) in files, (page, link)


def test_a_copy_says_when_it_was_made_and_when_we_last_looked(status, copy):
    exported(status, copy)
    text = (copy / "index.html").read_text("utf-8")
    assert "This is a copy, made 15 Oct 2020, 20:34 UTC." in text
    assert "Last looked at 15 Oct 2020, 20:34 UTC" in text
    assert "Dies ist eine Kopie" in (copy / "de" / "index.html").read_text("utf-8")


def test_what_is_shown_no_more_is_removed_and_what_is_not_ours_stays(status, copy):
    async def export():
        await in_trouble(status)
        keeper = export_of(status, copy)
        await keeper.copy(whole=True)
        (copy / "components" / "notes.txt").write_text("ours to keep")
        await status.catalogue.remove_component("web", actor="ada")
        await status.turn()
        await keeper.copy(whole=True)

    asyncio.run(export())
    assert not (copy / "components" / "web").exists()
    assert not (copy / "ja" / "components" / "web").exists()
    assert (copy / "components" / "notes.txt").read_text() == "ours to keep"


def test_it_is_made_at_each_change_and_once_a_minute_without_one(status, copy):
    made = []

    async def turn(keeper):
        keeper.turn()
        await keeper.stop()
        index = json.loads((copy / INDEX).read_bytes())
        made.append((index["made_ms"] - made[0][0] if made else index["made_ms"], len(index["files"])))

    async def live():
        await status.begin()
        await status.turn()
        keeper = export_of(status, copy)
        await turn(keeper)
        for seconds, failing in ((1, ()), (1, {"home"}), (57, {"home"}), (4, {"home"})):
            status.now_ms += 1_000 * seconds
            await status.turn(failing=failing)
            await turn(keeper)

    asyncio.run(live())
    assert [when for when, _ in made[1:]] == [0, 2_000, 2_000, 63_000]
    assert made[2][1] == made[1][1] + len(LANGUAGES)  # the incident's page
    assert "Some parts do not work" in (copy / "index.html").read_text("utf-8")


def test_an_incident_that_is_over_is_not_written_again(status, copy):
    async def export():
        await in_trouble(status)
        keeper = export_of(status, copy)
        await keeper.copy(whole=True)
        before = (copy / "rule" / "index.html").stat().st_ino, (copy / "index.html").stat().st_ino
        status.now_ms += 60_000
        await status.turn(failing={"home"})
        await keeper.copy(whole=True)
        return before, ((copy / "rule" / "index.html").stat().st_ino, (copy / "index.html").stat().st_ino)

    (rule, front), (rule_after, front_after) = asyncio.run(export())
    assert rule == rule_after
    assert front != front_after


def test_a_program_that_starts_again_goes_on_with_the_copy_that_is_there(status, copy):
    async def export():
        await in_trouble(status)
        await export_of(status, copy).copy(whole=True)
        await status.catalogue.remove_component("web", actor="ada")
        await status.turn()
        await export_of(status, copy).copy(whole=True)

    asyncio.run(export())
    assert files_in(copy) == json.loads((copy / INDEX).read_bytes())["files"].keys() | {INDEX}
    assert not (copy / "components" / "web").exists()


@pytest.mark.parametrize("after", range(7))
def test_a_crash_in_the_middle_leaves_whole_files_and_nothing_that_is_not_known(copy, after):
    old = {f"{number}.html": b"<p>old</p>" for number in range(3)} | {"old.html": b"<p>old</p>"}
    Folder(copy).put(old.items(), old.keys(), made_ms=1, made_at="one")
    done = subprocess.run([sys.executable, "-c", KILLED, str(copy), str(after)], capture_output=True, check=False)
    assert done.returncode in (-9, 0), done.stderr
    for path in files_in(copy):
        body = (copy / path).read_bytes()
        assert body.endswith((b"</p>", b"}")), path
    known = Folder(copy).index.files
    assert files_in(copy) <= known.keys() | {INDEX}
    Folder(copy).put([("0.html", b"<p>next</p>")], {"0.html"}, made_ms=3, made_at="three")
    assert files_in(copy) == {"0.html", INDEX}


def test_a_folder_that_holds_somebody_elses_page_is_refused(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(Misconfigured, match="not ours"):
        Folder(tmp_path)
    (tmp_path / INDEX).write_text("[]")
    with pytest.raises(Misconfigured, match="not an index of ours"):
        Folder(tmp_path)


def test_an_index_that_somebody_has_changed_removes_nothing_outside(tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    copy = tmp_path / "copy"
    Folder(copy).put([("index.html", b"")], {"index.html"}, made_ms=1, made_at="")
    index = {"made_ms": 1, "made_at": "", "files": {"../precious.txt": "x", str(precious): "y", "index.html": "z"}}
    (copy / INDEX).write_text(json.dumps(index))
    again = Folder(copy)
    again.put([("other.html", b"new")], {"other.html"}, made_ms=2, made_at="")
    assert files_in(copy) == {"other.html", INDEX}
    assert precious.read_text() == "keep"


def test_a_folder_that_cannot_be_written_to_is_said_and_tried_again(status, copy):
    async def export():
        await in_trouble(status)
        keeper = export_of(status, copy)
        copy.rmdir()
        copy.write_text("a file stands here")
        await keeper.copy(whole=True)
        failing = keeper.failing
        copy.unlink()
        keeper.turn()
        await keeper.stop()
        waited = keeper.failing
        status.now_ms += 11_000
        keeper.turn()
        await keeper.stop()
        return failing, waited, keeper.failing

    failing, waited, after = asyncio.run(export())
    assert failing == waited != ""
    assert after == ""
    assert (copy / "index.html").is_file()


def test_a_mistake_of_ours_in_a_copy_does_not_hold_up_the_program(status, copy):
    class Confused:
        async def figures(self, component, _):
            raise ZeroDivisionError(component)

    async def export():
        await in_trouble(status)
        keeper = Export(
            Folder(copy), layout=status.layout, looking=status.looking, clock=status.clock, charts=(Confused(),)
        )
        keeper.turn()
        await keeper.stop()
        return keeper.failing

    assert asyncio.run(export()) == "posting"


@contextmanager
def file_server(folder):
    """Any file server: Python's own, with the copy below a prefix."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_in_a_browser_it_tells_its_age_turns_stale_and_is_walked_through(tmp_path):
    told = int(os.path.getmtime(tmp_path) * 1_000)
    status = StatusPage(tmp_path / "status.sqlite", now_ms=told - 70_000)
    copy = tmp_path / "site" / "any" / "prefix"
    try:
        exported(status, copy)
    finally:
        status.close()
    with file_server(tmp_path / "site") as url, browsing() as tab:
        tab.open(f"{url}/any/prefix/")
        tab.until("/^This is a copy, made .* ago/.test(document.querySelector('.copy').innerText)", "it says its age")
        tab.open(tab.ask("document.querySelector('.story a').href"))
        assert "Trouble with Home timeline" in tab.text("h1")
        tab.open(tab.ask("document.querySelector('.languages a[lang=ja]').href"))
        assert tab.ask("document.documentElement.lang") == "ja"
        index = copy / INDEX
        index.write_bytes(index.read_bytes().replace(b'"made_ms": ', b'"made_ms": 0, "was": '))
        pages = list(copy.rglob("index.html"))
        for page in pages:
            text = page.read_text("utf-8")
            page.write_text(re.sub(r'data-made="\d+"', 'data-made="1602794000000"', text), "utf-8")
        tab.open(f"{url}/any/prefix/")
        tab.until("document.querySelector('.copy').innerText.startsWith('Not updated since')", "it turns stale")
        assert tab.ask("document.querySelector('.copy').classList.contains('stale')")
        assert tab.complaints == []


def test_the_copy_opens_from_a_disk_without_any_server(status, copy):
    exported(status, copy)
    with browsing() as tab:
        tab.open(Path(copy, "index.html").as_uri())
        tab.until("document.querySelector('.copy').innerText.startsWith('Not updated since')", "it turns stale")
        assert "Some parts do not work" in tab.text()
