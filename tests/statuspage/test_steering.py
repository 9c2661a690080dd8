"""Incidents by themselves: the page speaks before anybody is sure, promises are kept, people are not overruled."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.incidents.actions import Lapsing, Missing, Opening, Telling
from whimbrel.statuspage.incidents.changes import lapsed, opened, told
from whimbrel.statuspage.incidents.lowering import TROUBLE
from whimbrel.statuspage.incidents.people import Saying, effective, missed, said
from whimbrel.statuspage.incidents.steer import interval_ms, steer
from whimbrel.statuspage.incidents.words import TEMPLATES, body_of
from whimbrel.statuspage.values import SEVERITY, Incident, Reason, Verdict

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
        self._numbers = itertools.count(1)

    @property
    def open(self):
        return [one for one in self.incidents.values() if one.resolved_ms is None]

    @property
    def steered(self):
        lowered = [one for one in self.incidents.values() if any(why.counts for why in one.lowered.values())]
        return [*self.open, *(one for one in lowered if one not in self.open)]

    def says(self, id_, seen, now_ms, **words):
        saying = Saying(**{"body": "said", "reason": "it is known better"} | words)
        self.incidents[id_] = said(self.incidents[id_], saying, actor="ada", now_ms=now_ms, board=seen)

    def shows(self, seen):
        return effective(seen, self.open)

    def steer(self, seen, now_ms):
        actions = steer(seen, self.steered, now_ms)
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
            case Lapsing(incident=id_):
                self.incidents[id_] = lapsed(self.incidents[id_], action, now_ms)
            case Missing(incident=id_, due_ms=due_ms):
                self.incidents[id_] = missed(self.incidents[id_], due_ms, now_ms)


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


def lowered_page(measured="partial_outage", said="degraded_performance"):
    """A page on which a person has called `home` better than it is measured."""
    page, seen = Page(), board(verdict("home", measured))
    page.steer(seen, NOW)
    page.says(the_only(page).id, seen, NOW, components={"home": said})
    assert page.shows(seen) == {"home": said}
    return page


@pytest.mark.parametrize("measured", ["degraded_performance", "partial_outage"])
def test_what_a_person_has_lowered_with_a_reason_stays_so_while_it_is_no_worse_than_it_was_then(measured):
    page, seen = lowered_page(), board(verdict("home", measured))
    for minute in range(1, 4):
        assert page.steer(seen, NOW + minute * MINUTE) == []
    assert page.shows(seen) == {"home": "degraded_performance"}
    page.steer(board(verdict("home", measured), verdict("search", "major_outage")), NOW + 5 * MINUTE)
    assert page.incidents["i1"].components == {"home": "degraded_performance"}


def test_what_a_person_has_lowered_is_raised_again_as_soon_as_it_is_worse_and_that_is_said():
    """Accident: a false alarm that somebody had called one hid every later outage of that part."""
    page, worse = lowered_page(), board(verdict("home", "major_outage"))
    assert page.shows(worse) == {"home": "major_outage"}
    page.steer(worse, NOW + MINUTE)
    incident = the_only(page)
    assert (incident.updates[0].template, incident.components) == ("raised", {"home": "major_outage"})
    assert (incident.impact, incident.automatic) == ("critical", False)
    assert incident.lowered["home"].raised_ms == NOW + MINUTE
    assert page.steer(worse, NOW + MINUTE) == []
    milder = board(verdict("home", "partial_outage"))
    page.steer(milder, NOW + 2 * MINUTE)
    assert page.shows(milder) == {"home": "partial_outage"}


def test_what_was_well_in_between_is_raised_when_it_fails_again_and_not_before():
    page, well, again = lowered_page(), board(verdict("home", "operational")), board(verdict("home", "partial_outage"))
    assert page.steer(well, NOW + MINUTE) == [Lapsing(incident="i1", well=("home",))]
    assert len(the_only(page).updates) == 2
    assert page.shows(well) == {"home": "operational"}
    page.steer(again, NOW + 2 * MINUTE)
    assert (the_only(page).updates[0].template, page.shows(again)) == ("raised", {"home": "partial_outage"})


def test_what_only_looks_better_has_not_been_well():
    page = lowered_page()
    page.steer(board(verdict("home", "partial_outage", better_since_ms=NOW)), NOW + 3 * MINUTE)
    assert page.steer(board(verdict("home", "partial_outage")), NOW + 4 * MINUTE) == []


def test_an_incident_that_a_person_closed_with_a_reason_is_not_opened_again_until_it_is_worse_or_new(page):
    """Accident: closed as a false alarm, it was open again under another name a second later."""
    seen = board(verdict("home", "partial_outage"))
    page.steer(seen, NOW)
    page.says("i1", seen, NOW, status="resolved")
    assert page.steer(seen, NOW + MINUTE) == []
    assert page.shows(seen) == {"home": "partial_outage"}
    worse = board(verdict("home", "major_outage"))
    page.steer(worse, NOW + 2 * MINUTE)
    assert [one.components for one in page.open] == [{"home": "major_outage"}]
    assert page.steer(worse, NOW + 2 * MINUTE) == []


def test_a_closed_false_alarm_that_was_well_in_between_opens_another_incident(page):
    seen = board(verdict("home", "partial_outage"))
    page.steer(seen, NOW)
    page.says("i1", seen, NOW, status="resolved")
    page.steer(board(verdict("home", "operational")), NOW + MINUTE)
    assert (page.steered, page.open) == ([], [])
    page.steer(seen, NOW + 2 * MINUTE)
    assert [one.id for one in page.open] == ["i2"]


def test_what_a_person_raised_stays_when_the_program_raises_something_else(page):
    page.steer(board(verdict("home", "degraded_performance"), verdict("search", "degraded_performance")), NOW)
    page.says("i1", {}, NOW, components={"home": "major_outage"})
    seen = board(verdict("home", "degraded_performance"), verdict("search", "partial_outage"))
    page.steer(seen, NOW + MINUTE)
    assert the_only(page).components == {"home": "major_outage", "search": "partial_outage"}


def test_what_people_did_not_speak_of_is_shown_as_it_is_measured(page):
    seen = board(verdict("home", "major_outage"))
    page.steer(seen, NOW)
    page.says("i1", seen, NOW, cause="a disk")
    assert page.shows(board(verdict("home", "operational"))) == {"home": "operational"}


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


class Word:
    """What a person has called a part, and whether that counts: the rule, written a second time and in other words."""

    def __init__(self, said, measured):
        self.said, self.measured = said, measured
        self.lowers = SEVERITY[said] < SEVERITY[measured]
        self.ended = self.owed = False

    def seen(self, state):
        if not self.lowers:
            return
        well = state not in TROUBLE and SEVERITY[state] < SEVERITY[self.measured]
        worse = SEVERITY[state] > SEVERITY[self.measured]
        if (well or (worse and state in TROUBLE)) and not self.ended:
            self.ended = self.owed = True

    def shown(self, state):
        if not self.lowers:
            return max(self.said, state, key=SEVERITY.__getitem__)
        return state if self.ended or SEVERITY[state] > SEVERITY[self.measured] else self.said


deeds = st.one_of(
    st.tuples(st.just("seen"), st.dictionaries(st.sampled_from(["home", "search"]), states, min_size=1)),
    st.tuples(st.just("said"), st.dictionaries(st.sampled_from(["home", "search"]), states, min_size=1)),
)


@given(st.lists(deeds, max_size=25))
def test_a_lowering_counts_until_it_is_worse_or_was_well_and_the_raise_is_said_once(story):
    page, measured, words, now_ms = Page(), dict.fromkeys(["home", "search"], "major_outage"), {}, NOW
    page.steer(board(*[verdict(*one) for one in measured.items()]), now_ms)
    page.says("i1", {}, now_ms, cause="people lead from here on")
    for kind, told_of in story:
        now_ms += MINUTE
        if kind == "said":
            page.says("i1", board(*[verdict(*one) for one in measured.items()]), now_ms, components=told_of)
            words |= {component: Word(state, measured[component]) for component, state in told_of.items()}
        else:
            measured |= told_of
        seen = board(*[verdict(*one, at_ms=now_ms) for one in measured.items()])
        for component, word in words.items():
            word.seen(measured[component])
        said_before = len(page.incidents["i1"].updates)
        page.steer(seen, now_ms)
        assert page.steer(seen, now_ms) == []
        expected = {one: words[one].shown(state) if one in words else state for one, state in measured.items()}
        assert page.shows(seen) == expected
        raised = [word for component, word in words.items() if word.owed and measured[component] in TROUBLE]
        news = page.incidents["i1"].updates[: len(page.incidents["i1"].updates) - said_before]
        assert [update.template for update in news if update.template == "raised"] == ["raised"] * bool(raised)
        for word in raised:
            word.owed = False


@given(st.lists(st.tuples(states, st.booleans()), max_size=25))
def test_what_a_person_closed_stays_closed_until_it_is_worse_or_was_well(story):
    page, closed_at = Page(), None
    for minute, (state, closing) in enumerate(story):
        now_ms, seen = NOW + minute * MINUTE, board(verdict("home", state))
        if closed_at is not None and (SEVERITY[state] > SEVERITY[closed_at] or state not in TROUBLE):
            closed_at = None
        page.steer(seen, now_ms)
        assert page.steer(seen, now_ms) == []
        assert bool(page.open) == (state in TROUBLE and closed_at is None)
        if closing and page.open:
            page.says(page.open[0].id, seen, now_ms, status="resolved")
            closed_at = state
            assert page.steer(seen, now_ms) == []
