"""The official account, against a server that speaks the microblog's API: in order, late if need be, never twice."""

import json

import pytest

from tests.statuspage.page_in_test import HOUR, MINUTE, Receiver, opened_page
from whimbrel.kernel.errors import Misconfigured
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.incidents.words import body_of
from whimbrel.statuspage.pages.language import words_of
from whimbrel.statuspage.telling.account import Account, Official
from whimbrel.statuspage.telling.story import Told
from whimbrel.statuspage.telling.wording import Wording, shortened, wording_of
from whimbrel.statuspage.v2.shapes import Page, Shown
from whimbrel.statuspage.values import Maintenance


class Microblog(Receiver):
    """Keeps a post for each Idempotency-Key, as the real one does; may be down, or crash after keeping one."""

    def __init__(self, page):
        self.posts, self.down, self.loses_its_answer = {}, False, False
        super().__init__(page, self.take)

    def take(self, request):
        if self.down:
            return 503, ""
        key = request["headers"]["idempotency-key"]
        self.posts.setdefault(key, json.loads(request["body"])["status"])
        if self.loses_its_answer:
            return self.breaks_off
        return 200, "{}"

    @staticmethod
    async def breaks_off(_reader, writer):
        writer.transport.abort()


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("the-token\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def page(tmp_path, token_file):
    with opened_page(tmp_path / "first") as first:
        microblog = Microblog(first)
        first.run(_use(first, Official(microblog.url, token_file)))
        first.microblog = microblog
        yield first
        microblog.close()


async def _use(page, official):
    page.telling.channels = {**page.telling.channels, "account": Account(official)}
    await page.telling.load(official.url)


def say(page, body, incident=None, **more):
    saying, incidents = Saying(body=body, **more), page.program.rooms.incidents
    if incident is None:
        return page.run(incidents.open("Home is slow", saying, actor="ada", board={}))
    return page.run(incidents.say(incident.id, saying, actor="ada", board={}))


def test_each_update_is_posted_in_order_with_its_name_as_the_key(page):
    incident = say(page, "Posts come late.")
    say(page, "Found it.", incident, status="identified")
    page.turn()
    page.turn()
    posts = list(page.microblog.posts.items())
    assert [key for key, _ in posts] == [f"status-{incident.id}-1", f"status-{incident.id}-2"]
    assert posts[0][1].startswith("Investigating: Home is slow\n\nPosts come late.\n\nhttp://")
    assert posts[1][1].startswith("Identified: Home is slow")
    assert posts[1][1].endswith(f"/incidents/{incident.id}")
    assert len(page.microblog.requests) == 2
    headers = page.microblog.requests[0]["headers"]
    assert (headers["authorization"], page.microblog.requests[0]["line"]) == (
        "bearer the-token",
        "POST /api/v1/statuses HTTP/1.1",
    )


def test_while_the_microblog_is_down_posts_wait_and_then_come_in_order(page):
    page.microblog.down = True
    incident = say(page, "First.")
    for number in range(40):
        page.later(HOUR)
        say(page, f"Update {number}.", incident)
        page.turn()
    assert page.run(page.telling.waiting()) == 41, "however long it takes, the account is not given up"
    page.microblog.down = False
    page.later(MINUTE)
    page.settle()
    bodies = [text.split("\n\n")[1] for text in page.microblog.posts.values()]
    assert bodies == ["First.", *[f"Update {number}." for number in range(40)]]


def test_a_post_whose_answer_was_lost_is_not_posted_twice(page):
    page.microblog.loses_its_answer = True
    say(page, "First.")
    page.turn()
    assert page.run(page.telling.waiting()) == 1
    page.microblog.loses_its_answer = False
    page.later(MINUTE)
    page.settle()
    assert len(page.microblog.requests) == 2
    assert len(page.microblog.posts) == 1
    assert page.run(page.telling.waiting()) == 0


def test_a_crash_between_the_answer_and_the_book_repeats_the_key_and_so_the_post(tmp_path, token_file):
    with opened_page(tmp_path / "data") as page:
        microblog = Microblog(page)
        page.run(_use(page, Official(microblog.url, token_file)))
        say(page, "First.")
        page.run(page.program.turn())
        with page.book.look() as look:
            owed = look.all("SELECT * FROM outbox")
        page.settle()
        # What a crash before the commit leaves: the post is there, and the row is too.
        page.run(
            page.book.write(
                lambda pen: [
                    pen.run(
                        "INSERT INTO outbox VALUES (:a, :b, :c, :d, :e, :f, :g)", dict(zip("abcdefg", row, strict=True))
                    )
                    for row in owed
                ]
            )
        )
        page.settle()
        assert (len(microblog.requests), len(microblog.posts)) == (2, 1)
        microblog.close()


def test_an_account_that_is_not_the_official_one_any_more_is_told_nothing(page):
    page.microblog.down = True
    say(page, "First.")
    page.turn()
    page.run(page.telling.load(""))
    assert page.run(page.telling.waiting()) == 0
    say(page, "Second.")
    page.turn()
    assert page.run(page.telling.waiting()) == 0


def test_what_was_said_before_the_first_start_is_no_news(tmp_path, token_file):
    with opened_page(tmp_path / "data") as page:
        say(page, "Long ago.")
        page.turn()
    with opened_page(tmp_path / "data") as page:
        microblog = Microblog(page)
        page.run(_use(page, Official(microblog.url, token_file)))
        page.turn()
        assert microblog.posts == {}
        microblog.close()


@pytest.mark.parametrize(("mode", "text"), [(0o644, "token"), (0o600, ""), (0o600, "two\nlines")])
def test_a_token_that_others_can_read_or_is_none_stops_the_start(tmp_path, mode, text):
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="token"):
        Account(Official("http://127.0.0.1:1", path))


@pytest.mark.parametrize(("headline", "body"), [("Short", "x " * 2_000), ("Long " * 200, "words"), ("S", "")])
def test_a_long_update_is_shortened_and_its_address_stays_whole(headline, body):
    url = "http://status.example.org/incidents/1"
    text = shortened(Wording(headline, body, url), 500)
    assert len(text) <= 500
    assert text.endswith(url)


def test_a_window_says_when_it_is():
    window = Maintenance(
        id="m1",
        name="A new disk",
        status="scheduled",
        components=("home",),
        scheduled_ms=0,
        until_ms=HOUR,
        created_ms=0,
        updated_ms=0,
    )
    shown = Shown(Page("page-1", "Birds", "http://status.example.org/", 0), (), {}, (), ())
    wording = wording_of(Told("m1-scheduled", window), words_of("en"), shown)
    assert wording.headline == "Planned: A new disk"
    assert wording.body == "1 Jan 1970, 00:00 UTC to 1 Jan 1970, 01:00 UTC"
    assert wording.url == "http://status.example.org/incidents/m1"


def test_what_the_program_says_by_itself_fits_a_post():
    body = body_of("opened", {"home": "major_outage"}, {"share": 0.5, "reports": 900, "since_ms": 0}, {"home": "Home"})
    wording = Wording("Investigating: Trouble with Home", body, "http://status.example.org/incidents/0123456789ab")
    assert "…" not in shortened(wording, 500)
