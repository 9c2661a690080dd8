"""The verdict: every clause of the published rule at its edge, rising at once, falling slowly, silence is not green."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.evidence import BurnSeen, CrowdSeen, Evidence, FallSeen, Planned, ProbeSeen, Share, StaleSeen
from whimbrel.statuspage.values import SEVERITY
from whimbrel.statuspage.verdict import CLAUSES, DEFAULT, Standing, decide, reasons_of, surely_above

NOW = 1_600_000_000_000
WELL = (
    ProbeSeen(probe="post", vantage="here", at_ms=NOW),
    ProbeSeen(probe="read", vantage="here", at_ms=NOW),
    ProbeSeen(probe="post", vantage="there", at_ms=NOW),
    ProbeSeen(probe="read", vantage="there", at_ms=NOW),
)


def failing(probe, failures=2, since_ms=NOW - 20_000):
    return ProbeSeen(
        probe=probe.probe,
        vantage=probe.vantage,
        at_ms=NOW,
        failures=failures,
        failing_since_ms=since_ms,
        error="503",
    )


def evidence(at_ms=NOW, **seen):
    return Evidence(component="home", at_ms=at_ms, **{"seen_ms": at_ms, "probes": WELL} | seen)


def share(window_seconds, bad, total):
    return Share(window_seconds=window_seconds, bad=bad, total=total, since_ms=NOW - 1_000 * window_seconds)


def burning(long_burn, short_burn):
    return BurnSeen(
        objective="latency",
        factor=6.0,
        long_seconds=21_600,
        short_seconds=1_800,
        long_burn=long_burn,
        short_burn=short_burn,
        since_ms=NOW - 60_000,
    )


def crowd(**changed):
    return CrowdSeen(**{"since_ms": NOW - 60_000, "reports": 40.0, "expected": 3.0, "tail": 1e-9} | changed)


def state_of(seen, before=None):
    return decide(seen, before)[0].state


@pytest.mark.parametrize(
    ("seen", "state", "code"),
    [
        ({}, "operational", None),
        ({"probes": tuple(map(failing, WELL))}, "major_outage", "probes_all_failing"),
        ({"probes": tuple(failing(probe, failures=1) for probe in WELL)}, "operational", None),
        ({"probes": (*WELL[:2], *map(failing, WELL[2:]))}, "partial_outage", "probes_some_failing"),
        ({"probes": (failing(WELL[0]), WELL[1], failing(WELL[2]), WELL[3])}, "partial_outage", "probes_some_failing"),
        ({"probes": (failing(WELL[0]), *WELL[1:])}, "operational", None),
        ({"shares": (share(60, 50, 100),)}, "major_outage", "errors_major"),
        ({"shares": (share(60, 49, 100),)}, "operational", None),
        ({"shares": (share(60, 4, 4),)}, "operational", None),
        ({"shares": (share(120, 10, 100),)}, "partial_outage", "errors_partial"),
        ({"shares": (share(120, 9, 100),)}, "operational", None),
        ({"shares": (share(180, 5, 500),)}, "degraded_performance", "errors_degraded"),
        ({"shares": (share(180, 4, 400),)}, "operational", None),
        ({"shares": (share(30, 10, 100),)}, "degraded_performance", "errors_surely"),
        ({"shares": (share(30, 9, 100),)}, "operational", None),
        ({"shares": (share(30, 12, 1_000),)}, "operational", None),
        ({"burns": (burning(6.0, 6.0),)}, "degraded_performance", "burning"),
        ({"burns": (burning(14.0, 5.9),)}, "operational", None),
        (
            {"stale": StaleSeen(window_seconds=60, share=0.1, age_seconds=90.0, since_ms=NOW)},
            "degraded_performance",
            "stale",
        ),
        (
            {"stale": StaleSeen(window_seconds=60, share=0.09, age_seconds=90.0, since_ms=NOW)},
            "operational",
            None,
        ),
        (
            {"falls": (FallSeen(rate="posting", since_ms=NOW, actual=1.0, expected=90.0),)},
            "degraded_performance",
            "fallen",
        ),
        ({"crowd": crowd()}, "degraded_performance", "crowd"),
        ({"crowd": crowd(tail=1e-5)}, "operational", None),
        ({"crowd": crowd(culprit="another-service")}, "operational", None),
        ({"crowd": crowd(weight=0.4)}, "operational", None),
    ],
)
def test_each_clause_holds_at_its_edge_and_not_below_it(seen, state, code):
    verdict, _ = decide(evidence(**seen), None)
    assert verdict.state == state
    assert [reason.code for reason in verdict.reasons] == ([code] if code else [])


def test_every_clause_of_the_published_rule_has_its_case():
    cases = test_each_clause_holds_at_its_edge_and_not_below_it.pytestmark[0].args[1]
    assert {code for _, _, code in cases if code} == {clause.code for clause in CLAUSES}


PLACES = tuple(
    ProbeSeen(probe=step, vantage=place, at_ms=NOW)
    for place in ("London", "Lisbon", "Lima")
    for step in ("write", "read")
)


def only(places, choose):
    return tuple(failing(one) if choose(one) else one for one in places)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        pytest.param({"burns": (burning(6.0, 6.0),)}, "degraded_performance", id="latency burns 6 on both windows"),
        pytest.param({"burns": (burning(6.0, 5.9),)}, "operational", id="the short window does not"),
        pytest.param({"burns": (burning(5.9, 6.0),)}, "operational", id="the long window does not"),
        pytest.param({"shares": (share(180, 10, 1_000),)}, "degraded_performance", id="1 % for 3 minutes"),
        pytest.param({"shares": (share(180, 9, 1_000),)}, "operational", id="less than 1 %"),
        pytest.param({"shares": (share(180, 99, 1_000),)}, "degraded_performance", id="almost 10 % for 3 minutes"),
        pytest.param({"crowd": crowd(tail=9.9e-7)}, "degraded_performance", id="reports beyond one in a million"),
        pytest.param({"crowd": crowd(tail=1e-6)}, "operational", id="reports at one in a million"),
        pytest.param({"shares": (share(120, 100, 1_000),)}, "partial_outage", id="10 % for 2 minutes"),
        pytest.param({"shares": (share(120, 99, 1_000),)}, "operational", id="less than 10 % of 2 minutes alone"),
        pytest.param({"shares": (share(60, 499, 1_000),)}, "operational", id="less than 50 % of a minute alone"),
        pytest.param({"shares": (share(120, 499, 1_000),)}, "partial_outage", id="almost 50 % for 2 minutes"),
        pytest.param({"probes": only(PLACES, lambda one: one.vantage == "Lima")}, "partial_outage", id="one place"),
        pytest.param({"probes": only(PLACES, lambda one: one.vantage != "Lima")}, "partial_outage", id="all but one"),
        pytest.param(
            {"probes": only(PLACES, lambda one: one.probe == "write")}, "partial_outage", id="writes fail, reads work"
        ),
        pytest.param(
            {"probes": only(PLACES, lambda one: one.probe == "write" and one.vantage != "Lima")},
            "operational",
            id="a step at some places",
        ),
        pytest.param({"shares": (share(60, 501, 1_000),)}, "major_outage", id="more than 50 % for a minute"),
        pytest.param({"probes": only(PLACES, lambda _: True)}, "major_outage", id="all probes twice"),
        pytest.param(
            {"probes": tuple(failing(one, failures=1) for one in PLACES)}, "operational", id="all probes once"
        ),
    ],
)
def test_every_row_of_the_table_that_the_rule_was_made_from(seen, state):
    assert state_of(evidence(**{"probes": PLACES} | seen)) == state


def test_no_data_is_unknown_and_not_green():
    assert state_of(Evidence(component="home", at_ms=NOW)) == "unknown"
    assert state_of(evidence(seen_ms=NOW - 61_000)) == "unknown"
    assert state_of(evidence(seen_ms=NOW - 60_000)) == "operational"


def test_silence_does_not_end_an_outage():
    before = Standing(state="major_outage", since_ms=NOW - 60_000)
    for minutes in (0, 30, 60):
        silent = Evidence(component="home", at_ms=NOW + minutes * 60_000)
        verdict, before = decide(silent, before)
        assert verdict.state == "major_outage"
    assert before.since_ms == NOW - 60_000


def test_an_outage_is_said_since_its_first_sign():
    verdict, _ = decide(evidence(probes=tuple(failing(probe, since_ms=NOW - 20_000) for probe in WELL)), None)
    assert verdict.since_ms == NOW - 20_000


@pytest.mark.parametrize(
    ("state", "patience_seconds"), [("degraded_performance", 600), ("partial_outage", 600), ("major_outage", 900)]
)
def test_a_state_is_left_after_it_was_clean_for_long_enough_and_not_before(state, patience_seconds):
    before = Standing(state=state, since_ms=NOW - 60_000)
    for seconds in range(0, patience_seconds, 20):
        verdict, before = decide(evidence(at_ms=NOW + 1_000 * seconds), before)
        assert verdict.state == state
    verdict, after = decide(evidence(at_ms=NOW + 1_000 * patience_seconds), before)
    assert verdict.state == "operational"
    assert after.since_ms == NOW


def test_what_falls_from_a_major_outage_stops_at_the_milder_one_that_is_not_over():
    """Accident: a partial outage of ten seconds ago was shown as over, because the major one before it was."""
    before = Standing(state="major_outage", since_ms=NOW - 60_000)
    states = []
    for minute in range(30):
        partial = {"shares": (share(120, 30, 100),)} if minute < 14 else {}
        verdict, before = decide(evidence(at_ms=NOW + 60_000 * minute, **partial), before)
        states.append(verdict.state)
    assert states == ["major_outage"] * 15 + ["partial_outage"] * 9 + ["operational"] * 6
    assert before.milder == {}


def test_a_service_that_flaps_does_not_make_its_page_flap():
    before, states = None, []
    for minute in range(60):
        bad = minute % 5 == 0
        probes = tuple(map(failing, WELL)) if bad else WELL
        verdict, before = decide(evidence(at_ms=NOW + 60_000 * minute, probes=probes), before)
        states.append(verdict.state)
    assert set(states) == {"major_outage"}


def test_a_worse_state_is_shown_at_once_also_while_a_milder_one_is_being_waited_out():
    before = Standing(state="degraded_performance", since_ms=NOW - 60_000, better_since_ms=NOW - 30_000)
    assert state_of(evidence(probes=tuple(map(failing, WELL))), before) == "major_outage"


def test_a_maintenance_covers_what_was_announced_for_it_and_nothing_worse():
    planned = Planned(maintenance="m", since_ms=NOW, until_ms=NOW + 3_600_000, expected="partial_outage")
    assert state_of(evidence(planned=planned)) == "under_maintenance"
    assert state_of(evidence(planned=planned, shares=(share(120, 30, 100),))) == "under_maintenance"
    verdict, _ = decide(evidence(planned=planned, shares=(share(60, 90, 100),)), None)
    assert verdict.state == "major_outage"


def test_people_against_probes_is_said_and_not_hidden():
    assert decide(evidence(crowd=crowd()), None)[0].disagreement == "crowd_against_probes"
    assert decide(evidence(crowd=crowd(), probes=tuple(map(failing, WELL))), None)[0].disagreement == ""
    assert decide(evidence(crowd=crowd(), probes=()), None)[0].disagreement == ""


def test_the_lower_bound_of_a_share_is_wilsons():
    # By hand, z = 2, 5 of 20: (0.25 + 0.1 - 2 * sqrt(0.1875/20 + 4/1600)) / 1.2
    assert surely_above(5, 20, 2.0) == pytest.approx((0.25 + 0.1 - 2 * math.sqrt(0.009375 + 0.0025)) / 1.2)
    assert surely_above(0, 0, 2.0) == 0.0
    assert surely_above(0, 50, 2.0) == pytest.approx(0.0, abs=1e-12)


shares = st.builds(
    lambda window, total, part: share(window, int(total * part), total),
    st.sampled_from([30, 60, 120, 180]),
    st.integers(0, 1_000),
    st.floats(0, 1),
)
probes = st.lists(
    st.builds(
        lambda probe, vantage, failures: ProbeSeen(
            probe=probe, vantage=vantage, at_ms=NOW, failures=failures, failing_since_ms=NOW - 1 if failures else None
        ),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y"]),
        st.integers(0, 4),
    ),
    max_size=4,
    unique_by=lambda probe: (probe.probe, probe.vantage),
)


@given(probes, st.lists(shares, max_size=4, unique_by=lambda one: one.window_seconds), st.integers(0, 2_000))
def test_the_state_is_never_better_than_the_worst_reason_and_never_better_than_before_too_early(seen, parts, seconds):
    at_ms = NOW + 1_000 * seconds
    now = evidence(at_ms=at_ms, probes=tuple(seen), shares=tuple(parts))
    worst = max((SEVERITY[reason.state] for reason in reasons_of(now)), default=0)
    assert SEVERITY[decide(now, None)[0].state] >= worst
    for state in ("degraded_performance", "partial_outage", "major_outage"):
        before = Standing(state=state, since_ms=NOW, better_since_ms=NOW)
        verdict, after = decide(now, before)
        assert SEVERITY[verdict.state] >= worst
        if seconds < DEFAULT.clean_seconds:
            assert SEVERITY[verdict.state] >= SEVERITY[state]
        assert decide(now, after)[0].state == verdict.state


TROUBLES = {"degraded_performance": 600, "partial_outage": 600, "major_outage": 900}
CAUSES = {
    "operational": {},
    "degraded_performance": {"shares": (share(180, 5, 400),)},
    "partial_outage": {"shares": (share(120, 30, 100),)},
    "major_outage": {"shares": (share(60, 80, 100),)},
    "unknown": {"seen_ms": None, "probes": ()},
}


@given(st.lists(st.tuples(st.sampled_from(list(CAUSES)), st.integers(1, 20)), max_size=25))
def test_every_trouble_is_shown_until_it_has_been_over_for_long_enough_and_no_longer(story):
    """The rule a second time: each trouble is owed its patience, and silence does not count as calm."""
    before, at_ms, owed = None, NOW, {}
    for raw, steps in story:
        for _ in range(steps):
            at_ms += 60_000
            for state in list(owed):
                if raw == "unknown" or SEVERITY[raw] >= SEVERITY[state]:
                    owed[state] = None
                else:
                    owed[state] = at_ms if owed[state] is None else owed[state]
                    if at_ms - owed[state] >= 1_000 * TROUBLES[state]:
                        del owed[state]
            if raw in TROUBLES:
                owed[raw] = None
            verdict, before = decide(evidence(at_ms, **CAUSES[raw]), before)
            expected = max([raw, *owed], key=SEVERITY.__getitem__)
            assert verdict.state == expected
            assert verdict.since_ms <= at_ms
            assert verdict.better_since_ms == owed.get(expected)
