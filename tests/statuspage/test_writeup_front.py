"""Write-ups in the book and on the page: versions stay, what is published is shown safely, announced and drawn."""

import asyncio
import hashlib
import io
import json
import subprocess
import sys

import pytest
from PIL import Image
from starlette.applications import Starlette

from tests.statuspage.writeup_examples import BEGAN, MINUTE, OVER, SECOND, counted, facts, incident
from tests.support.asgi import asked
from whimbrel.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.board import rows as board_rows
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.incidents import rows as incident_rows
from whimbrel.statuspage.pages.layout import Layout, Site
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.rows import add_slugs
from whimbrel.statuspage.values import Verdict
from whimbrel.statuspage.writeup import order
from whimbrel.statuspage.writeup.facts import Bin, Changes, Delayed, Requests
from whimbrel.statuspage.writeup.front import Writeups
from whimbrel.statuspage.writeup.order import Order, printed
from whimbrel.statuspage.writeup.picture import drawn
from whimbrel.statuspage.writeup.press import html_of
from whimbrel.statuspage.writeup.routes import PACKAGE, writeup_routes
from whimbrel.statuspage.writeup.rows import Text
from whimbrel.statuspage.writeup.sources import reports_about, requests_of, told_by_the_server

ROOMS = ("catalogue", "board", "incidents", "reports", "watching", "writeup")
TEXT = Text(title="What <b>broke</b>", description="In short.", body="## Story\n\n<script>alert(1)</script> *so*\n")


class Room:
    """The room over a real book in which one incident is over, with a clock of the test's."""

    def __init__(self, path):
        self.now_ms = OVER + 60 * MINUTE
        self.book = Book(path, [schema(f"whimbrel.statuspage.{room}") for room in ROOMS])
        self.writeups = Writeups(
            book=self.book,
            clock=lambda: self.now_ms,
            names=lambda: {"posting": "Posting", "home": "Home timeline"},
            site="Birdsong",
            url="https://status.birdsong.example",
            reports=reports_about("own"),
            requests=requests_of,
            server=told_by_the_server,
        )
        layout = Layout(Site("Birdsong", "https://status.birdsong.example"), packages=(PACKAGE,))
        self.app = Starlette(routes=writeup_routes(self.writeups, layout))
        self.put(incident())

    def put(self, one):
        self.book.submit(lambda pen: incident_rows.put_incident(pen, one)).result()

    def do(self, coroutine):
        return asyncio.run(coroutine)

    def published(self, text=TEXT):
        async def publish():
            draft = await self.writeups.draft("i1", actor="ada")
            edited = await self.writeups.edit("i1", text, over=draft.version, actor="ada")
            return await self.writeups.publish("i1", version=edited.version, actor="eve")

        return self.do(publish())

    def get(self, path):
        return self.do(asked(self.app, "GET", path))

    def history(self):
        with self.book.look() as look:
            assert list(history.faults(look)) == []
            return [(one.actor, one.action, one.details) for one in history.about(look, "i1")]


@pytest.fixture
def room(tmp_path):
    room = Room(tmp_path / "status.sqlite")
    yield room
    room.book.close()


def test_a_draft_is_begun_once_from_what_the_book_knows(room):
    first = room.do(room.writeups.draft("i1", actor="ada"))
    again = room.do(room.writeups.draft("i1", actor="bob"))
    assert first == again
    assert (first.version, first.actor, first.title) == (1, "ada", "Trouble with Posting, 15 October 2020")
    assert "Status lag" in first.body or "status lag" in first.body
    assert [(actor, action) for actor, action, _ in room.history()] == [("ada", "writeup written")]
    with pytest.raises(NotFound, match="nothing-here"):
        room.do(room.writeups.draft("nothing-here", actor="ada"))


def test_what_the_rooms_have_written_down_is_in_the_facts(room):
    def work(pen):
        verdict = Verdict(component="posting", state="major_outage", since_ms=BEGAN, at_ms=BEGAN + 20 * SECOND)
        board_rows.begin(pen, verdict, verdict.at_ms)
        ended = Verdict(component="posting", state="major_outage", since_ms=BEGAN, at_ms=BEGAN + 50 * MINUTE)
        board_rows.extend(pen, ended, verdict.at_ms)
        told = {"state": "major_outage", "before": "operational", "reasons": [], "at_ms": verdict.at_ms}
        history.add(pen, "state", "posting", told, actor=history.BY_ITSELF, now_ms=verdict.at_ms)
        number = add_slugs(pen, ["own"])["own"]
        minute = BEGAN // MINUTE
        row = judged_rows.Written(number, 7, 0, 7.0, 1.5, 9.0, None)
        judged = [judged_rows.Judged(minute + one, minute, (row,) if not one else (), {}, {}) for one in range(3)]
        judged_rows.add(pen, judged)
        adding = (
            "INSERT INTO sli_minutes (component, sli, minute, bad, total) "
            "VALUES (:component, :sli, :minute, :bad, :total)"
        )
        for one, sli in enumerate(("availability", "availability", "latency")):
            pen.run(adding, {"component": "posting", "sli": sli, "minute": minute + one, "bad": 3, "total": 10})

    room.book.submit(work).result()
    found = room.do(room.writeups.facts("i1"))
    assert [course.name for course in found.courses] == ["Posting", "Home timeline"]
    assert found.parts(found.courses[0].spans).by_state == {"major_outage": 50 * MINUTE - 20 * SECOND}
    assert [(turn.at_ms, turn.before, turn.after) for turn in found.turns] == [
        (BEGAN + 20 * SECOND, "operational", "major_outage")
    ]
    assert found.reports == (
        Bin(at_ms=BEGAN, reports=7, baseline=1.5),
        Bin(at_ms=BEGAN + MINUTE, reports=0),
        Bin(at_ms=BEGAN + 2 * MINUTE, reports=0),
    )
    assert found.requests == {"posting": Requests(bad=6, total=20)}


