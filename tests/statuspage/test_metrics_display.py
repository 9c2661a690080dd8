"""System metrics in the shape that Statuspage's pages have them: three periods, gaps left out, sums and means."""

import pytest

from tests.statuspage.page_in_test import MINUTE, opened_page
from tests.statuspage.test_watching_metrics import metrics
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.rows import add_slugs


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path) as page:
        watch = page.program.rooms.watch
        for quick, total, failed in ((0, 0, 0), (90, 100, 0), (180, 200, 10)):
            text = metrics(("/api/v2/search", 200, quick, total), ("/api/v2/search", 500, failed, failed), lag=2.5)
            watch.scraper.take("http://node", text)
            page.later(5_000)
        page.run(watch._write(page.now_ms // MINUTE + 1))
        yield page


def read(page, path):
    reply = page.browser().get(path)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    return reply.json


def test_every_metric_is_listed_with_its_documents(page):
    displays = {one["id"]: one for one in read(page, "/metrics-display.json")["metrics_displays"]}
    assert {"search-latency", "search-errors", "search-lag", "reports"} <= set(displays)
    assert displays["search-latency"]["day"] == "http://status.example.org/metrics-display/search-latency/day.json"
    assert "/metrics-display.json" in page.browser().get("/api").body.decode()
    for one in displays.values():
        read(page, one["month"].removeprefix("http://status.example.org"))


@pytest.mark.parametrize(
    ("period", "count", "interval"), [("day", 288, 300), ("week", 336, 1_800), ("month", 336, 7_200)]
)
def test_a_document_has_the_shape_that_clients_read(page, period, count, interval):
    found = read(page, f"/metrics-display/search-latency/{period}.json")
    assert found["period"] == {"count": count, "interval": interval, "identifier": period}
    median, slow, slowest = found["metrics"]
    start = page.now_ms // 1_000 - page.now_ms // 1_000 % interval
    assert median["data"] == [{"timestamp": start, "value": 277.778}]
    assert median["summary"] == {"sum": 277.778, "mean": 277.778}
    assert found["summary"] == {"sum": 277.778, "mean": 277.778, "last": 277.778}
    assert (slow["data"][0]["value"], slowest["data"][0]["value"]) == (1_750, 2_350)
    assert set(median["metric"]) == {
        "name", "metric_identifier", "created_at", "updated_at", "id", "metrics_provider_id", "metrics_display_id",
        "most_recent_data_at", "backfilled", "last_fetched_at", "backfill_percentage",
    }  # fmt: skip
    assert median["metric"]["metrics_display_id"] == "search-latency"


def test_shares_are_percent_and_lags_are_seconds(page):
    assert read(page, "/metrics-display/search-errors/day.json")["summary"]["last"] == pytest.approx(4.762)
    assert read(page, "/metrics-display/search-lag/day.json")["summary"]["last"] == 2.5


def test_what_was_not_measured_is_no_point_and_no_nought(page):
    found = read(page, "/metrics-display/media-latency/day.json")
    assert [one["data"] for one in found["metrics"]] == [[], [], []]
    assert found["summary"] == {"sum": 0, "mean": None, "last": None}


def test_reports_are_counted_in_the_minutes_that_were_measured(page):
    now = page.now_ms // MINUTE
    start = now - now % 5

    def work(pen):
        number = add_slugs(pen, ["own"])["own"]
        rows = {start: 7, start + 1: 3}
        judged = [
            judged_rows.Judged(
                minute, start, (judged_rows.Written(number, rows[minute], 0, 7.0, 1.5, 9.0, None),), {}, {}
            )
            for minute in rows
        ]
        judged_rows.add(pen, judged)

    page.book.submit(work).result()
    page.later(MINUTE)
    found = read(page, "/metrics-display/reports/day.json")
    assert found["metrics"][0]["data"] == [{"timestamp": 60 * start, "value": 10}]


@pytest.mark.parametrize("path", ["search-latency/year", "attic-latency/day", "search-speed/day", "search/day"])
def test_what_is_not_there_is_said(page, path):
    assert page.browser().get(f"/metrics-display/{path}.json").status == 404


def test_a_document_is_made_once_a_minute(page):
    before = read(page, "/metrics-display/search-lag/day.json")
    watch = page.program.rooms.watch
    watch.scraper.take("http://node", metrics(lag=9.0))
    page.run(watch._write(page.now_ms // MINUTE + 1))
    assert read(page, "/metrics-display/search-lag/day.json") == before
    page.later(MINUTE)
    assert read(page, "/metrics-display/search-lag/day.json")["summary"]["last"] == 9
