"""Metrics of the watched nodes: read strictly whatever they are, counted over restarts and gaps, by component."""

import pytest

from whimbrel.kernel.limits import SCRAPE_LINE_CHARACTERS_MAX, SCRAPE_SAMPLES_MAX, SCRAPE_STEP_MAX, SCRAPE_VALUE_MAX
from whimbrel.statuspage.detection.burn import Requests
from whimbrel.statuspage.watching.exposition import MalformedMetrics, parse
from whimbrel.statuspage.watching.metrics import WANTED, Count, Node, component_of
from whimbrel.statuspage.watching.series import LONGEST_MINUTES, Series
from whimbrel.statuspage.watching.slo import Slo
from whimbrel.statuspage.watching.staleness import ANSWERS_MIN, Staleness

NOW = 1_602_794_000_000
GAUGES = {"lag": "gauge", "seconds": "histogram"}


def read(text):
    """The samples of two families."""
    return [(one.name, dict(one.labels), one.value) for one in parse(text, GAUGES)]


def test_wanted_samples_are_read_with_their_labels_and_others_are_passed_over():
    text = (
        "# HELP lag How far.\n# TYPE lag gauge\n\n"
        'lag{view="a\\"b\\\\n\\n",process="core"} 2.5e1 1602794000000\n'
        "lag 3\n"
        'seconds_bucket{le="+Inf"} 7\nseconds_sum 1\nseconds_count 7\n'
        "seconds 9\nother{{{ not judged\nlaggard 4"
    )
    assert read(text) == [
        ("lag", {"process": "core", "view": 'a"b\\n\n'}, 25.0),
        ("lag", {}, 3.0),
        ("seconds_bucket", {"le": "+Inf"}, 7.0),
        ("seconds_sum", {}, 1.0),
        ("seconds_count", {}, 7.0),
    ]


def test_what_is_no_count_is_left_out():
    assert read("lag NaN\nseconds_count -4\nseconds_sum +Inf\n") == []
    assert read(f"lag 1e308\nseconds_count {SCRAPE_VALUE_MAX + 2}\nseconds_sum {SCRAPE_VALUE_MAX}\n") == [
        ("seconds_sum", {}, float(SCRAPE_VALUE_MAX))
    ]


@pytest.mark.parametrize("counters", [(5, SCRAPE_VALUE_MAX, 2, SCRAPE_VALUE_MAX), (SCRAPE_STEP_MAX + 1, 0) * 2])
def test_more_than_anybody_can_count_in_five_seconds_is_no_count(counters):
    """Accident: a node said 10**308, nothing could be worked out of that, and the page looked no more."""
    node, total = Node(), 0
    for at, value in enumerate(counters):
        told = f'whimbrel_request_seconds_count{{route="/api/v1/statuses",method="POST",code="500"}} {value}\n'
        growth = node.grown(parse(told, WANTED), NOW + 5_000 * at, {})
        count = growth.slis.get(("posting", "availability"), Count()) if growth is not None else Count()
        total += count.total
    assert total <= 2


@pytest.mark.parametrize(
    "text",
    [
        "lag\n",
        "lag one\n",
        "lag 0x10\n",
        "lag 1e9999\n",
        'lag{a="1" 2\n',
        'lag{a="1",a="2"} 2\n',
        "lag{a=1} 2\n",
        'lag{a="1"}} 2\n',
        "lag{" + ",".join(f'a{number}="1"' for number in range(40)) + "} 2\n",
        "lag 1\nlag 1\n",
        "=== \n",
        "<html>\n",
        "# TYPE lag histogram\nlag 1\n",
        "lag " + "1" * SCRAPE_LINE_CHARACTERS_MAX,
        "".join(f'lag{{a="{number}"}} 1\n' for number in range(SCRAPE_SAMPLES_MAX + 1)),
    ],
)
def test_a_text_that_is_not_the_format_or_too_large_is_refused(text):
    with pytest.raises(MalformedMetrics, match="metrics"):
        read(text)


