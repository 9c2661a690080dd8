"""The benchmark of outages: its figures mean what they say, and depend on the seed alone."""

from math import inf

import numpy as np
import pytest

from bench.outages.campaigns import recognition
from bench.outages.ours import played
from bench.outages.rivals import RIVALS, series_of, sums, with_outage
from bench.outages.scoring import alarms, delays, first_over, interval, loudest, threshold_for
from bench.outages.world import WEEK, gamma_noise, quiet_service


def test_the_same_seed_plays_the_same_world():
    one, again, other = (quiet_service(np.random.default_rng(seed), 2, 2 * WEEK) for seed in (1, 1, 2))
    assert np.array_equal(one.counts, again.counts)
    assert not np.array_equal(one.counts, other.counts)


def test_the_noise_has_the_spread_and_the_memory_that_it_is_said_to_have():
    noise = gamma_noise(np.random.default_rng(3), 400_000, spread=0.1, remembers_minutes=5)
    assert noise.mean() == pytest.approx(1.0, abs=0.02)
    assert noise.var() == pytest.approx(0.1, rel=0.1)
    later = np.corrcoef(noise[:-5], noise[5:])[0, 1]
    assert later == pytest.approx(np.exp(-1), abs=0.05)


def test_a_run_of_loud_half_hours_is_one_alarm():
    scores = np.zeros(300)
    scores[[10, 40, 100, 290]] = 5.0
    quiet = loudest(scores)
    assert list(np.flatnonzero(quiet)) == [0, 1, 3, 9]
    assert alarms(quiet, 5.0) == 2
    assert alarms(quiet, 5.1) == 0


def test_the_threshold_for_so_many_alarms_is_the_lowest_that_gives_no_more():
    quiet = np.zeros(100)
    quiet[[0, 20, 40, 60]] = [4.0, 3.0, 2.0, 1.0]
    assert threshold_for([quiet], 2.0) == 3.0
    assert alarms(quiet, threshold_for([quiet], 0.0)) == 0


def test_what_was_never_noticed_took_for_ever():
    found = delays([0, 4, None], [0, 2, 0])
    assert (found.outages, found.missed, found.median, found.late) == (3, 1, 3.0, inf)
    assert found.missed_share == pytest.approx(1 / 3)


def test_an_alarm_in_the_first_minute_took_that_minute():
    assert delays([0], [0]).median == 1.0
    assert first_over(np.array([0.0, 2.0, 3.0]), 2.0) == 1
    assert first_over(np.array([0.0]), 2.0) is None


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.689), (10, 4.795, 18.390), (50, 37.111, 65.919)])
def test_the_interval_of_a_rare_event_is_the_exact_one(events, low, high):
    assert interval(events) == pytest.approx((low, high), abs=0.001)


def test_rivals_see_an_outage_that_is_hundred_times_the_usual():
    counts = quiet_service(np.random.default_rng(5), 2, 6 * WEEK).counts
    series = series_of(counts)
    assert all(len(column) == 2 * WEEK for column in series)
    changed = with_outage(series, 5_000, np.full(60, 100 * counts.mean()))
    for rival in RIVALS:
        scores = rival.scores(changed)[-60:]
        assert len(scores) == 60
        assert first_over(scores, rival.threshold) is not None


def test_sums_are_those_of_the_newest_minutes():
    assert sums(np.arange(6.0), 3).tolist() == [0.0, 1.0, 3.0, 6.0, 9.0, 12.0]


def test_our_detector_plays_a_service_and_finds_its_outages():
    run = played(3, 1, weeks=1)
    large = [branch for branch in run.branches if not branch.small]
    assert len(large) >= 8
    assert sum(branch.noticed is not None for branch in large) >= len(large) - 1
    assert len(run.scores) == WEEK
    assert len(run.alarms) <= 2


def test_campaigns_are_told_from_crowds():
    found = recognition(np.random.default_rng(4), 100)
    assert found.recognised >= 80
    assert found.wronged == 0
