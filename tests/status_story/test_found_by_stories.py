"""What the stories have found, each held without waiting for it; and the proxy that the drill tells to fail."""

from contextlib import closing

from drill.status_proxy import POSTS, proxying
from tests.support.ports import free_port
from tests.support.serving import Client, serving
from tests.support.status_watched import StatusPage
from whimbrel.statuspage.board.uptime import Span, with_gaps
from whimbrel.statuspage.incidents.steer import Telling, steer
from whimbrel.statuspage.reports.rows import Entry
from whimbrel.statuspage.reports.tally import Tally
from whimbrel.statuspage.values import Incident, ProbeResult, Verdict
from whimbrel.statuspage.verdict import DEFAULT, patient
from whimbrel.statuspage.watching.exposition import Sample
from whimbrel.statuspage.watching.lags import Lags, staler
from whimbrel.statuspage.watching.metrics import Node
from whimbrel.statuspage.watching.observed import Observed
from whimbrel.statuspage.watching.slo import Slo

NOW = 1_602_794_000_000
SECOND = 1_000


def test_a_view_is_old_since_it_crossed_the_line_and_until_it_has_caught_up_for_a_quarter_of_a_minute():
    lags = Lags({"home": Slo(freshness_seconds=60.0)})
    lags.note(NOW, {"search": 9.0, "home": 59.0})
    assert lags.seen("search", NOW) is None
    lags.note(NOW + 5 * SECOND, {"search": 14.0, "home": 59.0})
    found = lags.seen("search", NOW + 5 * SECOND)
    assert (found.share, found.age_seconds, found.since_ms) == (0.5, 14.0, NOW + SECOND)
    assert lags.seen("home", NOW + 5 * SECOND) is None
    lags.note(NOW + 10 * SECOND, {"search": 0.0})
    assert lags.seen("search", NOW + 19 * SECOND) is not None
    assert lags.seen("search", NOW + 20 * SECOND) is None


def test_of_two_signs_that_answers_are_old_the_stronger_counts():
    lags = Lags({})
    lags.note(NOW, {"search": 30.0, "home": 20.0})
    lags.note(NOW + SECOND, {"home": 0.0})
    search, home = lags.seen("search", NOW + SECOND), lags.seen("home", NOW + SECOND)
    assert staler(search, home) is search
    assert staler(None, home) is home
    assert staler(None, None) is None


def test_a_probe_that_cannot_be_tried_is_not_well_because_it_was():
    observed = Observed()
    told = {"component": "posting", "vantage": "here"}
    observed.note_probe(ProbeResult(**told, probe="delete", at_ms=NOW, ok=True))
    for at_ms in (NOW + 10 * SECOND, NOW + 15 * SECOND):
        observed.note_probe(ProbeResult(**told, probe="posting", at_ms=at_ms, ok=False, error="refused"))
        observed.forget_probe("posting", "delete", "here")
        observed.forget_probe("posting", "delete", "elsewhere")
    (left,) = observed.evidence("posting", NOW + 15 * SECOND).probes
    assert (left.probe, left.failures) == ("posting", 2)


def test_what_nobody_saw_stands_between_what_was_seen():
    seen = [Span(0, 10, "operational"), Span(10, 20, "major_outage"), Span(45, 50, "major_outage")]
    assert with_gaps(seen) == [*seen[:2], Span(20, 45, "unknown"), seen[2]]
    assert with_gaps([]) == []


def test_a_page_of_little_patience_watches_for_a_fifth_of_it_and_never_for_more_than_two_minutes():
    assert patient(DEFAULT.clean_seconds) == DEFAULT
    for calm_seconds, watched_seconds in ((60, 12), (600, 120), (3_600, 120)):
        told = [_steered(calm_seconds, watched_seconds * SECOND + late_ms) for late_ms in (-1, 0)]
        assert told == [None, "monitoring"]


def _steered(calm_seconds, better_for_ms):
    verdict = Verdict(
        component="home",
        state="partial_outage",
        since_ms=NOW - 60 * SECOND,
        at_ms=NOW,
        better_since_ms=NOW - better_for_ms,
        patience_seconds=patient(calm_seconds).clean_seconds,
    )
    incident = Incident(
        id="i1",
        name="Trouble with Home",
        status="investigating",
        impact="major",
        components={"home": "partial_outage"},
        automatic=True,
        pain_ms=NOW - 60 * SECOND,
        created_ms=NOW - 50 * SECOND,
        changed_ms=NOW - 50 * SECOND,
        updated_ms=NOW - 50 * SECOND,
    )
    actions = [one for one in steer({"home": verdict}, [incident], NOW) if isinstance(one, Telling)]
    return actions[0].template if actions else None


def test_requests_may_have_failed_since_somebody_looked_last():
    node, observed = Node(), Observed()
    label = (("code", "503"), ("method", "POST"), ("route", POSTS))
    node.grown([Sample("whimbrel_request_seconds_count", label, 0.0)], NOW, {})
    growth = node.grown([Sample("whimbrel_request_seconds_count", label, 3.0)], NOW + 5 * SECOND, {})
    count = growth.slis["posting", "availability"]
    observed.note_requests("posting", NOW + 5 * SECOND, bad=count.bad, total=count.total, from_ms=growth.from_ms)
    assert {one.since_ms for one in observed.evidence("posting", NOW + 6 * SECOND).shares} == {NOW}


def test_a_minute_of_reports_knows_when_the_first_came():
    tally = Tally()
    for at_ms in (NOW + 700, NOW + 300, NOW + 900):
        entry = Entry(1, at_ms, 1, None, kind=2, place=0, quarters=4, network=at_ms, wording=0, age=0)
        tally.heard([(entry, True)])
    assert tally.of(1, NOW // 60_000).first_ms == NOW + 300
    assert tally.of(1, 0).first_ms == 0


def test_the_drills_proxy_refuses_every_tenth_post_and_says_so_in_its_metrics(tmp_path):
    port = free_port()
    with serving(tmp_path / "data") as server, proxying(port, int(server.url.rpartition(":")[2])) as proxy:
        token = server.provide(["ada"])["ada"]
        behind = StatusPage(proxy.url)
        with closing(Client(behind, token)) as ada:
            proxy.every = 10
            codes = [ada.post(POSTS, {"status": f"part {number}"}).status for number in range(20)]
            assert (codes.count(200), codes.count(503)) == (18, 2)
            assert len(ada.get("/api/v1/timelines/home").json) == 18
        _, text = behind.ask("/metrics")
    assert f'whimbrel_request_seconds_count{{method="POST",route="{POSTS}",code="503"}} 2' in text
