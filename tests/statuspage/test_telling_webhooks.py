"""Webhooks against real receivers: agreed to, signed, in order, once, and never led into the machine's own network."""

import asyncio
import hmac
import json
import subprocess
import sys
from hashlib import sha256

import apsw
import pytest

from tests.statuspage.page_in_test import HOUR, MINUTE, Receiver, opened_page
from tests.support.serving import ROOT
from whimbrel.kernel.limits import TELLING_DISABLED_AFTER_SECONDS
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.telling import rows
from whimbrel.statuspage.values import Maintenance, ProbeResult

DAY = 24 * HOUR


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        yield page


def agrees(request):
    """What a receiver does that wants to be told: it answers the challenge, and takes the rest."""
    found = json.loads(request["body"])
    return 200, found["subscription"]["challenge"] if "subscription" in found else ""


@pytest.fixture
def receiver(page):
    receiver = Receiver(page, agrees)
    yield receiver
    receiver.close()


def subscribe(page, url, **more):
    body = json.dumps({"subscriber": {"endpoint": url, "email": "it@example.org"} | more}).encode()
    return page.browser().ask("POST", "/api/v2/subscribers.json", body=body)


def say(page, body, *, incident=None, components=("home",), state="partial_outage", **more):
    saying = Saying(body=body, components=dict.fromkeys(components, state), **more)
    incidents = page.program.rooms.incidents
    if incident is None:
        return page.run(incidents.open("Home is slow", saying, actor="ada", board={}))
    return page.run(incidents.say(incident.id, saying, actor="ada", board={}))


def told(receiver):
    """The documents after the handshake."""
    return [json.loads(one["body"]) for one in receiver.requests if b'"challenge"' not in one["body"]]


def state_of(page, url):
    with page.book.look() as look:
        return rows.of(look, "webhook", url).state


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