def test_what_the_server_said_of_itself_is_told_for_the_minutes_in_which_it_was_heard(room):
    def work(pen):
        adding = (
            "INSERT INTO sli_minutes (component, sli, minute, bad, total) "
            "VALUES (:component, :sli, :minute, :bad, :total)"
        )
        began = BEGAN // MINUTE
        for ago, late, posts, changing in ((-1, 9, 9, 1), (0, 0, 5, 0), (1, 3, 4, 1), (2, 2, 2, 2), (40, 0, 0, 1)):
            rows = (
                ("posting", "delayed", late, posts),
                ("home", "looked", late, 12),
                ("web", "changing", changing, 12),
            )
            for component, sli, bad, total in rows:
                row = {"component": component, "sli": sli, "minute": began + ago, "bad": bad, "total": total}
                pen.run(adding, row)

    room.book.submit(work).result()
    found = room.do(room.writeups.facts("i1"))
    assert found.posts_delayed == Delayed(delayed=5, posts=11, seen=4, minutes=96)
    assert found.staged_changes == Changes(
        under_way=((BEGAN + MINUTE, BEGAN + 3 * MINUTE), (BEGAN + 40 * MINUTE, BEGAN + 41 * MINUTE)),
        seen=4,
        minutes=96,
    )


def test_where_nobody_counted_nothing_is_known(room):
    found = room.do(room.writeups.facts("i1"))
    assert (found.reports, found.requests, found.posts_delayed, found.staged_changes) == (None, None, None, None)


def test_an_edit_over_somebody_elses_is_refused_and_every_version_stays(room):
    draft = room.do(room.writeups.draft("i1", actor="ada"))
    room.do(room.writeups.edit("i1", TEXT, over=draft.version, actor="ada"))
    with pytest.raises(Conflict, match="ada has written version 2"):
        room.do(room.writeups.edit("i1", TEXT, over=draft.version, actor="bob"))
    with pytest.raises(Conflict):
        room.do(room.writeups.publish("i1", version=1, actor="bob"))
    assert [(one.version, one.title) for one in room.do(room.writeups.versions("i1"))] == [
        (2, TEXT.title),
        (1, draft.title),
    ]


@pytest.mark.parametrize("name", ["title", "description", "body"])
def test_a_text_without_words_or_with_too_many_is_refused(room, name):
    room.do(room.writeups.draft("i1", actor="ada"))
    for words in (" ", "x" * 200_001):
        changed = {"title": "t", "description": "d", "body": "b", name: words}
        with pytest.raises(Invalid, match=name):
            room.do(room.writeups.edit("i1", Text(**changed), over=1, actor="ada"))
    with pytest.raises(NotFound):
        room.do(room.writeups.edit("i2", TEXT, over=1, actor="ada"))


def test_publishing_is_announced_on_the_incident_and_in_the_history(room):
    room.published()
    with room.book.look() as look:
        after = incident_rows.incident(look, "i1")
    assert (after.status, after.updates[0].status, after.updates[0].actor) == ("postmortem", "postmortem", "eve")
    assert after.updates[0].body.endswith("https://status.birdsong.example/incidents/i1/writeup")
    assert after.resolved_ms == OVER
    assert [(actor, action) for actor, action, _ in room.history()] == [
        ("ada", "writeup written"),
        ("ada", "writeup written"),
        ("eve", "writeup published"),
    ]


def test_nothing_is_published_while_the_incident_goes_on(room):
    room.put(incident(resolved_ms=None, status="monitoring"))
    room.do(room.writeups.draft("i1", actor="ada"))
    with pytest.raises(Invalid, match="not over"):
        room.do(room.writeups.publish("i1", version=1, actor="ada"))


def test_readers_see_the_published_version_and_nothing_in_it_runs(room):
    for path in ("writeup", "writeup.png", "writeup.md"):
        with pytest.raises(NotFound):
            room.get(f"/incidents/i1/{path}")
    room.published()
    page = room.get("/incidents/i1/writeup")
    text = page.body.decode()
    assert page.status == 200
    assert '<h1 lang="en">What &lt;b&gt;broke&lt;/b&gt;</h1>' in text
    assert "<h2>Story</h2>" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <em>so</em>" in text
    assert "<script>alert" not in text
    assert 'src="/incidents/i1/writeup.png" alt="Outage reports of 15 October 2020' in text
    assert room.get("/incidents/i1/writeup.md").body.decode() == TEXT.body
    picture = room.get("/incidents/i1/writeup.png")
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(picture.body)).size == (1200, 630)


