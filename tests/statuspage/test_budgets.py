"""Error budgets: what is promised, what went badly, what is left, how fast it goes; on pages, as JSON, in the copy."""

import json

import pytest

from tests.statuspage.page_in_test import HOUR, opened_page, words_of
from whimbrel.statuspage.detection.burn import Requests
from whimbrel.statuspage.pages.language import LANGUAGES
from whimbrel.statuspage.pages.language import words_of as texts_of
from whimbrel.statuspage.watching.metrics import Count
from whimbrel.statuspage.watching.slo import Slo, budget

HALF = Slo(availability=0.99, latency=0.9, latency_seconds=0.25)


@pytest.fixture
def page(tmp_path):
    with opened_page(tmp_path, slos={"home": HALF}, export=tmp_path / "copy") as page:
        count(page, "home", "availability", bad=50, total=10_000)
        count(page, "home", "latency", bad=2_000, total=9_950)
        count(page, "search", "freshness", bad=0, total=700)
        yield page


def count(page, component, sli, *, bad, total):
    watch, minute = page.program.rooms.watch, page.now_ms // 60_000
    for ago in range(60):  # an hour, so that a whole one was measured
        part = Count(bad // 60 + (bad % 60 > ago), total // 60 + (total % 60 > ago))
        watch.scraper.indicators.count(component, sli, minute - 59 + ago, part)
    page.run(watch._write(minute + 1))


def test_a_budget_says_what_is_allowed_spent_and_left():
    found = budget("home", "latency", HALF, Requests(1_000, 150), since_ms=HOUR, hour=Requests(10, 2))
    assert (found.objective, found.limit_seconds, found.since_ms) == (0.9, 0.25, HOUR)
    assert (found.allowed, found.spent, found.left) == pytest.approx((100.0, 1.5, -0.5))
    assert found.burn == pytest.approx(2.0)


def test_before_a_whole_hour_was_measured_nobody_knows_how_fast_it_burns():
    assert budget("home", "availability", HALF, Requests(1_000, 5)).burn is None


def test_every_part_s_budgets_are_on_a_page_of_their_own_and_on_its_own(page):
    text = words_of(page.browser().get("/budgets"))
    assert "Answered without a fault of ours: 99% 50 of 10,000, counted since 15 Oct 2020" in text
    assert "50% 50% 0.5 × what is allowed" in text
    assert "Answered within 250 ms: 90% 2,000 of 9,950" in text
    assert "201% -101% 2 × what is allowed" in text
    assert "At most 10 s behind: 99.9% 0 of 700" in text
    part = words_of(page.browser().get("/components/home"))
    assert "Error budgets" in part
    assert "50 of 10,000" in part
    assert "Error budgets" not in words_of(page.browser().get("/components/media"))
    assert 'href="/budgets"' in page.browser().get("/rule").body.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_budgets_speaks_every_language(page, language):
    text = words_of(page.browser().get(f"/budgets?lang={language}"))
    assert texts_of(language)("budgets") in text
    assert texts_of(language)("column.left") in text


def test_programs_read_the_same_as_json(page):
    reply = page.browser().get("/api/budgets.json")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.json["window_seconds"] == 30 * 86_400
    (one, slow, fresh) = reply.json["budgets"]
    assert one == {
        "component": "home",
        "indicator": "availability",
        "objective": 0.99,
        "limit_seconds": None,
        "counted_since": "2020-10-15T19:00:00.000Z",
        "bad": 50,
        "total": 10_000,
        "allowed": 100.0,
        "spent": 0.5,
        "remaining": 0.5,
        "burn": 0.5,
        "burn_window_seconds": 3_600,
    }
    assert (slow["indicator"], slow["limit_seconds"]) == ("latency", 0.25)
    assert (fresh["component"], fresh["indicator"], fresh["spent"]) == ("search", "freshness", 0.0)


def test_the_copy_has_the_budgets_too(page, tmp_path):
    page.run(page.program._export.copy(whole=True))
    assert json.loads((tmp_path / "copy" / "api" / "budgets.json").read_bytes())["budgets"][0]["bad"] == 50
    assert "Fehlerbudgets" in (tmp_path / "copy" / "de" / "budgets" / "index.html").read_text("utf-8")


def test_a_page_that_has_counted_nothing_says_so(tmp_path):
    with opened_page(tmp_path) as page:
        assert "Nothing has been counted yet." in words_of(page.browser().get("/budgets"))
        assert page.browser().get("/api/budgets.json").json["budgets"] == []