def test_a_receiver_that_fails_is_tried_again_later_and_later_and_keeps_its_order(page):
    broken = True
    receiver = Receiver(
        page, lambda request: (503, "") if broken and b"challenge" not in request["body"] else agrees(request)
    )
    subscribe(page, receiver.url)
    page.settle()
    incident = say(page, "First.")
    say(page, "Second.", incident=incident)
    waits = []
    page.turn()
    for _ in range(4):
        tries, before = len(receiver.requests), page.now_ms
        while len(receiver.requests) == tries:
            page.later(1_000)
            page.settle()
        waits.append((page.now_ms - before) // 1_000)
    assert waits == [10, 20, 40, 80]
    assert {one["incident"]["incident_updates"][0]["body"] for one in told(receiver)} == {"First."}
    broken = False
    page.later(HOUR)
    page.settle()
    assert [one["incident"]["incident_updates"][0]["body"] for one in told(receiver)][-2:] == ["First.", "Second."]
    assert page.run(page.telling.waiting()) == 0
    receiver.close()


@pytest.mark.parametrize("status", [301, 404, 500])
def test_anything_but_2xx_is_a_failure(page, status):
    receiver = Receiver(page, lambda request: (status, "") if b"challenge" not in request["body"] else agrees(request))
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert page.run(page.telling.waiting()) == 1
    receiver.close()


def test_who_says_gone_or_fails_for_days_is_told_nothing_more(page):
    gone = Receiver(page, lambda request: (410, "") if b"challenge" not in request["body"] else agrees(request))
    broken = Receiver(page, lambda request: (500, "") if b"challenge" not in request["body"] else agrees(request))
    for receiver in (gone, broken):
        subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert (state_of(page, gone.url), state_of(page, broken.url)) == ("disabled", "active")
    for _ in range(TELLING_DISABLED_AFTER_SECONDS // (4 * 3_600) + 30):
        page.later(4 * HOUR)
        say(page, "Still.")
        page.turn()
    assert state_of(page, broken.url) == "disabled"
    assert page.run(page.telling.waiting()) == 0
    for receiver in (gone, broken):
        receiver.close()


def test_an_answer_without_end_is_an_answer_all_the_same(page):
    async def endless(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    receiver = Receiver(page, lambda request: endless if b"challenge" not in request["body"] else agrees(request))
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")
    page.turn()
    assert page.run(page.telling.waiting()) == 0
    receiver.close()


def test_one_that_never_answers_keeps_nobody_else_waiting(page, receiver):
    stuck = asyncio.Event()

    async def silent(_reader, _writer):
        await stuck.wait()

    mute = Receiver(page, lambda request: silent if b"challenge" not in request["body"] else agrees(request))
    for one in (mute, receiver):
        subscribe(page, one.url)
    page.settle()
    say(page, "First.")

    async def until_heard():
        await page.program.turn()
        while not told(receiver):
            tasks = await page.telling.deliver()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        under_way = await page.telling.deliver()
        stuck.set()
        return len(under_way)

    assert page.run(until_heard()) == 1, "the other is still being waited for"
    page.settle()
    mute.close()


def test_a_restart_in_the_middle_of_deliveries_loses_nothing_and_repeats_nothing_that_was_acknowledged(tmp_path):
    taken = []
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        receivers = [Receiver(page, agrees) for _ in range(3)]
        for receiver in receivers:
            subscribe(page, receiver.url)
        page.settle()
        incident = say(page, "First.")
        say(page, "Second.", incident=incident)

        async def half():
            await page.program.turn()
            await asyncio.gather(*await page.telling.deliver())

        page.run(half())
        taken += [
            (one.url, document["incident"]["incident_updates"][0]["body"])
            for one in receivers
            for document in told(one)
        ]
        assert [body for _, body in taken] == ["First."] * 3
        urls = [one.url for one in receivers]
        for receiver in receivers:
            receiver.close()
    with opened_page(tmp_path, webhooks_reach="public_or_loopback") as page:
        with page.book.look() as look:
            owed = [(row[0], row[1]) for row in look.all("SELECT subscription, subject FROM outbox")]
        assert len(owed) == len(set(owed)) == 3
        page.later(MINUTE)
        page.turn()
        with page.book.look() as look:
            failed = {rows.get(look, one.subscription).address for one in rows.due(look, page.now_ms + HOUR, 10)}
        assert failed == set(urls), "the receivers are gone, and what they are owed is not"


def test_what_was_acknowledged_while_the_disk_refuses_is_not_sent_again(page):
    other = apsw.Connection(str(page.settings.data / "status.sqlite"))

    def answer(request):
        if b"challenge" in request["body"]:
            return agrees(request)
        other.execute("BEGIN IMMEDIATE")  # from here on the book cannot be written
        return 200, ""

    receiver = Receiver(page, answer)
    subscribe(page, receiver.url)
    page.settle()
    say(page, "First.")

    async def delivered():
        await page.program.turn()
        tasks = await page.telling.deliver()
        while not page.book.failing:  # noqa: ASYNC110 - the book tells nobody that it fails
            await asyncio.sleep(0)
        assert await page.telling.deliver() == tasks, "it is still being written down"
        other.execute("ROLLBACK")
        await asyncio.gather(*tasks)

    page.run(delivered())
    page.settle()
    assert len(told(receiver)) == 1
    assert page.run(page.telling.waiting()) == 0
    other.close()
    receiver.close()


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
    browser = page.browser()
    assert browser.get(link[:-1] + "x").status == 410
    assert browser.ask("POST", link[:-1] + "x").status == 410
    assert browser.get(link).status == 200
    say(page, "Second.")
    page.turn()
    assert len(told(receiver)) == 2, "a look at the link changes nothing"
    assert browser.ask("POST", link).status == 200
    assert browser.ask("POST", link).status == 200
    say(page, "Third.")
    page.turn()
    assert len(told(receiver)) == 2
