"""Surges: noticed at once when they are large, soon when they are slow, and not at all when they are none."""

import random
from math import pi, sin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.detection.cusum import BLOCK_MINUTES, DRY, leaked
from whimbrel.statuspage.detection.onset import most_likely_start
from whimbrel.statuspage.detection.runrule import agreed
from whimbrel.statuspage.detection.surge import ALARM_DECADES, CALM_MINUTES, Watch, observed, watching

MONDAY = 28_995_840
WEEK = 7 * 1_440


def poisson(rng, mean):
    """Arrivals within a minute, by exponential waiting times; a normal count where that would take long."""
    if mean > 50:
        return max(round(rng.gauss(mean, mean**0.5)), 0)
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1.0)
    return count


def usual(minute, per_minute):
    return per_minute * (1.0 + 0.6 * sin(2 * pi * minute / 1_440))


def learned_watch(per_minute, *, seed=1, minutes=2 * WEEK):
    """A watch after quiet weeks, and its source of chance."""
    rng, watch = random.Random(seed), watching()
    for minute in range(MONDAY, MONDAY + minutes):
        watch, _ = observed(watch, minute, poisson(rng, usual(minute, per_minute)))
    return watch, rng, MONDAY + minutes


def played(watch, start, counts):
    """Readings of counts from a minute on, and the watch after them."""
    readings = []
    for minute, count in enumerate(counts, start):
        watch, reading = observed(watch, minute, count)
        readings.append(reading)
    return readings, watch


@pytest.fixture(scope="module")
def quiet_service():
    return learned_watch(5.0)


@pytest.fixture(scope="module")
def small_service():
    return learned_watch(0.05)


def test_quiet_weeks_ring_no_bell():
    rng, watch, ringing = random.Random(7), watching(), []
    for minute in range(MONDAY, MONDAY + 3 * WEEK):
        watch, reading = observed(watch, minute, poisson(rng, usual(minute, 2.0)))
        if reading.surge is not None and minute > MONDAY + 3 * 1_440:
            ringing.append(minute)
    assert ringing == []


def test_a_tenfold_surge_is_noticed_within_its_first_minute(quiet_service):
    watch, rng, now = quiet_service
    readings, _ = played(watch, now, [poisson(rng, 50.0) for _ in range(3)])
    assert readings[0].surge is not None


def test_a_threefold_surge_is_noticed_within_five_minutes(quiet_service):
    watch, rng, now = quiet_service
    readings, _ = played(watch, now, [poisson(rng, 15.0) for _ in range(5)])
    assert readings[-1].surge is not None


def test_ten_reports_a_minute_about_a_service_that_nobody_reports_are_noticed_at_once(small_service):
    watch, rng, now = small_service
    readings, _ = played(watch, now, [poisson(rng, 10.0) for _ in range(2)])
    assert readings[-1].surge is not None


def test_three_reports_of_one_household_are_no_surge(small_service):
    watch, _, now = small_service
    readings, _ = played(watch, now, [3, 0, 2, 0, 0])
    assert all(reading.surge is None for reading in readings)


def test_the_start_of_a_surge_is_its_first_minute_and_not_the_alarm(quiet_service):
    watch, rng, now = quiet_service
    readings, _ = played(watch, now, [poisson(rng, 5.0) for _ in range(30)] + [poisson(rng, 14.0) for _ in range(8)])
    surge = readings[-1].surge
    assert surge is not None
    assert abs(surge.since - (now + 30)) <= 1
    assert surge.noticed >= surge.since


def test_a_leak_that_grows_over_hours_is_noticed(quiet_service):
    watch, rng, now = quiet_service
    counts = [poisson(rng, usual(minute, 5.0) * (1 + minute / 120)) for minute in range(360)]
    readings, _ = played(watch, now, counts)
    assert any(reading.surge is not None for reading in readings)


def test_a_surge_ends_when_it_has_been_calm_for_ten_minutes(quiet_service):
    watch, rng, now = quiet_service
    readings, watch = played(watch, now, [poisson(rng, 60.0) for _ in range(10)])
    assert readings[-1].surge is not None
    readings, _ = played(watch, now + 10, [poisson(rng, 5.0) for _ in range(60)])
    ended = next(at for at, reading in enumerate(readings) if reading.surge is None)
    assert CALM_MINUTES <= ended + 1 <= 40


def test_one_outage_does_not_make_the_next_one_harder_to_notice(quiet_service):
    watch, rng, now = quiet_service
    for outage in range(3):
        start = now + outage * 1_440
        day = [300.0 if at < 120 else usual(start + at, 5.0) for at in range(1_440)]
        readings, watch = played(watch, start, [poisson(rng, mean) for mean in day])
        assert readings[0].surge is not None
        assert readings[-1].surge is None
        assert readings[-1].expected < 3 * usual(start + 1_439, 5.0)


