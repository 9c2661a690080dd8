"""The pages: what is known is on them, in the reader's language, made once for all readers, and closed to tricks."""

import asyncio
import html
import re

import pytest

from tests.support.status_page import NOW, StatusPage, in_trouble
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.pages.charts import Figures
from whimbrel.statuspage.verdict import CLAUSES, DEFAULT


class Measured:
    """Somebody who has figures of one part."""

    async def figures(self, component, now_ms):
        return [Figures("slow", [(now_ms - 60_000, 0.01), (now_ms, 0.3)])] if component == "home" else []


@pytest.fixture
def status(tmp_path):
    status = StatusPage(tmp_path / "status.sqlite", charts=(Measured(),))
    yield status
    status.book.close()


def read(reply):
    """What a person reads: no tags, one space."""
    assert reply.status == 200, reply.body
    text = re.sub(r"<(style|script|desc|title)\b.*?</\1>", " ", reply.body.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u00a0", " ").split())


def asked(status, *requests, begin=in_trouble):
    async def ask():
        await begin(status)
        return [await status.get(path, **more) for path, more in requests]

    return asyncio.run(ask())


def test_the_front_says_what_is_wrong_since_when_and_why(status):
    (reply,) = asked(status, ("/", {}))
    text = read(reply)
    for said in (
        "Some parts do not work",
        "Users report trouble, our probes are green (since 20:",
        "66.5% of the requests of the last 1 min failed (801 of 1,204).",
        "What the probe met: HTTP 503 & more <b>",
        "86 people have reported trouble, where 3.2 are usual. The probability of that by chance is 3 × 10⁻⁹.",
        "Nothing has been measured lately.",
        "Last looked 0 s ago",
        "Uptime = (operational + degraded) / (operational + degraded + partial + major)",
    ):
        assert said in text


def test_a_live_incident_stands_first_with_all_that_was_said_about_it(status):
    (reply,) = asked(status, ("/", {}))
    text = read(reply)
    order = [
        text.index(said)
        for said in (
            "What is going on",
            "did not come",
            "Sign-in is fine.",
            "A disk is full <really>.",
            "Parts Reading",
        )
    ]
    assert order == sorted(order)
    assert re.search(r"edited 15 Oct 2020, 20:3\d UTC", text)
    assert "by people" in text
    assert "by the program" in text
    assert re.search(r"This page said so \d min( \d+ s)? after the first sign of trouble", text)


def test_windows_are_shown_planned_and_under_way(status):
    (reply,) = asked(status, ("/", {}))
    text = read(reply)
    assert text.index("New cables Under way") < text.index("New disks Planned")
    assert "16 Oct 2020, 20:34 UTC to 16 Oct 2020, 22:34 UTC" in text


def test_an_incident_has_a_page_that_says_what_was_lowered_and_by_what_reason(status):
    (reply,) = asked(status, ("/incidents/i1", {}))
    text = read(reply)
    for said in ("Only one room is hit.", "Cause A full disk.", "Wait a minute.", "Has somebody got in?", "Status lag"):
        assert said in text


def test_a_window_has_a_page_at_the_same_kind_of_address(status):
    (reply,) = asked(status, ("/incidents/i2", {}))
    assert "Recurs every week, 3 times, this one included" in read(reply)


def test_a_part_has_its_days_its_changes_and_its_charts(status):
    (reply,) = asked(status, ("/components/home", {}))
    text = read(reply)
    assert "12 Oct 2020 95.833% Major outage 1 h" in text
    assert "Share of requests that were slow" in text
    assert "1% to 30%, newest 30%" in reply.body.decode()


def test_the_rule_is_published_whole(status):
    (reply,) = asked(status, ("/rule", {}))
    body, text = reply.body.decode(), read(reply)
    for clause in CLAUSES:
        assert f'id="{clause.code}"' in body
    for name in DEFAULT.__struct_fields__:
        assert f"<code>{name}</code>" in body
    assert "At least 50% of the requests of 1 min failed, of 20 or more." in text


def test_a_quiet_page_says_so(status):
    async def quiet(status):
        await status.begin()
        await status.turn()

    (reply,) = asked(status, ("/", {}), begin=quiet)
    text = read(reply)
    assert "Everything works" in text
    assert "Nothing has happened that we know of." in text
    assert "What is going on" not in text


def test_the_headline_does_not_say_that_everything_works_while_nobody_knows_of_a_part(status):
    async def quiet_but_for_media(status):
        await status.begin()
        await status.turn(silent=("media",))

    (reply,) = asked(status, ("/", {}), begin=quiet_but_for_media)
    text = read(reply)
    assert "Everything that is measured works" in text
    assert "Everything works" not in text


def test_a_page_that_cannot_see_says_since_when(status):
    async def blind(status):
        await status.begin()
        await status.turn()
        await status.get("/")
        status.now_ms += 120_000

    (reply,) = asked(status, ("/", {}), begin=blind)
    assert "We cannot see. The last look was at 15 Oct 2020, 20:33 UTC" in read(reply)
    assert "Last looked 2 min ago" in read(reply)
    assert reply.headers["status-age"] == "120"


def test_a_person_who_says_that_it_is_worse_is_heard_in_the_headline(status):
    async def said(status):
        await status.begin()
        await status.turn()
        words = Saying(body="Much is broken.", impact="critical")
        await status.incidents.open("Fire", words, actor="ada", board=status.board.verdicts)
        await status.turn()

    (reply,) = asked(status, ("/", {}), begin=said)
    assert "Some parts do not work" in read(reply)


def test_every_page_speaks_the_readers_language_and_keeps_the_one_that_was_asked_for(status):
    replies = asked(
        status,
        ("/", {"accept_language": "de-CH"}),
        ("/", {"query": "lang=ja"}),
        ("/incidents/i1", {"query": "lang=fr"}),
        ("/history", {"query": "lang=es"}),
        ("/rule", {"query": "lang=pt"}),
    )
    languages = [re.search(r'<html lang="(\w+)"', reply.body.decode())[1] for reply in replies]
    assert languages == ["de", "ja", "fr", "es", "pt"] == [reply.headers["content-language"] for reply in replies]
    assert 'href="/history?lang=ja"' in replies[1].body.decode()
    assert 'href="/history"' in replies[0].body.decode()
    assert "Nous voyons des problèmes" in read(replies[2])


def test_a_flood_of_readers_costs_one_making_and_the_browser_is_told_that_it_has_it(status):
    async def flood():
        await in_trouble(status)
        first = await status.get("/")
        kept = status.pages._kept.copy()
        many = [await status.get("/") for _ in range(50)]
        again = await status.get("/", if_none_match=first.headers["etag"])
        assert status.pages._kept == kept
        status.now_ms += 3_000
        aged = await status.get("/", if_none_match=first.headers["etag"])
        return first, many, again, aged

    first, many, again, aged = asyncio.run(flood())
    assert {reply.body for reply in many} == {first.body}
    assert (again.status, again.body) == (304, b"")
    assert (aged.status, aged.headers["status-age"]) == (304, "3")


def test_a_change_is_on_the_page_at_once(status):
    async def changed():
        await status.begin()
        await status.turn()
        before = await status.get("/")
        await status.turn(failing={"home"})
        return before, await status.get("/", if_none_match=before.headers["etag"])

    before, after = asyncio.run(changed())
    assert "Everything works" in read(before)
    assert "Some parts do not work" in read(after)


def test_the_history_is_paged_to_its_end(status):
    async def paged():
        await status.begin()
        await status.turn()
        for number in range(45):
            status.now_ms += 60_000
            words = Saying(body="It was nothing.", status="resolved")
            await status.incidents.open(f"Gust {number}", words, actor="ada", board={})
        status.now_ms += 1
        await status.turn()
        path, query, names = "/history", "", []
        while path:
            reply = await status.get(path, query=query)
            names += re.findall(r">(Gust \d+)<", reply.body.decode())
            found = re.search(r'rel="next" href="/history\?([^"]+)"', reply.body.decode())
            path, query = (path, found[1]) if found else ("", "")
        return names

    assert asyncio.run(paged()) == [f"Gust {number}" for number in range(44, -1, -1)]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/incidents/nothing", ""),
        ("/incidents/%2e%2e%2fetc", ""),
        ("/components/nothing", ""),
        ("/history", "before=x"),
        ("/history", "before=99999999999999999999999"),
        ("/history", "before=²"),
        ("/nowhere", ""),
    ],
)
def test_what_is_not_there_is_said_on_a_page(status, path, query):
    async def begin(status):
        await status.begin()
        await status.turn()

    (reply,) = asked(status, (path, {"query": query}), begin=begin)
    assert reply.status == 404
    assert "There is no such page" in reply.body.decode()
    assert reply.headers["cache-control"] == "no-store"


