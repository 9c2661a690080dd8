"""All of watching on a real server: evidence of every component, through restarts, with and without canaries."""

import asyncio
import json
import os
import signal

import pytest

from tests.statuspage.test_watching_canary import SECRETS, provide_pair
from tests.support.serving import eventually, serving
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Misconfigured
from whimbrel.kernel.limits import CANARY_SECONDS, CANARY_SOONER_SECONDS
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.verdict import decide
from whimbrel.statuspage.watching.exposition import parse
from whimbrel.statuspage.watching.front import Plan, Watch
from whimbrel.statuspage.watching.indicators import Indicators
from whimbrel.statuspage.watching.metrics import Count
from whimbrel.statuspage.watching.observed import Observed
from whimbrel.statuspage.watching.pace import pause_seconds
from whimbrel.statuspage.watching.pair import read_secrets
from whimbrel.statuspage.watching.probing import TcpProbe
from whimbrel.statuspage.watching.rates import Rates

MINUTE = 1_602_794_000_000 // 60_000
WATCHED = ("posting", "home", "notifications", "search", "streaming", "signin", "web", "api")
EVENTUALLY_SECONDS = 40.0


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.watching")])
    yield book
    book.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("watched") / "data") as server:
        provide_pair(server)
        yield server


def secrets_file(folder, mode=0o600, text=None):
    """The canaries' secrets as their file."""
    file = folder / "canary.json"
    pair = {
        "poster": {"name": SECRETS.poster.name, "password": SECRETS.poster.password},
        "reader": {"name": SECRETS.reader.name, "password": SECRETS.reader.password},
        "app": {"client_id": SECRETS.app.client_id, "client_secret": SECRETS.app.client_secret},
    }
    file.write_text(text if text is not None else json.dumps(pair))
    os.chmod(file, mode)
    return file


async def until(question, what):
    """Ask until the answer is true, on this loop, with pauses in which it does its work."""
    loop = asyncio.get_running_loop()

    async def asked():
        return question()

    await asyncio.to_thread(
        eventually,
        lambda: asyncio.run_coroutine_threadsafe(asked(), loop).result(),
        seconds=EVENTUALLY_SECONDS,
        what=what,
    )


def state(watch, component):
    """What the published rule says of a component right now."""
    return decide(watch.evidence(component, wall_clock_ms()), None)[0].state


