"""Reports are judged minute by minute: surges, bystanders, brigades, restarts, gaps, and the evidence of it all."""

import asyncio

import pytest

from tests.statuspage.reporting import NOW, OTHER, Clock, reporting
from whimbrel.statuspage.catalogue.defaults import COMPONENTS, KINDS
from whimbrel.statuspage.reports.assessing import SurgeSeen, assessed
from whimbrel.statuspage.reports.kinds import COMPONENTS_OF_KINDS, components_of, spoken_of
from whimbrel.statuspage.reports.sweeping import VOICE_HOURS
from whimbrel.statuspage.values import Service

HOUR_MS = 3_600_000
THIRD = Service(id="phone", name="A phone company", url="http://phone.example", kinds=("website", "app"))


def told(tmp_path, script, **options):
    async def run():
        async with reporting(tmp_path, free_per_minute=None, **options) as desk:
            return await script(desk)

    return asyncio.run(run())


async def crowd(desk, count, *, minute, service="own", kind="timeline", network=10, **fields):
    """So many people of as many networks report in one minute."""
    people = [f"{network}.{minute % 250}.{n % 250}.{n // 250 + 1}" for n in range(count)]
    sent = [desk.send(service=service, kind=kind, address=one, **fields) for one in people]
    assert {answer.status_code for answer in await asyncio.gather(*sent)} <= {200, 201}


async def outage(desk, *, minutes=6, size=40, **fields):
    await desk.pass_minutes(30)
    for minute in range(minutes):
        await crowd(desk, size, minute=minute, **fields)
        await desk.pass_minutes(1)


def of(desk, service):
    return desk.reports.said(desk.reports.catalogue.service(service))


def test_quiet_minutes_say_nothing_and_a_crowd_becomes_evidence_that_grows(tmp_path):
    async def script(desk):
        await desk.pass_minutes(30)
        found = [of(desk, "own").state]
        for minute in range(7):
            await crowd(desk, 40, minute=minute)
            await desk.pass_minutes(1)
            found.append(of(desk, "own").state)
        await desk.pass_minutes(40)
        return found, of(desk, "own").state, of(desk, "bank").state

    found, afterwards, other = told(tmp_path, script)
    assert found[0] == "none"
    assert "moderate" in found
    assert found[-1] == "strong"
    assert (afterwards, other) == ("none", "none")


def test_the_crowd_speaks_about_the_components_of_its_kinds_only(tmp_path):
    async def script(desk):
        before = desk.reports.crowd("media", desk.clock.now)
        await outage(desk, kind="media")
        now = desk.clock.now
        return before, {one.id: desk.reports.crowd(one.id, now) for one in COMPONENTS}

    before, found = told(tmp_path, script)
    assert before is None
    assert [id_ for id_, crowd in found.items() if crowd is not None] == ["media"]
    seen = found["media"]
    assert seen.reports > 100
    assert seen.tail < 1e-6
    assert seen.weight > 0.4
    assert seen.culprit == ""
    assert NOW < seen.since_ms <= NOW + 31 * 60_000


def test_every_default_kind_speaks_about_components_that_are_there():
    ids = {component.id for component in COMPONENTS}
    assert set(COMPONENTS_OF_KINDS) == set(KINDS)
    assert all(set(components_of(kind)) <= ids for kind in KINDS)
    assert spoken_of({"posting": 90, "media": 10}) == {"posting": 90}


def test_a_campaign_from_one_network_is_weighed_down_and_said_to_be_one(tmp_path):
    async def script(desk):
        await desk.pass_minutes(30)
        for minute in range(6):
            sent = [
                desk.send(kind="posting", address=f"10.1.1.{minute * 40 + n}", words="it is down") for n in range(40)
            ]
            await asyncio.gather(*sent)
            await desk.pass_minutes(1)
        return of(desk, "own")

    said = told(tmp_path, script)
    assert said.state in ("none", "weak")
    assert said.standing.weighing.total == 240
    assert said.standing.weighing.counted < 100
    assert any("one network" in reason.words for reason in said.standing.weighing.reasons)


