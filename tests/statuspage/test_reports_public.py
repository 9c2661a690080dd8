"""What everybody may read about services: pages, JSON, a look-alike API, and counts from which the verdict follows."""

import asyncio
import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.statuspage.reporting import OTHER, reporting
from tests.statuspage.test_reports_judging import crowd, of, outage
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.statuspage.book import history
from whimbrel.statuspage.detection.surge import Watch, observed
from whimbrel.statuspage.reports import drawing, places
from whimbrel.statuspage.reports.elsewhere import PageSeen, read_from
from whimbrel.statuspage.reports.words import texts_of
from whimbrel.statuspage.values import Service
from whimbrel.statuspage.watching.fetching import FetchFailed

PAGED = Service(id="paged", name="Paged", url="http://paged.example", kinds=("app",), page_url="http://127.0.0.1:1")


def told(tmp_path, script, **options):
    async def run():
        async with reporting(tmp_path, free_per_minute=None, **options) as desk:
            return await script(desk)

    return asyncio.run(run())


async def troubled(desk):
    for words in ("It is <b>down</b>", "Nothing loads"):
        sent = {"service": "own", "kind": "timeline", "place": "DE", "words": words}
        await desk.client.post("/api/reports", json=sent, headers={"x-peer": f"192.0.2.{len(words)}"})
    await outage(desk, minutes=8, place="DE")


def recomputed(text):
    """The verdict of every minute from the file alone: what the detector says of the counts that are in it."""
    first, rest = text.split("\n", 1)
    watch = msgspec.json.decode(first.removeprefix("# state: "), type=Watch)
    for row in csv.DictReader(io.StringIO(rest)):
        watch, reading = observed(watch, int(row["minute"]), float(row["counted"]))
        yield row, reading


def test_anybody_recomputes_the_verdict_from_the_downloaded_counts(tmp_path):
    async def script(desk):
        await troubled(desk)
        text = (await desk.client.get("/api/services/own/minutes.csv?days=1")).text
        return text, (await desk.client.get("/api/services/own")).json()

    text, document = told(tmp_path, script)
    found = list(recomputed(text))
    assert len(found) > 30
    for row, reading in found:
        if row["expected"]:
            assert float(row["expected"]) == reading.expected
            assert float(row["score"]) == reading.score
            assert row["since"] == ("" if reading.surge is None else str(reading.surge.since))
    last = found[-1][1]
    assert document["evidence"]["score"] == last.score
    assert last.surge is not None
    assert document["state"] in ("moderate", "strong")


def test_a_service_shows_a_day_in_quarters_of_an_hour_with_shares_places_and_evidence(tmp_path):
    async def script(desk):
        await troubled(desk)
        return [(await desk.client.get(f"/api/services/own?days={days}")).json() for days in (1, 7, 90)]

    day, week, quarter = told(tmp_path, script)
    assert [len(one["bins"]) for one in (day, week, quarter)] == [96, 168, 90]
    assert [one["reports"] for one in (day, week, quarter)] == [322, 322, 322]
    assert sum(one["reports"] for one in day["bins"]) == 322
    assert day["kind_shares"] == [{"kind": "timeline", "reports": 322, "share": 1.0}]
    assert day["places"] == [{"place": "DE", "name": "Germany", "reports": 322, "share": 1.0}]
    assert day["bins"][0]["measured"] == 0.0
    assert 0.0 < day["bins"][-2]["measured"] <= 1.0
    assert day["surges"][0]["until"] is None
    assert day["notes"] == []


def test_counts_by_kind_and_place_are_downloaded_and_name_nobody(tmp_path):
    async def script(desk):
        await troubled(desk)
        return (await desk.client.get("/api/services/own/bins.csv")).text

    text = told(tmp_path, script)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(row["reports"]) for row in rows) == 322
    assert {(row["kind"], row["place"]) for row in rows} == {("timeline", "DE")}
    assert set(rows[0]) == {"time", "kind", "place", "reports", "follow_ups"}


