"""What was observed becomes evidence: failures in a row, shares over windows, and nothing that is too old."""

from hypothesis import given
from hypothesis import strategies as st

from whimbrel.kernel.limits import PROBE_FRESH_SECONDS, PROBES_MAX
from whimbrel.statuspage.values import ProbeResult
from whimbrel.statuspage.watching.observed import WINDOWS_SECONDS, Observed

NOW = 1_602_794_000_000


def result(at_ms, *, ok, probe="read", vantage="here"):
    return ProbeResult(component="home", probe=probe, vantage=vantage, at_ms=at_ms, ok=ok, error="" if ok else "503")


def observed(*results):
    seen = Observed()
    for one in results:
        seen.note_probe(one)
    return seen


def test_failures_in_a_row_are_counted_since_the_first_of_them():
    story = [(0, True), (10, False), (20, False), (30, False)]
    (probe,) = observed(*[result(NOW + 1_000 * at, ok=ok) for at, ok in story]).evidence("home", NOW + 31_000).probes
    assert (probe.failures, probe.failing_since_ms, probe.error) == (3, NOW + 10_000, "503")


def test_one_good_result_ends_the_row():
    seen = observed(result(NOW, ok=False), result(NOW + 10_000, ok=False), result(NOW + 20_000, ok=True))
    assert seen.evidence("home", NOW + 20_000).probes[0].failures == 0


def test_a_result_that_comes_late_changes_nothing():
    seen = observed(result(NOW + 10_000, ok=True), result(NOW, ok=False))
    assert seen.evidence("home", NOW + 10_000).probes[0].failures == 0


def test_a_watcher_who_has_died_says_nothing_any_more():
    seen = observed(result(NOW, ok=True))
    seen.note_requests("home", NOW, bad=0, total=10)
    fresh = seen.evidence("home", NOW + 1_000 * PROBE_FRESH_SECONDS)
    assert (len(fresh.probes), fresh.seen_ms) == (1, NOW)
    seen.note_requests("home", NOW + 200_000, bad=0, total=0)
    gone = seen.evidence("home", NOW + 200_000)
    assert (gone.probes, gone.shares, gone.seen_ms) == ((), (), None)


def test_each_component_has_its_own_evidence():
    seen = observed(result(NOW, ok=False))
    seen.note_requests("posting", NOW, bad=1, total=2)
    assert seen.evidence("posting", NOW).probes == ()
    assert seen.evidence("home", NOW).shares == ()


def test_a_vantage_point_too_many_does_not_grow_without_end_and_makes_room_for_the_living():
    seen = Observed()
    for number in range(PROBES_MAX + 10):
        seen.note_probe(result(NOW, ok=True, vantage=str(number)))
    assert len(seen.evidence("home", NOW).probes) == PROBES_MAX
    later = NOW + 1_000 * PROBE_FRESH_SECONDS + 1
    seen.note_probe(result(later, ok=True, vantage="new"))
    assert [probe.vantage for probe in seen.evidence("home", later).probes] == ["new"]


counts = st.lists(st.tuples(st.integers(0, 240), st.integers(0, 50), st.integers(0, 50)), max_size=60)


@given(counts)
def test_a_share_is_what_was_counted_within_its_window(story):
    seen, end = Observed(), NOW + 240_000
    story = sorted(story)
    for second, bad, good in story:
        seen.note_requests("home", NOW + 1_000 * second, bad=bad, total=bad + good)
    shares = {share.window_seconds: (share.bad, share.total) for share in seen.evidence("home", end).shares}
    for window in WINDOWS_SECONDS:
        inside = [(bad, bad + good) for second, bad, good in story if 240 - second < window]
        total = sum(all_ for _, all_ in inside)
        assert shares.get(window) == ((sum(bad for bad, _ in inside), total) if total else None)
