"""What was measured in bins: percentiles from the nodes' own histograms, the worst lag, three lengths, gaps."""

import asyncio
from math import inf

import pytest

from tests.statuspage.test_watching_metrics import metrics
from whimbrel.kernel.limits import LATENCY_BOUNDS_MAX
from whimbrel.kernel.sql import schema
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.pages.charts import charts
from whimbrel.statuspage.pages.language import words_of
from whimbrel.statuspage.pages.sources import Counted
from whimbrel.statuspage.watching import measured
from whimbrel.statuspage.watching.front import Plan, Watch
from whimbrel.statuspage.watching.measured import DAY, MONTH, WEEK, Bin, Measured, bins, percentile
from whimbrel.statuspage.watching.observed import Observed

NOW = 1_602_794_000_000
MINUTE = NOW // 60_000


@pytest.fixture
def book(tmp_path):
    book = Book(tmp_path / "status.sqlite", [schema("whimbrel.statuspage.watching")])
    yield book
    book.close()


@pytest.mark.parametrize(
    ("within", "share", "seconds"),
    [
        ({}, 0.5, None),
        ({0.5: 0, inf: 0}, 0.5, None),
        ({0.1: 50, 0.5: 100, inf: 100}, 0.5, 0.1),
        ({0.1: 50, 0.5: 100, inf: 100}, 0.25, 0.05),
        ({0.1: 50, 0.5: 100, inf: 100}, 0.75, 0.3),
        ({0.1: 50, 0.5: 90, inf: 100}, 0.99, 0.5),
        ({0.1: 50, 0.2: 20, 0.5: 100, inf: 100}, 0.75, 0.35),
    ],
)
def test_a_percentile_is_read_from_a_histogram(within, share, seconds):
    assert percentile(within, share) == (None if seconds is None else pytest.approx(seconds))


def test_bins_add_up_over_scrapes_writes_and_restarts(book):
    first, again = Measured(), Measured()
    first.note(MINUTE, {"home": Bin(bad=1, total=10, within={0.5: 8, inf: 9}, lag_seconds=2.0)})
    first.note(MINUTE, {"home": Bin(total=5, within={0.5: 5, inf: 5})})
    again.note(MINUTE, {"home": Bin(total=1, within={1.0: 1, inf: 1}, lag_seconds=7.0)})

    async def write():
        for one in (first, again):
            taken = one.take()
            await book.write(lambda pen, taken=taken: measured.write(pen, taken, MINUTE))
        return await book.read(lambda look: [bins(look, "home", width, MINUTE)[-1][1] for width in measured.WIDTHS])

    wanted = Bin(bad=1, total=16, within={0.5: 13, 1.0: 1, inf: 15}, lag_seconds=7.0)
    assert asyncio.run(write()) == [wanted] * 3
    assert first.take() == {}


def test_what_was_not_measured_is_a_gap_and_what_is_old_is_dropped(book):
    def noted(minute):
        found = Measured()
        found.note(minute, {"home": Bin(total=1)})
        return found.take()

    async def write():
        hour = MINUTE - MINUTE % 60
        for minute in (hour - 60 * 24 * 29, hour - 60 * 26, hour - 15):
            await book.write(lambda pen, minute=minute: measured.write(pen, noted(minute), hour))
        return await book.read(
            lambda look: [[one for _, one in bins(look, "home", width, hour) if one] for width in (DAY, WEEK, MONTH)]
        )

    day, week, month = asyncio.run(write())
    assert [len(day), len(week), len(month)] == [1, 2, 2]
    with book.look() as look:
        rows = look.all("SELECT width, count(*) FROM measured_bins GROUP BY width ORDER BY width")
        assert rows == [(5, 1), (30, 2), (120, 2)]
        assert len(bins(look, "home", DAY, MINUTE)) == 288


def test_bounds_that_somebody_makes_up_are_bounded(book):
    made_up = {float(number): number for number in range(1, 10 * LATENCY_BOUNDS_MAX)}

    async def write():
        await book.write(lambda pen: measured.write(pen, {("home", MINUTE): Bin(within=made_up)}, MINUTE))
        return await book.read(lambda look: bins(look, "home", DAY, MINUTE)[-1][1])

    assert len(asyncio.run(write()).within) == LATENCY_BOUNDS_MAX


def scraped(book, *texts):
    """A watch that has scraped these texts of one node, five seconds apart."""
    now = [NOW]
    watch = Watch(Plan(), book=book, observed=Observed(), clock=lambda: now[0])
    for text in texts:
        watch.scraper.take("http://node", text)
        now[0] += 5_000
    return watch


def test_a_part_s_charts_say_how_long_answers_took_and_how_far_views_were_behind(book):
    text = metrics(("/api/v2/search", 200, 90, 100), ("/api/v2/search", 500, 900, 900), lag=2.5, method="GET")
    watch = scraped(book, metrics(("/api/v2/search", 200, 0, 0), method="GET"), text)

    async def read():
        await watch._write(NOW // 60_000 + 1)
        return await Counted(book).figures("search", NOW + 60_000)

    found = {one.kind: one for one in asyncio.run(read())}
    assert set(found) == {"latency", "slow", "errors", "lag", "stale"}
    assert [value for _, value in found["lag"].points if value is not None] == [2.5]
    drawn = {one.kind: one for one in charts(words_of("en"), list(found.values()))}
    latency = drawn["latency"]
    assert list(latency.columns) == ["95% within", "Half of all within", "99% within"]
    assert [text for _, text in latency.keys] == list(latency.columns)
    assert next(values for _, values in latency.rows if values[0] != "–") == ["1.75 s", "278 ms", "2.35 s"]
    assert drawn["lag"].rows[0][1] == ["2.5 s"]


def test_what_could_not_be_written_is_written_the_next_time():
    found = Measured()
    found.note(MINUTE, {"home": Bin(bad=1, total=7)})
    taken = found.take()
    found.note(MINUTE, {"home": Bin(total=3)})
    found.give_back(taken)
    assert list(found.take().values()) == [Bin(bad=1, total=10)]


def test_home_that_lags_delays_the_posts_of_that_time_and_a_restart_is_noted(book):
    lag = 'whimbrel_view_lag_seconds{{process="api-1",view="RecentsInMemory"}} {}\n'
    post = 'whimbrel_request_seconds_count{{method="POST",route="/api/v1/statuses",code="200"}} {}\n'
    restart = "whimbrel_restarting {}\nwhimbrel_restarts_total {}\n"
    watch = scraped(
        book,
        lag.format(0) + post.format(0) + restart.format(0, 1),
        lag.format(0) + post.format(4) + restart.format(0, 1),
        lag.format(60) + post.format(9) + restart.format(1, 2),
        lag.format(60) + post.format(9) + restart.format(0, 2),
    )
    asyncio.run(watch._write(NOW // 60_000 + 1))
    with book.look() as look:
        rows = look.all("SELECT component, sli, sum(bad), sum(total) FROM sli_minutes GROUP BY 1, 2")
    found = {(component, sli): (bad, total) for component, sli, bad, total in rows}
    assert found["posting", "delayed"] == (5, 9)
    assert found["home", "looked"] == (2, 3)
    assert found["web", "changing"] == (1, 3)
