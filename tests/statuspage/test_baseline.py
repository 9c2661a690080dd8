"""The baseline: hours of the week, learned in spite of incidents, growth, little history and a belief that is wrong."""

from itertools import pairwise
from math import pi, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.statuspage.detection.baseline import fresh, hour_of_week, learned, line, rate, rescaled
from whimbrel.statuspage.detection.spread import NOTHING, SPREAD_MAX, SPREAD_MIN, spread_of, taught
from whimbrel.statuspage.detection.track import means_of

WEEK = 168
MONDAY = 483_264
"""The hour at which Monday 2025-02-17 begins (UTC), counted from 1970."""


def per_minute(hour):
    """A service with a day and a week: ten a minute on average, half of it at weekends."""
    slot = hour_of_week(hour)
    return 10.0 * (1.0 + 0.6 * sin(2 * pi * slot / 24)) * (0.5 if slot >= 120 else 1.0)


def after(hours, rate_of=per_minute, start=None, **learning):
    baseline = start or fresh()
    for hour in range(MONDAY, MONDAY + hours):
        baseline = learned(baseline, hour, 60 * rate_of(hour), spread=0.05, **learning)
    return baseline


def test_the_week_begins_on_monday_in_utc():
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(0) == 72


def test_after_six_weeks_each_hour_of_the_week_is_known():
    baseline = after(6 * WEEK)
    for hour in range(MONDAY + 6 * WEEK, MONDAY + 7 * WEEK):
        assert rate(baseline, hour) == pytest.approx(per_minute(hour), rel=0.25)
    noon, night = MONDAY + 6 * WEEK + 6, MONDAY + 6 * WEEK + 18
    assert rate(baseline, noon) > 3 * rate(baseline, night)


def test_the_first_hours_of_a_new_service_spoil_no_hour_of_later_weeks():
    """Accident: the first hour took the blame for a belief that was wrong by thousands, every Monday for months."""
    baseline = after(3 * WEEK, lambda hour: 100 * per_minute(hour))
    for hour in range(MONDAY + 3 * WEEK, MONDAY + 3 * WEEK + 24):
        assert rate(baseline, hour) < 1.5 * 100 * per_minute(hour)


def test_an_incident_of_six_hours_leaves_hardly_a_trace():
    before = after(6 * WEEK)
    baseline = before
    for hour in range(MONDAY + 6 * WEEK, MONDAY + 6 * WEEK + 6):
        baseline = learned(baseline, hour, 60_000 * per_minute(hour), spread=0.05, alarm=True)
    for hour in range(MONDAY + 7 * WEEK, MONDAY + 7 * WEEK + 6):
        assert rate(baseline, hour) < 1.12 * rate(before, hour)


def test_what_is_alarming_every_day_at_noon_becomes_noon():
    """Accident: hours of an alarm taught nothing, so a habit that was missed in the first days rang for ever."""

    def with_a_daily_peak(hour):
        return per_minute(hour) * (4.0 if hour % 24 == 12 else 1.0)

    baseline = after(2 * WEEK)
    for hour in range(MONDAY + 2 * WEEK, MONDAY + 14 * WEEK):
        alarm = with_a_daily_peak(hour) > 2 * rate(baseline, hour)
        baseline = learned(baseline, hour, 60 * with_a_daily_peak(hour), spread=0.05, alarm=alarm)
    noon = MONDAY + 14 * WEEK + 12
    assert with_a_daily_peak(noon) < 2 * rate(baseline, noon)


def test_a_service_that_grows_by_half_in_a_year_is_followed():
    def growing(hour):
        return per_minute(hour) * 1.5 ** ((hour - MONDAY) / (52 * WEEK))

    baseline = after(40 * WEEK, growing)
    week = range(MONDAY + 40 * WEEK, MONDAY + 41 * WEEK)
    assert sum(rate(baseline, hour) for hour in week) == pytest.approx(sum(map(growing, week)), rel=0.06)


def test_a_service_without_history_is_believed_to_have_little():
    assert rate(fresh(), MONDAY) == pytest.approx(0.05)
    assert fresh().is_young
    assert fresh().doubt == pytest.approx(2.0)
    assert after(100).doubt < 0.02


def test_a_moved_baseline_keeps_its_habits():
    baseline = after(4 * WEEK)
    moved = rescaled(baseline, 3.0)
    assert all(rate(moved, hour) == pytest.approx(3 * rate(baseline, hour)) for hour in range(MONDAY, MONDAY + WEEK))


def test_the_expected_rate_never_jumps_from_one_minute_to_the_next():
    baseline = after(4 * WEEK)
    means = means_of(baseline, MONDAY * 60, 2 * 24 * 60)
    assert len(means) == 2 * 24 * 60
    assert all(abs(later - earlier) < 0.1 for earlier, later in pairwise(means))
    now = line(baseline, MONDAY * 60 + 45)
    assert now.start <= MONDAY * 60 + 45 < now.end


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=60))
def test_no_history_makes_a_rate_that_is_not_positive_and_finite(totals):
    baseline = fresh()
    for at, total in enumerate(totals):
        baseline = learned(baseline, MONDAY + at, total, spread=0.1)
        assert 0.0 < rate(baseline, MONDAY + at) < 1e9


def test_the_spread_of_counts_that_vary_more_than_chance_is_found():
    sums = NOTHING
    for _ in range(300):
        sums = taught(sums, [50.0, 150.0, 80.0, 120.0], [100.0] * 4)
    assert spread_of(sums) == pytest.approx((1450 - 100) / 100**2, rel=0.05)


def test_the_spread_of_counts_of_pure_chance_is_all_but_nothing():
    sums = NOTHING
    for _ in range(300):
        sums = taught(sums, [90.0, 110.0], [100.0, 100.0])
    assert spread_of(sums) == pytest.approx(0.0, abs=0.005)


def test_an_outage_that_nobody_noticed_does_not_make_the_service_deaf():
    sums = NOTHING
    for _ in range(500):
        sums = taught(sums, [90.0, 110.0], [100.0, 100.0])
    assert spread_of(taught(sums, [50_000.0], [100.0])) < 0.01


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e4)), max_size=50))
def test_the_spread_stays_within_its_bounds(pairs):
    sums = taught(NOTHING, [count for count, _ in pairs], [mean for _, mean in pairs])
    assert SPREAD_MIN <= spread_of(sums) <= SPREAD_MAX
