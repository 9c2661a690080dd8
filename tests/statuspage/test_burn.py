"""Burn rates: the published table, worked out by hand, and silence where there is too little to say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.detection.burn import RULES, Requests, budget_left, burn_rate, burning, minutes_to_alert

THREE_NINES = 0.999


def windows(rates, total=100_000):
    """What windows of so many minutes saw, by their burn rates against three nines."""
    return {minutes: Requests(total, round(total * rate / 1_000)) for minutes, rate in rates.items()}


def test_the_rules_are_those_of_the_published_table():
    assert [(rule.action, rule.long_minutes, rule.short_minutes, round(rule.factor(), 3)) for rule in RULES] == [
        ("page", 60, 5, 14.4),
        ("page", 360, 30, 6.0),
        ("ticket", 1_440, 120, 3.0),
        ("ticket", 4_320, 360, 1.0),
    ]
    assert all(rule.long_minutes == 12 * rule.short_minutes for rule in RULES)


def test_a_period_of_28_days_scales_the_factors_as_published():
    factors = [round(rule.factor(28 * 1_440), 3) for rule in RULES]
    assert factors == [13.44, 5.6, 2.8, 0.933]


@pytest.mark.parametrize(
    ("bad", "page_1h", "page_6h", "ticket_3d"),
    [
        (1.0, 0.864, 2.16, 4.32),
        (0.5, 1.728, 4.32, 8.64),
        (0.1, 8.64, 21.6, 43.2),
        (0.05, 17.28, 43.2, 86.4),
        (0.02, 43.2, 108.0, 216.0),
        (0.01, None, 216.0, 432.0),
    ],
)
def test_the_time_until_an_alert_is_that_of_the_table_worked_out_by_hand(bad, page_1h, page_6h, ticket_3d):
    found = [minutes_to_alert(RULES[at], THREE_NINES, bad) for at in (0, 1, 3)]
    assert found == [None if one is None else pytest.approx(one) for one in (page_1h, page_6h, ticket_3d)]


def test_no_failure_at_all_never_alerts():
    assert minutes_to_alert(RULES[0], THREE_NINES, 0.0) is None


def test_a_rule_fires_only_when_both_of_its_windows_burn():
    both = burning(windows({60: 14.5, 5: 20.0}), THREE_NINES)
    assert [(one.rule.action, round(one.long_rate, 1), round(one.short_rate, 1)) for one in both] == [
        ("page", 14.5, 20.0)
    ]
    assert burning(windows({60: 14.5, 5: 14.0}), THREE_NINES) == ()
    assert burning(windows({60: 14.0, 5: 20.0}), THREE_NINES) == ()


def test_a_large_failure_fires_every_rule_gravest_first():
    everything = windows(dict.fromkeys((60, 5, 360, 30, 1_440, 120, 4_320, 360), 500.0))
    assert [one.rule for one in burning(everything, THREE_NINES)] == list(RULES)


def test_one_failure_of_a_quiet_night_wakes_nobody():
    assert burning({60: Requests(12, 1), 5: Requests(1, 1)}, THREE_NINES) == ()
    assert burning({60: Requests(400, 2), 5: Requests(40, 2)}, THREE_NINES) == ()


def test_a_window_that_was_not_measured_says_nothing():
    assert burning(windows({60: 100.0}), THREE_NINES) == ()


def test_the_budget_is_used_up_by_exactly_its_share_of_bad_requests():
    assert budget_left(Requests(1_000_000, 0), THREE_NINES) == 1.0
    assert budget_left(Requests(1_000_000, 500), THREE_NINES) == pytest.approx(0.5)
    assert budget_left(Requests(1_000_000, 2_000), THREE_NINES) == pytest.approx(-1.0)
    assert burn_rate(Requests(0, 0), THREE_NINES) == 0.0


@given(st.integers(1, 10**9), st.floats(0, 1), st.floats(0.5, 0.99999))
def test_a_burn_rate_is_the_share_of_failures_by_the_share_allowed(total, share, objective):
    bad = int(total * share)
    assert burn_rate(Requests(total, bad), objective) == pytest.approx(bad / total / (1 - objective))