@pytest.mark.parametrize(
    ("route", "component"),
    [
        ("/api/v1/statuses", "posting"),
        ("/api/v1/statuses/{id}/favourite", "posting"),
        ("/api/v1/timelines/home", "home"),
        ("/api/v1/notifications/unread_count", "notifications"),
        ("/api/v2/search", "search"),
        ("/api/v1/accounts/search", "search"),
        ("/api/v1/accounts/{id}", "api"),
        ("/api/v1/streaming", "streaming"),
        ("/oauth/token", "signin"),
        ("page", "web"),
        ("/pages", "api"),
        ("/metrics", None),
        ("", None),
    ],
)
def test_every_route_speaks_for_one_component_or_for_the_operator_alone(route, component):
    assert component_of(route, "POST") == component


def test_looking_at_posts_does_not_hide_that_nobody_can_write():
    assert component_of("/api/v1/statuses/{id}", "GET") == "api"
    scraped = Scraped()
    scraped.add(metrics())
    reading = metrics(("/api/v1/statuses/{id}", 200, 900, 900), method="GET")
    writing = metrics(("/api/v1/statuses", 503, 9, 10), method="POST")
    grown = scraped.add(f"{reading}\n{writing}".replace(LAG, "", 1))
    assert grown.slis["posting", "availability"] == Count(10, 10)
    assert grown.slis["api", "availability"] == Count(0, 900)
    assert grown.posts == 0


LAG = 'whimbrel_view_lag_seconds{process="core",view="store"} 0.0'


def metrics(*rows, lag=0.0, answers=(), method="POST"):
    """The text of one node: rows of (route, code, quick, all)."""
    lines = [f'whimbrel_view_lag_seconds{{process="core",view="store"}} {lag}']
    for route, code, quick, total in rows:
        labels = f'process="api-1",method="{method}",route="{route}",code="{code}"'
        for bound, value in (("0.5", quick), ("1.0", quick), ("2.5", total), ("+Inf", total)):
            lines.append(f'whimbrel_request_seconds_bucket{{{labels},le="{bound}"}} {value}')
        lines.append(f"whimbrel_request_seconds_count{{{labels}}} {total}")
    lines += [f'whimbrel_home_answers_total{{kind="{kind}"}} {value}' for kind, value in answers]
    return "\n".join(lines)


class Scraped:
    """A node that is scraped every five seconds."""

    def __init__(self):
        self.node, self.at_ms = Node(), NOW

    def add(self, text, seconds=5):
        self.at_ms += 1_000 * seconds
        return self.node.grown(parse(text, WANTED), self.at_ms, {"search": Slo(freshness_seconds=3.0)})


def test_the_first_scrape_only_says_where_counting_begins():
    scraped = Scraped()
    assert scraped.add(metrics(("/api/v1/statuses", 200, 100, 100))) is None
    grown = scraped.add(metrics(("/api/v1/statuses", 200, 104, 106), ("/api/v1/statuses", 503, 3, 3)))
    assert grown.slis["posting", "availability"] == Count(3, 9)
    assert grown.slis["posting", "latency"] == Count(2, 6)
    assert grown.posts == 6


def test_counters_that_went_back_were_restarted_and_count_from_zero():
    scraped = Scraped()
    scraped.add(metrics(("/api/v1/timelines/home", 200, 900, 900)))
    grown = scraped.add(metrics(("/api/v1/timelines/home", 200, 7, 7)))
    assert grown.slis["home", "availability"] == Count(0, 7)
    assert grown.reads == 7


def test_what_piled_up_during_a_long_silence_is_not_counted_as_now():
    scraped = Scraped()
    scraped.add(metrics(("page", 200, 1, 1)))
    assert scraped.add(metrics(("page", 500, 900, 900)), seconds=61) is None


def test_what_clients_do_wrong_is_not_the_services_fault():
    scraped = Scraped()
    scraped.add(metrics())
    grown = scraped.add(metrics(("/oauth/token", 400, 5, 5), ("/oauth/token", 429, 5, 5)))
    assert grown.slis["signin", "availability"] == Count(0, 10)


