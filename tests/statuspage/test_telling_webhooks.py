"""Webhooks against real receivers: agreed to, signed, in order, once, and never led into the machine's own network."""

import hmac
import json
import subprocess
import sys
from hashlib import sha256

import pytest

from tests.statuspage.page_in_test import HOUR, Receiver, opened_page, words_of
from tests.statuspage.receiving import agrees, say, state_of, subscribe, told
from tests.support.serving import ROOT
from whimbrel.statuspage.values import Maintenance, ProbeResult


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        yield page


@pytest.fixture
def receiver(page):
    receiver = Receiver(page, agrees)
    yield receiver
    receiver.close()


def test_a_receiver_that_agrees_is_told_each_update_once_in_statuspages_shape(page, receiver):
    reply = subscribe(page, receiver.url)
    assert (reply.status, reply.json["mode"], reply.json["webhook"]) == (201, "webhook", receiver.url)
    page.settle()
    assert state_of(page, receiver.url) == "active"
    incident = say(page, "Posts come late.", impact="major")
    say(page, "Found it.", incident=incident, status="identified")
    page.turn()
    page.turn()
    first, second = told(receiver)
    assert first.keys() == {"meta", "page", "incident"}
    assert first["meta"].keys() >= {"unsubscribe", "documentation"}
    assert first["page"].keys() == {"id", "status_indicator", "status_description"}
    assert [update["body"] for update in first["incident"]["incident_updates"]] == ["Posts come late."]
    assert second["incident"]["status"] == "identified"
    assert second["incident"]["incident_updates"][0]["body"] == "Found it."
    assert second["incident"]["shortlink"].endswith(f"/incidents/{incident.id}")
    assert page.run(page.telling.waiting()) == 0


def test_each_delivery_is_signed_with_the_secret_and_the_time(page, receiver):
    secret = subscribe(page, receiver.url).json["subscriber"]["secret"]
    page.settle()
    say(page, "Posts come late.")
    page.turn()
    for request in receiver.requests:
        at, signature = (part.partition("=")[2] for part in request["headers"]["x-whimbrel-signature"].split(","))
        assert int(at) == page.now_ms // 1_000
        assert signature == hmac.digest(secret.encode(), f"{at}.".encode() + request["body"], sha256).hex()
    assert len({request["headers"]["x-whimbrel-delivery"] for request in receiver.requests}) == 2


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (200, ""),
        lambda request: (200, request["body"].decode()),
        lambda request: (302, agrees(request)[1]),
        lambda request: (500, agrees(request)[1]),
        lambda _: (200, "x" * 100_000),
    ],
)
def test_who_does_not_answer_the_challenge_is_told_nothing(page, answer):
    receiver = Receiver(page, answer)
    subscribe(page, receiver.url)
    for _ in range(10):
        page.settle()
        page.later(HOUR)
    say(page, "Posts come late.")
    page.turn()
    assert (state_of(page, receiver.url), told(receiver)) == ("pending", [])
    assert len(receiver.requests) == 6, "nobody is asked for ever"
    receiver.close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://[::1]:9/", "http://10.0.0.1/", "http://169.254.169.254/", "http://0/"]
)
def test_an_address_of_a_strangers_never_leads_into_the_machines_network(tmp_path, url):
    with opened_page(tmp_path) as page:
        assert subscribe(page, url).status == 201
        page.settle()
        with page.book.look() as look:
            found = [row[0] for row in look.all("SELECT last_error FROM outbox")]
        assert found == ["the address leads into a private network"]


@pytest.mark.parametrize(
    ("subscriber", "status"),
    [
        ({"endpoint": "ftp://example.org"}, 422),
        ({"endpoint": "http://user@example.org"}, 422),
        ({"endpoint": "http://example.org/" + "x" * 3_000}, 422),
        ({"endpoint": "http://example.org", "component_ids": ["nothing"]}, 422),
        ({"phone_number": "5550100"}, 422),
        ({"email": "ada@example.org"}, 422),
        ({}, 422),
        ({"endpoint": 5}, 400),
    ],
)
def test_what_cannot_be_subscribed_is_refused(page, subscriber, status):
    body = json.dumps({"subscriber": subscriber}).encode()
    assert page.browser().ask("POST", "/api/v2/subscribers.json", body=body).status == status
    assert page.browser().ask("POST", "/api/v2/subscribers.json", body=b"[]").status == 400


def test_the_secret_of_a_subscription_is_not_for_who_asks_next(page, receiver):
    subscribe(page, receiver.url)
    page.settle()
    assert subscribe(page, receiver.url).status == 409