def test_a_draft_over_a_published_version_is_not_shown_before_it_is_published_too(room):
    shown = room.published()
    room.now_ms += MINUTE
    later = Text(title="Another", description="d", body="Other words.")
    room.do(room.writeups.edit("i1", later, over=shown.version, actor="ada"))
    assert "Other words." not in room.get("/incidents/i1/writeup").body.decode()
    room.do(room.writeups.publish("i1", version=shown.version + 1, actor="ada"))
    text = room.get("/incidents/i1/writeup").body.decode()
    assert "Other words." in text
    assert "version 3, changed" in text
    with room.book.look() as look:
        said = [one.body.partition(":")[0] for one in incident_rows.incident(look, "i1").updates[:2]]
    assert said == ["The write-up has been changed", "The write-up is published"]


@pytest.mark.parametrize(
    "body",
    [
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,<b>)",
        "![a](vbscript:x)",
        '[a](/b "\\" onclick=\\"x")',
        "<iframe></iframe>",
    ],
)
def test_no_markdown_makes_anything_that_runs(body):
    made = html_of(body)
    assert not [
        one for one in ("<img src=x", "<iframe", 'href="java', 'href="data', 'src="vb', '" onclick') if one in made
    ]


def test_a_preview_is_what_readers_would_see(room):
    assert room.do(room.writeups.preview("a | b\n--- | ---\n1 | ~~2~~")).startswith("<table>")
    with pytest.raises(Invalid, match="body"):
        room.do(room.writeups.preview(""))


def test_a_press_that_breaks_or_hangs_publishes_nothing_and_says_so(room, monkeypatch):
    room.do(room.writeups.draft("i1", actor="ada"))
    monkeypatch.setattr(order, "_PRESS", "whimbrel.no_such_module")
    with pytest.raises(Unavailable, match="No module named"):
        room.do(room.writeups.publish("i1", version=1, actor="ada"))
    monkeypatch.undo()
    monkeypatch.setattr(order, "WRITEUP_PRESS_SECONDS", 0.0)
    with pytest.raises(Unavailable, match="longer than"):
        room.do(printed(Order(body="x")))
    assert [action for _, action, _ in room.history()] == ["writeup written"]


def test_the_page_does_not_carry_what_draws_and_what_reads_markdown():
    asking = "import sys, whimbrel.statuspage.writeup.routes as r; print([one for one in sys.modules if one in %r])"
    heavy = ["PIL", "markdown_it", "numpy"]
    found = subprocess.run([sys.executable, "-c", asking % heavy], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_the_picture_is_the_same_for_the_same_facts_and_shows_states_and_reports():
    picture = drawn(facts(**counted()), "Trouble with Posting")
    assert picture == drawn(facts(**counted()), "Trouble with Posting")
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1_000_000)}
    # the strip's colours of major, partial, degraded and well; the line of reports
    assert {(198, 54, 44), (224, 123, 33), (227, 180, 32), (63, 154, 98), (31, 78, 140)} <= colours


@pytest.mark.parametrize("title", ["", "🐦" * 9, "停電", "x" * 400, "a\u0000b\n---", "\u202egnihtemos"])
def test_a_picture_is_drawn_whatever_the_title_is_and_whatever_is_not_known(title):
    never = facts(courses=(), incident=incident(name=title or "x", changed_ms=BEGAN, resolved_ms=BEGAN))
    for known in (facts(), facts(**counted()), facts(reports=()), never):
        assert Image.open(io.BytesIO(drawn(known, title))).size == (1200, 630)


@pytest.mark.parametrize(("minutes", "said_after"), [(95, 0), (95, 1), (95, 50), (95, 94), (10, 5)])
def test_no_line_crosses_the_words_that_nobody_counted_the_reports(minutes, said_after):
    """Accident: the line of the first sign went through them."""
    over = BEGAN + minutes * MINUTE
    known = facts(courses=(), incident=incident(changed_ms=BEGAN + said_after * MINUTE, resolved_ms=over))
    image = Image.open(io.BytesIO(drawn(known, "Trouble"))).convert("L")
    inside = range(122, 1150)  # between the top and the bottom of the chart, and above and beside the words
    lines = {x for x in inside if image.getpixel((x, 230)) < 200}
    dark = {x for x in inside for y in range(290, 410) if image.getpixel((x, y)) < 150}
    words = {x for x in dark if not {x - 1, x, x + 1} & lines}
    assert lines
    assert words
    assert not [x for x in lines if min(words) - 4 <= x <= max(words) + 4]


def test_what_is_given_to_the_press_comes_back_whole():
    given = Order(body="*a*", title="t", facts=facts(**counted()))
    made = asyncio.run(printed(given))
    assert made.html == "<p><em>a</em></p>\n"
    assert hashlib.sha256(made.picture).digest() == hashlib.sha256(drawn(given.facts, "t")).digest()
    assert json.loads(json.dumps(made.html)) == made.html
