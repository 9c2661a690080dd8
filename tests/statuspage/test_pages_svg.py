"""Drawings: whole as XML, with a title and a description, and heights that say what was."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from whimbrel.statuspage.board.uptime import DAY_MS, Parts
from whimbrel.statuspage.pages import svg
from whimbrel.statuspage.pages.charts import Figures, charts
from whimbrel.statuspage.pages.language import words_of

HOUR = 3_600_000
SPACE = "{http://www.w3.org/2000/svg}"


def drawn(days):
    text = svg.bars(days, id_="bars-home", title="Home <&>", description="All well.")
    return ElementTree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def heights(days):
    """Height by kind, of the first bar."""
    found = {}
    for path in drawn(days).iter(f"{SPACE}path"):
        found[path.get("class")] = int(re.search(r"v(\d+)h", path.get("d"))[1])
    return found


def test_a_drawing_has_a_title_and_a_description_that_it_points_to():
    root = drawn([Parts(DAY_MS, {"operational": DAY_MS})])
    assert root.get("role") == "img"
    texts = {one.get("id"): one.text for one in root if one.get("id")}
    assert [texts[id_] for id_ in root.get("aria-labelledby").split()] == ["Home <&>", "All well."]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ({"operational": DAY_MS}, {"up": 36}),
        ({}, {"unmeasured": 36}),
        ({"unknown": DAY_MS}, {"unmeasured": 36}),
        ({"operational": DAY_MS - 60_000, "major_outage": 60_000}, {"down": 9, "up": 27}),
        ({"operational": DAY_MS - 2_000}, {"up": 36}),
        ({"operational": 6 * HOUR}, {"up": 9, "unmeasured": 27}),
        ({"partial_outage": 9 * HOUR, "major_outage": 3 * HOUR, "operational": 12 * HOUR}, {"down": 18, "up": 18}),
        (
            {"major_outage": 1, "degraded_performance": 1, "under_maintenance": 1, "operational": DAY_MS - 3},
            {"down": 9, "degraded": 9, "maintenance": 9, "up": 9},
        ),
    ],
)
def test_a_bar_is_filled_by_what_the_day_was(states, shown):
    assert heights([Parts(DAY_MS, states)]) == shown


def test_ninety_bars_stand_beside_each_other():
    root = drawn([Parts(DAY_MS, {"operational": DAY_MS})] * 90)
    assert root.get("viewBox") == "0 0 897 36"
    assert len(re.findall("M", root.find(f"{SPACE}path").get("d"))) == 90


def test_a_line_has_a_gap_where_nothing_was_measured():
    line = svg.Line("latency", [(0, 1.0), (1, 2.0), (2, None), (3, 4.0)])
    text = svg.chart([line], id_="c", title="t", description="d", labels=("5", "0", "a", "b"))
    path = re.search(r'class="line latency" d="([^"]+)"', text)[1]
    assert path.count("M") == 2
    assert path.count("L") == 1


@pytest.mark.parametrize(
    ("greatest", "top"), [(0, 1.0), (0.03, 0.03), (1, 1.0), (9.99, 10.0), (45, 50.0), (101, 150.0), (99.5, 100.0)]
)
def test_the_top_of_a_chart_is_a_round_number_above_every_value(greatest, top):
    assert svg.ceiling([svg.Line("latency", [(0, greatest)])]) == pytest.approx(top)


def test_a_chart_says_the_same_in_a_table():
    points = [(minute * 60_000, None if minute == 3 else float(minute)) for minute in range(100)]
    usual = [(minute * 60_000, 1.0) for minute in range(100)]
    (chart,) = charts(words_of("en"), [Figures("reports", points, usual)])
    assert list(chart.columns) == ["Value", "Usual"]
    assert len(chart.rows) <= 48
    assert chart.rows[0] == (99 * 60_000, ["99", "1"])
    assert "0 to 99, newest 99" in chart.drawing


def test_figures_without_a_value_make_no_chart():
    assert charts(words_of("en"), [Figures("latency", [(0, None)]), Figures("errors", [])]) == []