def test_one_network_may_not_ask_without_end(page):
    replies = [subscribe(page, f"http://example.org/{number}").status for number in range(21)]
    assert replies == [201] * 20 + [429]
    page.later(HOUR)
    assert subscribe(page, "http://example.org/again").status == 201


def test_who_chose_components_is_told_about_those_only(page, receiver):
    subscribe(page, receiver.url, component_ids=["media"])
    page.settle()
    say(page, "Posts come late.", components=("home",))
    say(page, "Uploads fail.", components=("media", "home"))
    page.turn()
    assert [one["incident"]["incident_updates"][0]["body"] for one in told(receiver)] == ["Uploads fail."]


def test_what_another_process_writes_is_told_as_well(page, receiver, tmp_path):
    subscribe(page, receiver.url)
    page.settle()
    page.operator()
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from whimbrel.statuspage.operators.asking import Open\n"
        "from whimbrel.statuspage.operators.beside import opened\n"
        "async def main():\n"
        "    async with opened(Path(sys.argv[1]), lambda: int(sys.argv[2])) as beside:\n"
        "        await beside.desk.open(Open(name='Media', body='Uploads fail.'), actor='ada')\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path), str(page.now_ms)], check=True, cwd=ROOT, timeout=30)
    page.turn()
    assert [one["incident"]["name"] for one in told(receiver)] == ["Media"]
    assert [one.name for one in page.program.rooms.showing.shown.incidents] == ["Media"]


def test_a_component_that_changes_is_told_to_programs_and_that_it_is_measured_at_last_is_not(page, receiver):
    subscribe(page, receiver.url)
    page.settle()
    observed = page.program.rooms.observed

    def probe(*, ok):
        for _ in range(3):
            observed.note_probe(ProbeResult(component="home", probe="read", vantage="here", at_ms=page.now_ms, ok=ok))
            page.turn()
            page.later(10_000)

    probe(ok=True)
    assert told(receiver) == [], "from not measured to well is no news"
    probe(ok=False)
    changes = [one for one in told(receiver) if "component_update" in one]
    assert changes[0]["component_update"]["old_status"] == "operational"
    assert changes[-1]["component_update"]["component_id"] == changes[-1]["component"]["id"] == "home"
    assert changes[-1]["component"]["status"] == changes[-1]["component_update"]["new_status"] == "major_outage"
    assert any("incident" in one for one in told(receiver)), "and the incident that opened by itself"


def test_windows_are_told_when_they_are_announced_and_when_they_begin_and_end(page, receiver):
    subscribe(page, receiver.url)
    page.settle()
    window = Maintenance(
        id="",
        name="A new disk",
        status="scheduled",
        components=("home",),
        scheduled_ms=page.now_ms + HOUR,
        until_ms=page.now_ms + 2 * HOUR,
        created_ms=0,
        updated_ms=0,
    )
    page.run(page.program.rooms.incidents.schedule(window, "We change a disk.", actor="ada"))
    for _ in range(3):
        page.turn()
        page.later(HOUR)
    said = [(one["incident"]["status"], one["incident"]["impact"]) for one in told(receiver) if "incident" in one]
    assert said == [("scheduled", "maintenance"), ("in_progress", "maintenance"), ("completed", "maintenance")]


def test_unsubscribing_takes_the_link_of_the_messages(page, receiver):
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    link = told(receiver)[0]["meta"]["unsubscribe"].removeprefix(page.settings.public_url)
    browser, forged = page.browser(), link.replace("?", "x?")
    assert browser.get(forged).status == 410
    assert browser.ask("POST", forged).status == 410
    assert browser.get(link).status == 200
    say(page, "Second.")
    page.turn()
    assert len(told(receiver)) == 2, "a look at the link changes nothing"
    assert browser.ask("POST", link).status == 200
    assert browser.ask("POST", link).status == 200
    say(page, "Third.")
    page.turn()
    assert len(told(receiver)) == 2


def test_the_page_that_messages_point_to_says_how_they_are_signed_and_answered(page, receiver):
    subscribe(page, receiver.url)
    page.settle()
    asked = json.loads(receiver.requests[0]["body"])
    place = asked["meta"]["documentation"].removeprefix(page.settings.public_url)
    said = words_of(page.browser().get(f"{place}?lang=ja"))
    assert 'HEX = HMAC-SHA256(SECRET, SECONDS + "." + BODY)' in said
    assert '200 {"challenge": "CHALLENGE"}' in said
    assert {"x-whimbrel-signature", "x-whimbrel-delivery"} <= receiver.requests[0]["headers"].keys()
