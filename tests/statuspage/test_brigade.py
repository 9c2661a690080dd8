"""Brigades: what a campaign shows counts for less, is said, and is never silently dropped; a crowd counts in full."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.statuspage.detection.brigade import EXCESS_WEIGHT, Composition, Usual, weighed


def crowd(**changed):
    """Four hundred reports from many networks, in their own words, by old and new, of several kinds."""
    usual = {
        "total": 400,
        "networks": {f"n{at}": 10 for at in range(40)},
        "wordings": {f"w{at}": 1 for at in range(150)},
        "ages": {"new": 80, "days": 60, "months": 260},
        "kinds": {"timeline": 220, "posting": 120, "other": 60},
    }
    return Composition(**usual | changed)


def test_a_crowd_counts_in_full_and_needs_no_reasons():
    said = weighed(crowd())
    assert (said.counted, said.weight, said.reasons) == (400, 1.0, ())


@pytest.mark.parametrize(
    ("changed", "sign", "words"),
    [
        ({"networks": {"hosting": 360, "n1": 40}}, "network", "360 of 400 reports (90 %) come from one network"),
        ({"wordings": {"same": 180, "w1": 20}}, "wording", "180 of 200 reports with words (90 %) say the same"),
        ({"ages": {"new": 390, "months": 10}}, "new identities", "390 of 400 reports (98 %) come from identities seen"),
        ({"kinds": {"sign-in": 400}}, "kind", "400 of 400 reports (100 %) are of one kind"),
    ],
)
def test_each_sign_is_recognised_and_said_in_words_and_figures(changed, sign, words):
    said = weighed(crowd(**changed))
    assert [reason.sign for reason in said.reasons] == [sign]
    assert words in said.reasons[0].words
    assert "is usual" in said.reasons[0].words
    assert said.counted < 400


def test_a_campaign_from_one_network_counts_a_fifth_and_is_still_there():
    said = weighed(crowd(networks={"hosting": 380, "n1": 10, "n2": 10}))
    assert 0.1 < said.weight < 0.2
    assert said.total == 400


def test_one_kind_only_takes_at_most_half_because_real_outages_do_that():
    assert weighed(crowd(kinds={"sign-in": 400})).weight >= 0.5


def test_the_same_reports_are_not_punished_once_for_each_sign():
    one = weighed(crowd(networks={"hosting": 380, "n1": 20}))
    all_signs = weighed(crowd(networks={"hosting": 380, "n1": 20}, ages={"new": 380, "months": 20}))
    assert len(all_signs.reasons) == 2
    assert all_signs.weight == pytest.approx(one.weight)


def test_the_outage_of_a_service_with_one_network_is_no_campaign():
    composition = crowd(networks={"home": 380, "n1": 20})
    assert weighed(composition, Usual(network=0.95)).weight == 1.0


def test_a_household_is_no_campaign():
    few = Composition(5, {"n1": 5}, {"same": 5}, {"new": 5}, {"app": 5})
    assert weighed(few).weight == 1.0


def test_nobody_reporting_is_no_campaign_either():
    assert weighed(Composition(0, {}, {}, {}, {})).weight == 1.0


COUNTS = st.dictionaries(st.text(max_size=3), st.integers(0, 10_000), max_size=6)


@given(COUNTS, COUNTS, st.dictionaries(st.sampled_from(["new", "days", "months"]), st.integers(0, 10_000)), COUNTS)
def test_whatever_is_reported_something_of_it_counts_and_each_loss_has_a_reason(networks, wordings, ages, kinds):
    total = max(sum(counts.values()) for counts in (networks, wordings, ages, kinds))
    said = weighed(Composition(total, networks, wordings, ages, kinds))
    assert EXCESS_WEIGHT - 1e-9 <= said.weight <= 1.0
    assert (said.weight < 1.0) == bool(said.reasons)
    assert [reason.weight for reason in said.reasons] == sorted(reason.weight for reason in said.reasons)