def test_a_server_that_is_well_is_seen_to_be_well_and_one_that_stands_still_to_be_out(server, book, tmp_path):
    async def watched():
        plan = Plan(server.url, (server.url,), secrets_file(tmp_path), every_seconds=1.0, answer_seconds=1.5)
        watch = Watch(plan, book=book, observed=Observed(), clock=wall_clock_ms)
        await watch.probes.put(TcpProbe(id="port", component="web", host="127.0.0.1", port=9), actor="ada")
        await watch.start()
        await until(
            lambda: all(watch.evidence(one, wall_clock_ms()).probes for one in WATCHED), "every component is probed"
        )
        await until(lambda: {state(watch, one) for one in WATCHED} == {"operational"}, "every component works")
        await until(lambda: watch.evidence("posting", wall_clock_ms()).shares, "metrics are counted")
        assert not watch.evidence("media", wall_clock_ms()).probes
        pid = server.children()["api-1"]
        os.kill(pid, signal.SIGSTOP)
        try:
            await until(lambda: state(watch, "home") == "major_outage", "a server that stands still is out")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert {probe.probe for probe in watch.evidence("web", wall_clock_ms()).probes} == {"web", "port"}
        await watch.stop()
        return watch

    watch = asyncio.run(watched())
    with book.look() as look:
        again = Indicators({})
        again.load(look, wall_clock_ms() // 60_000)
    budgets = again.budgets(wall_clock_ms())
    assert {(one.component, one.sli) for one in budgets} >= {("posting", "availability"), ("home", "latency")}
    assert all(one.objective == 0.999 and one.total > 0 for one in budgets)
    assert not watch.scraper.failing.keys() - {server.url}


def test_newest_pages_of_homes_are_counted_for_those_who_follow_somebody(server):
    tokens = server.provide(["ann", "bob"])
    ann, bob = server.client(tokens["ann"]), server.client(tokens["bob"])

    def counted():
        samples = parse(ann.get("/metrics").json, {"whimbrel_home_answers_total": "counter"})
        return {one.label("kind"): one.value for one in samples}

    def read(client, **query):
        before = counted()
        assert client.get("/api/v1/timelines/home", query).status == 200
        return {kind: value - before[kind] for kind, value in counted().items() if value != before[kind]}

    assert read(ann) == {}
    assert (
        bob.post(f"/api/v1/accounts/{ann.get('/api/v1/accounts/verify_credentials').json['id']}/follow").status == 200
    )
    assert read(bob) == {"empty": 1}
    assert read(bob, since_id="1") == {}
    assert ann.post("/api/v1/statuses", {"status": "A curlew!"}).status == 200
    assert read(bob) == {"fresh": 1}
    ann.close()
    bob.close()


def test_without_canaries_the_page_and_the_api_are_still_looked_at(server, book, tmp_path):
    async def watched():
        plan = Plan(server.url, secrets_file=tmp_path / "not there", every_seconds=1.0)
        watch = Watch(plan, book=book, observed=Observed(), clock=wall_clock_ms)
        await watch.start()
        await until(lambda: watch.evidence("web", wall_clock_ms()).probes, "the page is looked at")
        await watch.stop()
        return watch.evidence("posting", wall_clock_ms())

    assert asyncio.run(watched()).seen_ms is None


def test_nothing_is_watched_when_nothing_is_told(book):
    async def watched():
        watch = Watch(Plan(), book=book, observed=Observed(), clock=wall_clock_ms)
        await watch.start()
        await watch.stop()
        return watch.evidence("web", wall_clock_ms())

    assert asyncio.run(watched()).seen_ms is None


@pytest.mark.parametrize(
    ("mode", "text", "words"),
    [
        (0o640, None, "0600"),
        (0o600, "{}", "in JSON"),
        (0o600, "\xff", "in JSON"),
        (0o600, '{"poster": {"name": "a b", "password": ""}, "reader": {"name": "b", "password": ""}}', "a name"),
    ],
)
def test_secrets_that_others_can_read_or_that_are_none_are_refused(tmp_path, mode, text, words):
    with pytest.raises(Misconfigured) as refused:
        read_secrets(secrets_file(tmp_path, mode, text))
    assert words in refused.value.public


def test_secrets_are_read_from_their_file(tmp_path):
    assert read_secrets(secrets_file(tmp_path)) == SECRETS


def test_a_round_that_failed_is_followed_sooner_and_good_ones_are_spread():
    assert pause_seconds(2.0, 0.5, well=True) == CANARY_SECONDS - 2.0
    assert pause_seconds(2.0, 0.0, well=True) < pause_seconds(2.0, 1.0, well=True)
    assert pause_seconds(2.0, 0.5, well=False) == CANARY_SOONER_SECONDS - 2.0
    assert pause_seconds(99.0, 0.5, well=False) == 0.0
    assert pause_seconds(99.0, 0.5, well=True) == 1.0


def test_a_budget_burns_when_both_windows_have_been_seen_whole_and_since_when_is_kept():
    indicators = Indicators({})
    for minute in range(MINUTE, MINUTE + 60):
        indicators.count("posting", "availability", minute, Count(0, 100))
    now_ms = 60_000 * (MINUTE + 59)
    assert indicators.burns("posting", now_ms) == ()
    for minute in range(MINUTE + 60, MINUTE + 66):
        indicators.count("posting", "availability", minute, Count(50, 100))
    (burn,) = indicators.burns("posting", now_ms + 6 * 60_000)
    assert (burn.objective, burn.long_seconds, burn.short_seconds) == ("availability", 3_600, 300)
    assert burn.factor == pytest.approx(14.4)
    assert min(burn.long_burn, burn.short_burn) >= 14.4
    (later,) = indicators.burns("posting", now_ms + 7 * 60_000)
    assert later.since_ms == burn.since_ms
    assert indicators.burns("posting", now_ms + 30 * 60_000) == ()


def test_what_was_counted_is_in_the_book_once_and_goes_on_after_a_restart(book):
    indicators = Indicators({})
    indicators.count("home", "latency", MINUTE, Count(1, 10))
    indicators.count("home", "latency", MINUTE + 1, Count(2, 10))

    async def write(minute):
        await book.write(lambda pen: indicators.write(pen, minute))
        indicators.written(minute)

    asyncio.run(write(MINUTE + 1))
    asyncio.run(write(MINUTE + 2))
    asyncio.run(write(MINUTE + 2))
    again = Indicators({})
    with book.look() as look:
        again.load(look, MINUTE + 4)
        rows = look.all("SELECT minute, bad, total FROM sli_minutes ORDER BY minute")
    assert rows == [(MINUTE, 1, 10), (MINUTE + 1, 2, 10)]
    (budget,) = again.budgets(60_000 * (MINUTE + 4))
    assert (budget.bad, budget.total) == (3, 20)
    assert budget.left == pytest.approx(1 - 150)


def counted(rates, minutes, posts):
    """Minutes in which every scrape was there."""
    for minute in minutes:
        for _ in range(12):
            rates.count(minute, {"posting": posts // 12, "reading": posts // 12})


def test_a_rate_that_falls_is_told_of_its_component_and_kept_over_a_restart(book):
    rates = Rates()
    counted(rates, range(MINUTE, MINUTE + 600), 1_200)
    assert rates.falls("posting", MINUTE + 600) == ()

    async def write():
        await book.write(rates.write)

    asyncio.run(write())
    again = Rates()
    with book.look() as look:
        again.load(look)
    for one in (rates, again):
        counted(one, range(MINUTE + 600, MINUTE + 606), 0)
        (fall,) = one.falls("posting", MINUTE + 606)
        assert (fall.rate, fall.actual) == ("posting", 0.0)
        assert fall.expected > 600
        assert one.falls("home", MINUTE + 606)[0].rate == "reading"
        assert one.falls("search", MINUTE + 606) == ()
        assert one.falls("posting", MINUTE + 620) == ()


def test_a_minute_in_which_a_node_was_not_seen_is_a_gap_and_no_fall():
    rates = Rates()
    counted(rates, range(MINUTE, MINUTE + 600), 1_200)
    for minute in range(MINUTE + 600, MINUTE + 610):
        rates.count(minute, {"posting": 0, "reading": 0})
        rates.missed(minute)
    assert rates.falls("posting", MINUTE + 610) == ()