def test_what_stays_for_a_day_is_the_new_normal():
    watch, rng, now = learned_watch(1.0, minutes=WEEK)
    readings, _ = played(watch, now, [poisson(rng, usual(now + at, 5.0)) for at in range(4 * 1_440)])
    assert readings[120].surge is not None
    assert all(reading.surge is None for reading in readings[-600:])


def test_minutes_that_were_not_measured_are_no_zeros(quiet_service):
    watch, rng, now = quiet_service
    readings, _ = played(watch, now + 300, [poisson(rng, usual(now + 300 + at, 5.0)) for at in range(60)])
    assert all(reading.surge is None for reading in readings)
    assert readings[0].expected == pytest.approx(usual(now + 300, 5.0), rel=0.4)


def test_a_service_that_is_added_while_it_is_down_is_noticed_by_thirty_reports():
    readings, _ = played(watching(), MONDAY, [8, 9, 12, 15])
    assert readings[-1].surge is not None


def test_a_new_busy_service_is_learned_within_its_first_days():
    watch, rng, now = learned_watch(400.0, minutes=4 * 1_440)
    readings, _ = played(watch, now, [poisson(rng, usual(now + at, 400.0)) for at in range(1_440)])
    assert all(reading.surge is None for reading in readings)


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_what_is_no_count_is_refused(count):
    with pytest.raises(Invalid):
        observed(watching(), MONDAY, count)


def test_a_clock_that_steps_back_is_refused():
    watch, _ = observed(watching(), MONDAY, 1)
    with pytest.raises(Invalid):
        observed(watch, MONDAY, 1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 90), st.floats(0, 1e6)), min_size=1, max_size=300))
def test_the_same_counts_give_the_same_readings_whatever_they_are(steps):
    first = second = watching()
    minute = MONDAY
    for gap, count in steps:
        minute += gap
        first, reading = observed(first, minute, count)
        second, again = observed(second, minute, count)
        assert reading == again
        assert reading.expected > 0
        assert reading.decades >= 0
    assert first == second


def test_more_reports_never_make_less_evidence(quiet_service):
    watch, _, now = quiet_service
    decades = [observed(watch, now, count)[1].decades for count in (10, 20, 40, 80, 1_000, 100_000)]
    assert decades == sorted(decades)
    assert decades[-1] > ALARM_DECADES


def test_two_of_three_minutes_that_agree_count_in_full_and_one_alone_counts_less():
    assert agreed(7.0, (0.0, 0.0)) == 6.0
    assert agreed(7.0, (0.0, 8.0)) == 7.0
    assert agreed(7.0, (8.0, 0.0)) == 7.0
    assert agreed(5.0, (0.0, 9.0)) == 5.0
    assert agreed(0.0, (9.0, 9.0)) == 0.0


def test_the_slow_sum_stays_empty_while_all_is_usual_and_grows_when_it_is_not():
    leak = DRY
    for block in range(20):
        leak = leaked(leak, block * BLOCK_MINUTES, 75.0, 75.0, spread=0.05)
    assert leak == DRY
    for block in range(20, 24):
        leak = leaked(leak, block * BLOCK_MINUTES, 225.0, 75.0, spread=0.05)
    assert leak.since == 20 * BLOCK_MINUTES
    assert leak.decades > 4
    assert (leak.seen, leak.expected) == (900.0, 300.0)


@given(st.integers(1, 40), st.integers(0, 20))
def test_the_most_likely_start_is_where_the_rate_changed(changed, before):
    counts = [5.0] * before + [25.0] * changed
    assert most_likely_start(counts, [5.0] * len(counts), upwards=True) == changed
    counts = [50.0] * before + [2.0] * changed
    assert most_likely_start(counts, [50.0] * len(counts), upwards=False) == changed


def test_a_watch_that_was_stored_goes_on_as_if_nothing_had_been(quiet_service):
    watch, rng, now = quiet_service
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(watch), type=Watch)
    counts = [poisson(rng, 20.0) for _ in range(120)]
    assert played(stored, now, counts) == played(watch, now, counts)


@pytest.fixture(scope="module")
def busy_service():
    return learned_watch(100.0)


def test_a_quiet_day_that_ends_is_no_surge(busy_service):
    """Accident: half a day at 0.4 of the usual lowered what was expected so far that its end rang."""
    watch, rng, now = busy_service
    means = [usual(now + at, 100.0) * (0.4 if at < 600 else 1.0) for at in range(720)]
    readings, _ = played(watch, now, [poisson(rng, mean) for mean in means])
    assert all(reading.surge is None for reading in readings)


def test_a_holiday_with_half_as_many_again_is_no_slow_leak(busy_service):
    """Accident: quarters of an hour were added up as if they were independent, and every lively holiday rang."""
    watch, rng, now = busy_service
    readings, _ = played(watch, now, [poisson(rng, 1.5 * usual(now + at, 100.0)) for at in range(1_440)])
    assert all(reading.surge is None for reading in readings)
