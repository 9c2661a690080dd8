"""Culprit or bystander: the published days, and the cases that look alike and are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.detection.attribution import Surging, attributed, overlap

PHONE = {"no signal": 0.7, "calls": 0.3}
LOGIN = {"sign-in": 0.8, "app": 0.2}
COAST = {"WA": 0.4, "OR": 0.3, "CA": 0.3}
INLAND = {"TX": 0.6, "OK": 0.4}


def wave(peak, *, lag=0, minutes=60):
    """Excess that rises within ten minutes of its start, stays, and falls."""
    shape = [min(max(at - 5 - lag, 0) / 10, 1.0) * (1.0 if at < 45 + lag else 0.6) for at in range(minutes)]
    return tuple(peak * one for one in shape)


def surging(name, peak, *, lag=0, kinds=PHONE, places=COAST):
    return Surging(name, 5 + lag, wave(peak, lag=lag), kinds, places)


@pytest.mark.parametrize(
    ("culprit", "bystanders"),
    [
        (113_980, {"a": 3_861, "v": 8_619}),
        (9_686, {"e": 411, "o": 519, "t": 322}),
        (73_000, {"v": 2_000, "t": 1_400}),
    ],
)
def test_the_published_spikes_are_bystanders_of_the_network_that_broke(culprit, bystanders):
    said = attributed([surging("broken", culprit), *(surging(name, peak, lag=4) for name, peak in bystanders.items())])
    assert said[0].service == "broken"
    assert said[0].role == "culprit"
    assert {one.role for one in said[1:]} == {"bystander"}
    assert {one.of for one in said[1:]} == {"broken"}
    assert all(one.confidence > 0.8 and 0.01 < one.share < 0.1 for one in said[1:])


def test_a_service_that_surges_alone_is_its_own_culprit():
    said = attributed([surging("alone", 100)])
    assert [(one.role, one.confidence) for one in said] == [("culprit", 1.0)]
    assert attributed([]) == ()


def test_two_that_break_by_chance_are_both_culprits():
    other = Surging("other", 35, tuple(700.0 if at > 35 else 0.0 for at in range(60)), LOGIN, INLAND)
    said = attributed([surging("one", 1_000), other])
    assert [one.role for one in said] == ["culprit", "culprit"]
    assert not any(one.common_cause for one in said)


def test_three_that_break_in_the_same_minutes_have_a_common_cause():
    said = attributed(
        [surging("one", 1_000), surging("two", 700, kinds=LOGIN), surging("three", 500, lag=1, kinds=LOGIN)]
    )
    assert all(one.role == "culprit" and one.common_cause for one in said)


def test_each_conclusion_carries_the_figures_that_it_was_drawn_from():
    said = attributed([surging("broken", 1_000), surging("near", 50, lag=3)])
    assert set(said[1].figures) == {"log_share", "lag", "follows", "kinds", "places"}
    assert said[1].figures["lag"] == 3
    assert said[1].figures["follows"] > 0.95


def test_an_overlap_is_one_for_the_same_mixture_and_nothing_for_strangers():
    assert overlap(PHONE, PHONE) == pytest.approx(1.0)
    assert overlap(PHONE, LOGIN) == 0.0
    assert overlap({"a": 0.5, "b": 0.5}, {"a": 0.2, "c": 0.8}) == pytest.approx(0.2)


SHARES = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 1), max_size=4)
EXCESS = st.lists(st.floats(-1e3, 1e6), min_size=20, max_size=20).map(tuple)
ANY = st.builds(Surging, st.text(min_size=1), st.integers(0, 59), EXCESS, SHARES, SHARES)


@given(st.lists(ANY, max_size=4, unique_by=lambda one: one.service))
def test_the_order_of_services_changes_nothing_and_confidence_is_a_probability(services):
    said = attributed(services)
    assert said == attributed(services[::-1])
    assert all(0.5 <= one.confidence <= 1.0 for one in said)
    assert len(said) == len(services)