def test_a_view_that_is_older_than_its_objective_is_a_bad_sample_of_its_component():
    scraped = Scraped()
    scraped.add(metrics())
    assert scraped.add(metrics(lag=2.0)).slis["search", "freshness"] == Count(0, 1)
    late = scraped.add(metrics(lag=4.0))
    assert (late.slis["search", "freshness"], late.lag_seconds) == (Count(1, 1), 4.0)


def test_buckets_that_contradict_their_count_never_make_more_bad_than_all():
    scraped = Scraped()
    scraped.add(metrics(("page", 200, 0, 0)))
    grown = scraped.add(metrics(("page", 200, 50, 3)))
    assert grown.slis["web", "latency"] == Count(0, 3)


def test_home_answers_are_counted_by_kind_and_unknown_kinds_are_not():
    scraped = Scraped()
    scraped.add(metrics())
    grown = scraped.add(metrics(answers=(("fresh", 5), ("empty", 2), ("sponsored", 9))))
    assert grown.answers == {"fresh": 5, "empty": 2}


def test_windows_appear_when_they_have_been_measured_whole_and_slide():
    series = Series()
    for minute in range(1_000, 1_004):
        series.add(minute, 1, 10)
    assert series.windows(1_003) == {}
    series.add(1_004, 0, 10)
    assert series.windows(1_004) == {5: Requests(50, 4)}
    assert series.windows(1_007)[5] == Requests(20, 1)
    assert series.windows(1_033)[30] == Requests(10, 0)


def test_windows_agree_with_sums_made_by_hand_over_days_with_gaps():
    series, counted = Series(), {}
    for minute in range(500, 500 + 2 * LONGEST_MINUTES, 7):
        counted[minute] = (minute % 3, 10 + minute % 5)
        series.add(minute, *counted[minute])
    last = max(counted)
    for window, requests in series.windows(last).items():
        inside = [count for minute, count in counted.items() if last - window < minute <= last]
        assert requests == Requests(sum(total for _, total in inside), sum(bad for bad, _ in inside))
    series.add(last + 2 * LONGEST_MINUTES, 1, 2)
    assert set(series.windows(last + 2 * LONGEST_MINUTES).values()) == {Requests(2, 1)}


def test_a_counter_gone_mad_does_not_break_the_series():
    series = Series()
    for _ in range(3):
        series.add(1, 10**30, 10**30)
    assert series.windows(5)[5] == Requests(10**9, 10**9)


def noted(staleness, minutes, *, start_ms=NOW, **kinds):
    """So many minutes in which each of twelve scrapes adds the same; returns when the last one was."""
    at_ms = start_ms
    for _ in range(12 * minutes):
        at_ms += 5_000
        staleness.note(at_ms, kinds, 0.5)
    return at_ms


def test_empty_homes_count_beyond_the_usual_share_and_not_before_it_is_known():
    staleness = Staleness()
    at_ms = noted(staleness, 1, empty=9, fresh=1)
    assert staleness.seen(at_ms).share == 0.0
    at_ms = noted(staleness, 30, start_ms=at_ms, empty=5, fresh=5)
    assert staleness.seen(at_ms).share < 0.05
    at_ms = noted(staleness, 1, start_ms=at_ms, empty=10)
    seen = staleness.seen(at_ms)
    assert seen.share == pytest.approx(1.0)
    assert seen.since_ms <= at_ms
    later = staleness.seen(noted(staleness, 1, start_ms=at_ms, empty=10))
    assert later.since_ms == seen.since_ms


def test_old_answers_always_count_and_few_answers_never():
    staleness = Staleness()
    at_ms = noted(staleness, 1, old=2, fresh=8)
    assert staleness.seen(at_ms).share == pytest.approx(0.2)
    few = Staleness()
    few.note(NOW, {"old": ANSWERS_MIN - 1}, 90.0)
    assert few.seen(NOW) is None
