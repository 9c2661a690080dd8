"""Falls: the real day on which everything stopped, replayed; and what looks like a fall and is none."""

import csv
import random
from datetime import UTC, datetime

import pytest

from tests.support.shared import shared_dir
from whimbrel.statuspage.detection.fall import FALL_RATIO, fall_observed, watching_for_falls

EVENING = datetime(2020, 10, 15, tzinfo=UTC)


def minute_of(hour, minute=0, day=15):
    return int(EVENING.replace(day=day, hour=hour, minute=minute).timestamp()) // 60


def the_real_counts():
    """Count for each measured minute of 14 to 16 October 2020, from the finest row that covers it.

    The rows that only estimate a rate from a chunk within another row are left out, as is what was not kept.
    """
    with (shared_dir() / "data" / "outage-2020-10-15-volume.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["tweets"] and not row["source"].startswith("chunk")]
    spans = sorted(
        (seconds(row["utc_end"]) - seconds(row["utc_start"]), seconds(row["utc_start"]), float(row["tweets"]))
        for row in rows
    )
    first, last = min(start for _, start, _ in spans), max(start + length for length, start, _ in spans)
    for minute in range(int(first // 60), int(last // 60)):
        middle = minute * 60 + 30
        finest = next(((length, count) for length, start, count in spans if start <= middle < start + length), None)
        if finest is not None:
            yield minute, finest[1] / finest[0] * 60


def seconds(text):
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


def replayed(watch, counts):
    readings = []
    for minute, count in counts:
        watch, reading = fall_observed(watch, minute, count)
        readings.append(reading)
    return readings


@pytest.fixture(scope="module")
def the_real_day():
    return replayed(watching_for_falls(), the_real_counts())


def test_the_fall_of_15_october_2020_is_flagged_by_2136(the_real_day):
    noticed = next(reading for reading in the_real_day if reading.fall is not None)
    assert minute_of(21, 30) < noticed.minute + 1 <= minute_of(21, 36)
    assert minute_of(21, 32) <= noticed.fall.since <= minute_of(21, 35)


def test_the_return_of_that_evening_is_seen_by_2316_and_not_before_people_were_back(the_real_day):
    back = [reading for reading in the_real_day if reading.returned]
    assert len(back) == 1
    assert minute_of(23, 10) <= back[0].minute + 1 <= minute_of(23, 16)


def test_nothing_rings_on_the_day_before_nor_on_the_morning_after(the_real_day):
    falling = {reading.minute for reading in the_real_day if reading.fall is not None}
    assert min(falling) > minute_of(21, 30)
    assert max(falling) < minute_of(23, 16)


def test_a_month_of_history_flags_that_evening_in_the_minute_of_the_collapse():
    rng, watch = random.Random(3), watching_for_falls()
    for minute in range(minute_of(0) - 28 * 1_440, minute_of(0)):
        watch, reading = fall_observed(watch, minute, rng.gauss(3_400, 60))
        assert reading.fall is None
    readings = replayed(watch, ((minute, count) for minute, count in the_real_counts() if minute >= minute_of(0)))
    noticed = next(reading for reading in readings if reading.fall is not None)
    assert noticed.minute + 1 <= minute_of(21, 35)


def test_hours_that_were_not_measured_are_no_fall():
    watch = watching_for_falls()
    start = minute_of(0)
    counts = [(start + at, 500.0) for at in range(5 * 1_440) if not 4_000 < at < 5_000]
    assert all(reading.fall is None for reading in replayed(watch, counts))


def test_a_rate_that_is_often_zero_cannot_fall():
    rng, start = random.Random(5), minute_of(0)
    counts = [(start + at, float(rng.random() < 0.02)) for at in range(10 * 1_440)]
    assert all(reading.fall is None for reading in replayed(watching_for_falls(), counts))


def test_a_fall_counts_what_is_missing_and_how_low_it_went():
    start = minute_of(0)
    counts = [(start + at, 1_000.0) for at in range(5 * 1_440)]
    counts += [(start + 5 * 1_440 + at, 10.0) for at in range(30)]
    fall = replayed(watching_for_falls(), counts)[-1].fall
    assert fall is not None
    assert fall.since == start + 5 * 1_440
    assert fall.lowest == 10.0
    assert fall.missing == pytest.approx(30 * 990, rel=0.02)


def test_a_little_less_than_usual_is_no_fall_however_certain():
    start = minute_of(0)
    less = 1_000.0 * (FALL_RATIO + 0.05)
    counts = [(start + at, 1_000.0) for at in range(5 * 1_440)] + [(start + 5 * 1_440 + at, less) for at in range(60)]
    assert all(reading.fall is None for reading in replayed(watching_for_falls(), counts))