def test_programs_are_told_in_json_what_is_not_there(status):
    (reply,) = asked(status, ("/api/v2/nothing.json", {}))
    assert (reply.status, reply.json) == (404, {"error": "Not Found"})


def test_pages_allow_no_script_or_style_but_their_own(status):
    front, style, script = asked(status, ("/", {}), ("/style", {}), ("/", {}))
    policy = front.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    body = front.body.decode()
    assert not re.search(r"<style|style=|<script>|\son\w+=", body)
    assert front.headers["x-content-type-options"] == "nosniff"
    assert {style.status, script.status} == {404, 200}


def test_the_style_is_named_by_its_bytes_and_kept_for_ever(status):
    async def files():
        await status.begin()
        await status.turn()
        body = (await status.get("/")).body.decode()
        paths = re.findall(r'(?:href|src)="(/static/[^"]+|/favicon.svg)"', body)
        return [
            await status.get(path) for ending in ("svg", "css", "js") for path in set(paths) if path.endswith(ending)
        ]

    icon, style, script = asyncio.run(files())
    assert (icon.headers["content-type"], style.headers["content-type"]) == ("image/svg+xml", "text/css; charset=utf-8")
    assert "immutable" in style.headers["cache-control"]
    assert script.status == 200


def test_what_people_wrote_is_never_markup(status):
    async def tricked(status):
        await status.begin()
        await status.turn()
        words = Saying(body="<script>alert(1)</script>", cause="<img src=x onerror=alert(1)>")
        await status.incidents.open("<svg onload=alert(1)>", words, actor="ada", board=status.board.verdicts)
        await status.turn()

    for reply in asked(status, ("/", {}), ("/incidents/i1", {}), ("/history", {}), begin=tricked):
        assert not re.search(r"<script>alert|<img src=x|<svg onload", reply.body.decode())


def test_a_page_of_the_past_is_made_of_what_the_book_has_when_memory_has_it_no_more(status):
    async def past():
        await status.begin()
        status.now_ms = NOW
        for number in range(60):
            status.now_ms += 60_000
            saying = Saying(body="It was nothing.", status="resolved")
            await status.incidents.open(f"Gust {number}", saying, actor="ada", board={})
        await status.turn()
        assert all(one.id != "i1" for one in status.showing.shown.incidents)
        return await status.get("/incidents/i1")

    assert "Gust 0" in read(asyncio.run(past()))
