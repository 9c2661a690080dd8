"""Incidents by themselves: the page speaks before anybody is sure, promises are kept, people are not overruled."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.incidents.changes import opened, told
from whimbrel.statuspage.incidents.steer import TROUBLE, Missing, Opening, Telling, interval_ms, steer
from whimbrel.statuspage.incidents.words import TEMPLATES, body_of
from whimbrel.statuspage.values import Incident, Reason, Verdict

NOW = 1_602_794_000_000  # 15 October 2020, 20:33 UTC
MINUTE = 60_000
NAMES = {"posting": "Posting", "home": "Home timeline", "search": "Search and trends"}


def verdict(component, state, *, at_ms=NOW, better_since_ms=None, reasons=()):
    return Verdict(
        component=component,
        state=state,
        since_ms=at_ms,
        at_ms=at_ms,
        better_since_ms=better_since_ms,
        reasons=tuple(reasons),
    )


def board(*verdicts):
    return {one.component: one for one in verdicts}


class Page:
    """The incidents of a page, changed as the program changes them."""

    def __init__(self):
        self.incidents = {}
        self.missed = []
        self._numbers = itertools.count(1)

    @property
    def open(self):
        return [one for one in self.incidents.values() if one.resolved_ms is None]

    def steer(self, seen, now_ms):
        actions = steer(seen, self.open, now_ms)
        for action in actions:
            self._do(action, now_ms)
        return actions

    def _do(self, action, now_ms):
        match action:
            case Opening():
                incident = opened(action, f"i{next(self._numbers)}", NAMES, now_ms)
                self.incidents[incident.id] = incident
            case Telling(incident=id_):
                self.incidents[id_] = told(self.incidents[id_], action, NAMES, now_ms)
            case Missing(incident=id_, due_ms=due_ms):
                self.missed.append((id_, due_ms))


@pytest.fixture
def page():
    return Page()


def the_only(page):
    (incident,) = page.incidents.values()
    return incident


def test_an_incident_opens_by_itself_at_the_first_sign_of_trouble(page):
    reason = Reason(code="errors_partial", state="partial_outage", since_ms=NOW - 42_000, figures={"share": 0.31})
    page.steer(board(verdict("posting", "partial_outage", reasons=[reason]), verdict("home", "operational")), NOW)
    incident = the_only(page)
    assert (incident.status, incident.impact, incident.automatic) == ("investigating", "major", True)
    assert (incident.name, incident.lag_ms) == ("Trouble with Posting", 42_000)
    body = incident.updates[0].body
    for words in (
        "Posting: fails for some",
        "31% of the requests fail",
        "20:32 UTC",
        "are safe",
        "got in",
        "20:38 UTC",
    ):
        assert words in body


def test_what_fails_while_one_is_open_joins_it(page):
    page.steer(board(verdict("posting", "degraded_performance")), NOW)
    page.steer(board(verdict("posting", "degraded_performance"), verdict("home", "major_outage")), NOW + MINUTE)
    incident = the_only(page)
    assert incident.components == {"posting": "degraded_performance", "home": "major_outage"}
    assert incident.impact == "critical"
    assert incident.updates[0].template == "joined"


def test_it_goes_to_monitoring_and_is_resolved_by_itself_and_the_lag_stays(page):
    page.steer(board(verdict("home", "major_outage")), NOW)
    better = NOW + 10 * MINUTE
    page.steer(board(verdict("home", "major_outage", better_since_ms=better)), better + 2 * MINUTE)
    assert the_only(page).status == "monitoring"
    page.steer(board(verdict("home", "operational")), better + 15 * MINUTE)
    incident = the_only(page)
    assert (incident.status, incident.impact) == ("resolved", "critical")
    assert (incident.monitoring_ms, incident.resolved_ms) == (better + 2 * MINUTE, better + 15 * MINUTE)
    assert incident.next_update_ms is None
    assert page.open == []


def test_it_goes_back_to_investigating_when_it_was_too_early(page):
    page.steer(board(verdict("home", "major_outage")), NOW)
    page.steer(board(verdict("home", "major_outage", better_since_ms=NOW)), NOW + 3 * MINUTE)
    assert the_only(page).status == "monitoring"
    page.steer(board(verdict("home", "major_outage")), NOW + 4 * MINUTE)
    assert (the_only(page).status, the_only(page).updates[0].template) == ("investigating", "worse_again")


def test_updates_come_when_they_were_promised(page):
    seen = board(verdict("home", "major_outage"))
    said = []
    for minute in range(5 * 60):
        page.steer(seen, NOW + minute * MINUTE)
        said.append(len(the_only(page).updates))
    minutes = [minute for minute, (before, after) in enumerate(itertools.pairwise([0, *said])) if after > before]
    assert minutes == [0, 5, 25, 45, 65, 85, 105, 125, 185, 245]
    for update in the_only(page).updates:
        assert update.figures["next_update_ms"] == update.created_ms + interval_ms(NOW, update.created_ms)


def test_what_people_lead_is_not_resolved_or_lowered_and_a_missed_promise_is_said(page):
    page.steer(board(verdict("home", "degraded_performance")), NOW)
    theirs = msgspec.structs.replace(
        the_only(page), automatic=False, impact="critical", status="identified", next_update_ms=NOW + 10 * MINUTE
    )
    page.incidents[theirs.id] = theirs
    well = board(verdict("home", "operational"))
    assert page.steer(well, NOW + 9 * MINUTE) == []
    assert page.steer(well, NOW + 10 * MINUTE) == [Missing(incident=theirs.id, due_ms=NOW + 10 * MINUTE)]
    page.steer(board(verdict("home", "partial_outage")), NOW + 11 * MINUTE)
    assert the_only(page).impact == "critical"
    assert the_only(page).components == {"home": "partial_outage"}


def test_what_a_person_has_lowered_with_a_reason_is_not_raised_again_at_the_next_turn(page):
    broken = board(verdict("home", "major_outage"))
    page.steer(broken, NOW)
    lowered = msgspec.structs.replace(
        the_only(page),
        automatic=False,
        components={"home": "degraded_performance"},
        lowered={"home": "only one room is hit"},
    )
    page.incidents[lowered.id] = lowered
    assert page.steer(broken, NOW + MINUTE) == []
    page.steer(board(verdict("home", "major_outage"), verdict("search", "partial_outage")), NOW + 2 * MINUTE)
    assert page.incidents[lowered.id].components["home"] == "degraded_performance"


def test_unknown_and_maintenance_open_no_incident(page):
    assert page.steer(board(verdict("home", "unknown"), verdict("search", "under_maintenance")), NOW) == []


def test_every_template_reads_as_sentences_with_and_without_figures():
    for template in TEMPLATES:
        for figures in ({}, {"share": 0.5, "reports": 12.0, "since_ms": NOW, "next_update_ms": NOW}):
            body = body_of(template, {"home": "major_outage"}, figures, NAMES)
            assert body.endswith(".")
            assert "{" not in body
            assert "  " not in body


states = st.sampled_from(["operational", "unknown", "degraded_performance", "partial_outage", "major_outage"])
moments = st.lists(
    st.tuples(st.integers(1, 40), st.dictionaries(st.sampled_from(list(NAMES)), st.tuples(states, st.booleans()))),
    max_size=20,
)


@given(moments)
def test_whatever_happens_trouble_is_covered_and_the_same_moment_is_steered_once(story):
    page, now_ms = Page(), NOW
    for minutes, seen in story:
        now_ms += minutes * MINUTE
        verdicts = board(
            *[
                verdict(component, state, at_ms=now_ms, better_since_ms=now_ms - 3 * MINUTE if better else None)
                for component, (state, better) in seen.items()
            ]
        )
        page.steer(verdicts, now_ms)
        covered = {component for incident in page.open for component in incident.components}
        failing = [one for one in verdicts.values() if one.state in TROUBLE and one.better_since_ms is None]
        assert {one.component for one in failing} <= covered
        assert page.steer(verdicts, now_ms) == []
        assert len(page.open) <= 1
    for incident in page.incidents.values():
        assert isinstance(incident, Incident)
        assert [one.created_ms for one in incident.updates] == sorted(
            (one.created_ms for one in incident.updates), reverse=True
        )
