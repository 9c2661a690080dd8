"""Tails: how unlikely a count is, against exact sums with as many digits as it takes."""

from decimal import Decimal, localcontext
from math import comb, inf, log10

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whimbrel.statuspage.detection.tail import binomial_log10, lower_log10, upper_log10


def exact_upper(count, mean, spread):
    """P(X >= count), term by term."""
    with localcontext() as context:
        context.prec = 120
        mean = Decimal(mean)
        if spread == 0:
            term, ratio = (-mean).exp(), lambda at: mean / at
        else:
            shape = 1 / Decimal(spread)
            odds = mean / (mean + shape)
            term, ratio = (1 - odds) ** shape, lambda at: odds * (at - 1 + shape) / at
        total = Decimal(0)
        for at in range(1, count + 1):
            total += term
            term *= ratio(at)
        return 1 - total


@pytest.mark.parametrize("mean", [0.02, 0.3, 1.0, 5.5, 40.0, 150.0])
@pytest.mark.parametrize("spread", [0, 1e-6, 0.01, 0.1, 0.5, 2.0])
def test_both_tails_are_the_exact_sums_to_nine_digits(mean, spread):
    for count in (1, 2, 3, 10, 30, 100, 300):
        upper = exact_upper(count, mean, spread)
        if upper > Decimal(10) ** -60:
            assert upper_log10(count, mean, spread) == pytest.approx(float(upper.log10()), abs=1e-9)
        if 1 - upper > Decimal(10) ** -60:
            assert lower_log10(count - 1, mean, spread) == pytest.approx(float((1 - upper).log10()), abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "spread", "decades", "least"),
    [
        (0.05, 0, 4, 3), (0.2, 0, 4, 4), (1, 0, 4, 7), (5, 0, 4, 16), (20, 0, 4, 40), (100, 0, 4, 140),
        (0.05, 1 / 3, 4, 3), (0.2, 1 / 3, 4, 5), (1, 1 / 3, 4, 10), (5, 1 / 3, 4, 29), (20, 1 / 3, 4, 99),
        (100, 1 / 3, 4, 471),
        (1, 0, 6, 10), (5, 0, 6, 20), (100, 0, 6, 152), (1, 1 / 3, 6, 13), (5, 1 / 3, 6, 40), (100, 1 / 3, 6, 647),
    ],
)  # fmt: skip
def test_the_smallest_unlikely_counts_are_those_of_the_published_table(mean, spread, decades, least):
    assert upper_log10(least, mean, spread) < -decades <= upper_log10(least - 1, mean, spread)


@settings(max_examples=200)
@given(st.floats(0.001, 1e5), st.floats(1e-4, 4.0), st.integers(0, 200_000))
def test_a_larger_count_is_never_more_likely_and_the_two_tails_fill_everything(mean, spread, count):
    upper, above = upper_log10(count, mean, spread), upper_log10(count + 1, mean, spread)
    lower = lower_log10(count, mean, spread)
    assert above <= upper + 1e-9
    assert upper <= 1e-9
    assert 10**above + 10**lower == pytest.approx(1.0, abs=1e-7)


def test_what_is_all_but_impossible_has_a_figure_too():
    assert upper_log10(100_000, 1.0, 0.0) < -400_000
    assert -5_300 < upper_log10(5_000, 1.0, 0.1) < -5_100


def test_with_less_and_less_spread_the_tail_becomes_poissons():
    assert upper_log10(30, 10.0, 2e-7) == pytest.approx(upper_log10(30, 10.0, 0.0), abs=1e-4)


def test_nothing_expected_makes_any_report_impossible_and_none_certain():
    assert upper_log10(0, 0.0, 0.1) == 0.0
    assert upper_log10(1, 0.0, 0.1) == -inf
    assert lower_log10(0, 0.0, 0.1) == 0.0
    assert lower_log10(-1, 5.0, 0.1) == -inf


def test_a_fraction_of_a_report_never_overstates():
    assert upper_log10(7.9, 2.0, 0.1) == upper_log10(7, 2.0, 0.1)
    assert lower_log10(2.1, 9.0, 0.1) == lower_log10(3, 9.0, 0.1)


def test_one_report_where_hardly_any_is_expected_is_as_unlikely_as_it_looks():
    assert upper_log10(1, 0.02, 0.0) == pytest.approx(log10(0.0198013266932447), abs=1e-12)


@pytest.mark.parametrize(("of", "share"), [(8, 0.25), (20, 0.75), (60, 0.1), (400, 0.375)])
def test_so_many_of_so_many_is_the_exact_binomial_sum(of, share):
    for count in range(1, of + 1):
        exact = sum(comb(of, at) * share**at * (1 - share) ** (of - at) for at in range(count, of + 1))
        assert binomial_log10(count, of, share) == pytest.approx(log10(exact), abs=1e-9)
    assert binomial_log10(0, of, share) == 0.0
    assert binomial_log10(of + 1, of, share) == -inf