def test_a_small_spike_beside_a_large_outage_is_a_bystander(tmp_path):
    async def script(desk):
        await desk.pass_minutes(30)
        for minute in range(14):
            await crowd(desk, 200, minute=minute, service="phone", kind="app")
            if minute >= 3:
                await crowd(desk, 9, minute=minute, service="bank", kind="app", network=20)
            await desk.pass_minutes(1)
        return of(desk, "phone"), of(desk, "bank")

    culprit, bystander = told(tmp_path, script, services=(OTHER, THIRD))
    assert culprit.state == "strong"
    assert culprit.standing.seen.role == "culprit"
    assert bystander.standing.seen.role == "bystander"
    assert bystander.standing.seen.of == "phone"
    assert bystander.state == "weak"


def test_a_restart_goes_on_with_the_same_state_to_the_last_digit(tmp_path):
    clock = Clock()

    async def before(desk):
        await outage(desk, minutes=4)
        return of(desk, "own")

    async def after(desk):
        again = of(desk, "own")
        await crowd(desk, 40, minute=99)
        await desk.pass_minutes(1)
        return again, of(desk, "own")

    first = told(tmp_path, before, clock=clock)
    again, later = told(tmp_path, after, clock=clock)
    assert again.standing.watch == first.standing.watch
    assert again.standing.seen == first.standing.seen
    assert again.state == first.state
    assert later.standing.seen.since == first.standing.seen.since


def test_time_in_which_nobody_looked_is_a_gap_and_not_silence(tmp_path):
    async def script(desk):
        await desk.pass_minutes(20)
        desk.clock.now += 3 * HOUR_MS
        await desk.reports.turn()
        await desk.pass_minutes(20)
        with desk.book.look() as look:
            spans = look.all("SELECT from_minute, until_minute FROM report_measured ORDER BY 1")
        own = await desk.reports.looked_at(desk.reports.catalogue.service("own"))
        return spans, own.standing.watch.track.counts

    (first, second), counts = told(tmp_path, script)
    assert first[1] - first[0] < 21
    assert second[0] - first[1] > 170
    assert len(counts) <= 20


def test_a_clock_that_steps_back_or_far_ahead_is_lived_through(tmp_path):
    async def script(desk):
        await desk.pass_minutes(30)
        for step in (-2 * HOUR_MS, 500 * 24 * HOUR_MS, -500 * 24 * HOUR_MS):
            desk.clock.now += step
            await desk.reports.turn()
            await desk.pass_minutes(3)
        await outage(desk)
        return of(desk, "own").state

    assert told(tmp_path, script) in ("moderate", "strong")


def test_voices_are_forgotten_and_minutes_become_quarters_of_an_hour(tmp_path):
    async def script(desk):
        await outage(desk)
        await desk.pass_minutes(15)
        with desk.book.look() as look:
            bins = look.one("SELECT SUM(reports) FROM report_bins")[0]
        desk.clock.now += (VOICE_HOURS + 2) * HOUR_MS
        await desk.pass_minutes(20)
        with desk.book.look() as look:
            return bins, look.one("SELECT COUNT(*) FROM report_voices")[0]

    assert told(tmp_path, script) == (240, 0)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "moderate"),
        ({"score": 12.5}, "strong"),
        ({"score": 5.0}, "weak"),
        ({"weight": 0.4}, "weak"),
        ({"role": "bystander", "score": 50.0}, "weak"),
        ({"until": 120}, "none"),
    ],
)
def test_the_published_rule_of_evidence(changes, state):
    seen = SurgeSeen(**{"since": 100, "noticed": 102, "score": 8.0} | changes)
    assert assessed(seen, 110) == state
    assert assessed(None, 110) == "none"