def test_the_look_alike_api_has_the_fields_that_its_model_names(tmp_path):
    async def script(desk):
        await troubled(desk)
        answers = {}
        for path in ("", "/status", "/baseline/current", "/last_15", "/indicators", "/incidents", "/events"):
            answers[path] = (await desk.client.get(f"/api/crowd/companies/own{path}")).json()
        answers["threshold"] = (await desk.client.get("/api/crowd/companies/bank/status?threshold=0")).json()
        answers["search"] = (await desk.client.get("/api/crowd/companies?name=bird")).json()
        answers["reports"] = (await desk.client.get("/api/crowd/reports?slugs=own,bank&interval=1h&days=7")).json()
        return answers

    found = told(tmp_path, script)
    company = found[""]
    assert (company["slug"], len(company["stats24"]), len(company["baseline"])) == ("own", 96, 96)
    assert found["/status"]["status"] in ("warning", "danger")
    assert found["threshold"]["status"] == "danger"
    assert found["/last_15"]["last15"] > 50
    assert found["/indicators"][0] | {"label": ""} == {
        "slug": "timeline",
        "label": "",
        "amount": 322,
        "percentage": 100.0,
    }
    assert found["/incidents"][0]["isActive"] is True
    assert found["/incidents"][0]["attribution"] == 3
    assert found["/events"][-1]["actual"] > found["/events"][-1]["expected"]
    assert [one["slug"] for one in found["search"]] == ["own"]
    assert len(found["reports"]) == 2 * 168
    assert set(found["reports"][0]) == {"slug", "pointInTime", "total", "indicators", "other"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/services/nothing-here", 404),
        ("/api/services/own?days=2", 422),
        ("/api/services/own?days=x", 422),
        ("/api/services/own/minutes.csv?days=9", 422),
        ("/api/services/own/bins.csv?days=99999999999999999999", 422),
        ("/api/crowd/reports?slugs=own&interval=2h", 422),
        ("/services/nothing-here", 404),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(tmp_path, path, status):
    async def script(desk):
        return await desk.client.get(path)

    assert told(tmp_path, script).status_code == status


def test_pages_show_a_service_with_chart_map_and_evidence_and_escape_what_came_from_outside(tmp_path):
    async def script(desk):
        await troubled(desk)
        waiting = await desk.reports.waiting()
        await desk.reports.decide(waiting[0].id, shown=True, actor="ada")
        await desk.reports.decide(waiting[1].id, shown=False, actor="ada")
        await desk.pass_minutes(1)
        with desk.book.look() as look:
            told = [(entry.actor, entry.action) for entry in history.entries(look)][-2:]
        services, own = await desk.client.get("/services"), await desk.client.get("/services/own")
        return services.text, own.text, len(waiting), told, (await desk.client.get("/api/services/own")).json()["notes"]

    services, own, waiting, decided, notes = told(tmp_path, script)
    assert waiting == 2
    assert decided == [("ada", "note shown"), ("ada", "note dropped")]
    assert [note["words"] for note in notes] == ["It is <b>down</b>"]
    assert "It is &lt;b&gt;down&lt;/b&gt;" in own
    assert "A &lt;bank&gt;" in services
    assert own.count("<svg") >= 2
    assert "Germany: 322" in own
    assert 'href="/report?service=own"' in own


def test_a_note_that_is_not_there_cannot_be_decided_about(tmp_path):
    async def script(desk):
        await desk.reports.decide("7; DROP", shown=True, actor="ada")

    with pytest.raises(NotFound):
        told(tmp_path, script)


def test_drawings_are_well_formed_and_the_map_knows_countries_by_their_codes():
    svg = drawing.world({"DE": 5, "US": 500, "??": 1}, texts_of("de"))
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert "Deutschland: 5" in svg
    assert len(svg) < 75_000
    assert set(drawing._outlines()) - set(places.countries()) == {"XX"}


@asynccontextmanager
async def saying(answer):
    """A web server that answers everything with these bytes; gives its address."""

    async def answered(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answered, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def http(body, status=200):
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def status_page(indicator):
    return json.dumps(
        {"page": {"id": "x"}, "status": {"indicator": indicator, "description": "As they\x07 say"}}
    ).encode()


def test_a_page_that_says_operational_while_users_disagree_is_shown_with_its_lag(tmp_path):
    said = {"indicator": "none"}

    async def script(desk):
        async with saying(lambda: http(status_page(said["indicator"]))) as address:
            paged = msgspec.structs.replace(PAGED, page_url=address)
            await desk.reports.catalogue.put_service(paged, actor="ada")
            await desk.reports.turn()
            await desk.pass_minutes(30)
            await desk.reports.elsewhere.read_all()
            for minute in range(6):
                await crowd(desk, 40, minute=minute, service="paged", kind="app")
                await desk.pass_minutes(1)
            first = (await desk.client.get("/api/services/paged")).json()
            said["indicator"] = "major"
            await desk.reports.elsewhere.read_all()
            await desk.pass_minutes(1)
            return first, (await desk.client.get("/api/services/paged")).json(), of(desk, "paged")

    first, later, now = told(tmp_path, script, reach="anywhere")
    assert first["page"]["indicator"] == "none"
    assert first["page"]["description"] == "As they say"
    assert first["disagreement"].startswith("They say operational; users disagree since ")
    assert first["evidence"]["surge"]["page_lag_seconds"] is None
    assert later["disagreement"] is None
    assert 60 <= later["evidence"]["surge"]["page_lag_seconds"] <= 600
    assert now.standing.seen.lag_ms == 1_000 * later["evidence"]["surge"]["page_lag_seconds"]


@pytest.mark.parametrize(
    "answer",
    [
        http(b"not json at all"),
        http(b'{"status": {"indicator": "fantastic"}}'),
        http(b'{"status": {"indicator": 7, "description": []}}'),
        http(b"[" * 60_000),
        http(b'{"a": "' + b"x" * 200_000 + b'"}'),
        http(status_page("none"), status=500),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{}",
        b"garbage",
    ],
)
def test_a_hostile_page_becomes_words_and_nothing_else(tmp_path, answer):
    async def script(desk):
        async with saying(lambda: answer) as address:
            await desk.reports.catalogue.put_service(msgspec.structs.replace(PAGED, page_url=address), actor="ada")
            await desk.reports.turn()
            await desk.reports.elsewhere.read_all()
            await desk.pass_minutes(1)
            return (await desk.client.get("/api/services/paged")).json()["page"]

    page = told(tmp_path, script, reach="anywhere")
    assert page["indicator"] is None
    assert page["error"]


def test_the_words_of_a_page_are_cut_short():
    assert len(read_from(json.dumps({"status": {"indicator": "none", "description": "a" * 5_000}}).encode())[1]) == 200
    with pytest.raises(FetchFailed):
        read_from(b"\xff")
    assert not PageSeen(indicator="maintenance").admits


def test_an_account_of_the_watched_service_reports_as_itself_from_wherever_it_is(tmp_path):
    known = {"id": "7", "created_at": "2016-01-01T00:00:00.000Z", "statuses_count": 100}

    async def script(desk):
        answers = []
        for address in ("192.0.2.1", "198.51.100.2"):
            headers = {"authorization": "Bearer a-token", "x-peer": address}
            sent = {"service": "own", "kind": "app"}
            answers.append(await desk.client.post("/api/reports", json=sent, headers=headers))
        with desk.book.look() as look:
            return [one.json()["counted"] for one in answers], look.all("SELECT quarters, age FROM report_voices")

    async def run():
        answer = http(json.dumps(known).encode())
        async with saying(lambda: answer) as address, reporting(tmp_path, watched_url=address) as desk:
            return await script(desk)

    assert asyncio.run(run()) == ([True, False], [(6, 2)])


def test_a_token_that_is_refused_is_an_error_and_a_dead_service_stops_no_report(tmp_path):
    async def send(desk):
        headers = {"authorization": "Bearer a-token"}
        return await desk.client.post("/api/reports", json={"service": "own", "kind": "app"}, headers=headers)

    async def run():
        async with saying(lambda: http(b"{}", 401)) as address, reporting(tmp_path, watched_url=address) as desk:
            refused = await send(desk)
        async with reporting(tmp_path, watched_url="http://127.0.0.1:1") as desk:
            return refused.status_code, (await send(desk)).status_code

    assert asyncio.run(run()) == (401, 201)
    assert OTHER.page_url is None


@pytest.mark.parametrize(
    "address",
    ["http://a.example:99999", "http://[::1", "http://\x00.example", "http://" + "a" * 300, "http://127.0.0.1:0"],
)
def test_an_address_that_leads_nowhere_ends_neither_the_reading_nor_the_program(tmp_path, address):
    async def script(desk):
        try:
            await desk.reports.catalogue.put_service(msgspec.structs.replace(PAGED, page_url=address), actor="ada")
        except Invalid:
            return True
        await desk.reports.turn()
        await desk.reports.elsewhere.read_all()
        return bool(of(desk, "paged").page.error)

    assert told(tmp_path, script)
