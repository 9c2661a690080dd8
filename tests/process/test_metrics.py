"""Metrics: our text is what Prometheus' own parser reads, of one process and of all merged."""

from prometheus_client.parser import text_string_to_metric_families

from whimbrel.reliability.metrics import (
    Family,
    Histogram,
    HomeAnswers,
    RequestMetrics,
    Sample,
    counter,
    exposition,
    gauge,
    merge,
)


def values(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_and_gauges_are_read_back():
    text = exposition([counter("things_total", "Things.", 3), gauge("level", "Level.", 0.25, {"of": "it"})])
    assert values(text) == {("things_total", ()): 3, ("level", (("of", "it"),)): 0.25}


def test_an_observation_counts_in_its_bucket_and_in_all_above():
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(value)
    found = values(exposition([Family("size", "histogram", "Size.", histogram.samples({"of": "a"}))]))
    buckets = [found["size_bucket", (("le", bound), ("of", "a"))] for bound in ("1.0", "2.0", "+Inf")]
    assert buckets == [2, 3, 4]
    assert found["size_sum", (("of", "a"),)] == 12.0
    assert found["size_count", (("of", "a"),)] == 4


def test_labels_may_hold_anything():
    text = exposition([Family("odd", "gauge", "Odd.", [Sample(1, {"name": 'a "quoted" \\ line\nbreak {x}'})])])
    assert values(text) == {("odd", (("name", 'a "quoted" \\ line\nbreak {x}'),)): 1}


def test_requests_are_counted_by_method_route_and_code():
    requests = RequestMetrics()
    for code in (200, 200, 404):
        requests.observe("GET", "/api/v1/statuses/{id}", code, 0.001)
    found = values(exposition(requests.families()))
    method, route = ("method", "GET"), ("route", "/api/v1/statuses/{id}")
    assert found["whimbrel_request_seconds_count", (("code", "200"), method, route)] == 2
    assert found["whimbrel_request_seconds_count", (("code", "404"), method, route)] == 1


def test_methods_that_are_made_up_are_one_series():
    requests = RequestMetrics()
    for number in range(100):
        requests.observe(f"MADE{number}", "page", 405, 0.001)
    found = values(exposition(requests.families()))
    made_up = (("code", "405"), ("method", "other"), ("route", "page"))
    assert found["whimbrel_request_seconds_count", made_up] == 100


def test_home_answers_are_counted_as_old_whatever_they_hold_when_the_views_are():
    homes = HomeAnswers()
    for kind, age_seconds in (("fresh", 0.0), ("fresh", 59.0), ("empty", 0.0), ("fresh", 60.0), ("empty", 900.0)):
        homes.observe(kind, age_seconds)
    found = values(exposition(homes.families()))
    assert {dict(labels)["kind"]: value for (_, labels), value in found.items()} == {"fresh": 2, "empty": 1, "old": 2}


def test_the_texts_of_several_processes_become_one_with_each_family_once():
    one = exposition([counter("a_total", "A.", 1), gauge("b", "B.", 2, {"x": "y"})])
    two = exposition([gauge("b", "B.", 3, {"x": "y"}), counter("a_total", "A.", 4)])
    text = merge({"one": one, "two": two})
    assert text.count("# TYPE a_total") == text.count("# TYPE b ") == 1
    assert values(text) == {
        ("a_total", (("process", "one"),)): 1,
        ("a_total", (("process", "two"),)): 4,
        ("b", (("process", "one"), ("x", "y"))): 2,
        ("b", (("process", "two"), ("x", "y"))): 3,
    }
