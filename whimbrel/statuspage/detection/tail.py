"""How unlikely a count is: tails of the negative-binomial distribution, with Poisson as its limit.

The surge and the fall both rest on one question: if nothing had changed, how often would a window hold this many
reports, or this few? Counts of reports vary more than Poisson allows, so the answer comes from the negative-binomial
distribution with mean `mean` and variance `mean + spread * mean**2`.

Promises: the base-10 logarithm of the probability, right to 1e-9 (relative to the probability) for means and counts up
to a million, held against exact sums by the tests, and it never underflows: one in 10**5000 is -5000. Cost: 2 to 10
microseconds, so that callers ask only about windows that stand out. Not here: estimating the mean or the spread.

Source of the formulas: P(X >= k) is the regularised incomplete beta function I_x(k, r) with r = 1 / spread and
x = mean / (mean + r), the Poisson tail the incomplete gamma function (NIST DLMF 8.17 and 8.11, 8.9).
"""

from math import exp, floor, inf, lgamma, log, log1p
from typing import Final

SPREAD_OF_POISSON: Final = 1e-7
"""Below this spread a count is Poisson: the difference is under 1e-7 times its mean."""

LN_10: Final = log(10.0)
TERMS_MAX: Final = 100_000
PRECISION: Final = 1e-15
TINY: Final = 1e-300


def upper_log10(count: float, mean: float, spread: float) -> float:
    """The base-10 logarithm of P(X >= count).

    A count of weighted reports may be fractional; it is rounded down, so that a surge is never overstated.
    """
    least = floor(count)
    if least <= 0:
        return 0.0
    if mean <= 0.0:
        return -inf
    if spread < SPREAD_OF_POISSON:
        return _poisson(float(least), mean, upper=True) / LN_10
    return _incomplete_beta(float(least), 1.0 / spread, mean * spread) / LN_10


def lower_log10(count: float, mean: float, spread: float) -> float:
    """The base-10 logarithm of P(X <= count); a fractional count is rounded up, so that a fall is never overstated."""
    most = -floor(-count)
    if most < 0:
        return -inf
    if mean <= 0.0:
        return 0.0
    if spread < SPREAD_OF_POISSON:
        return _poisson(float(most + 1), mean, upper=False) / LN_10
    return _incomplete_beta(1.0 / spread, float(most + 1), 1.0 / (mean * spread)) / LN_10


def binomial_log10(count: int, of: int, share: float) -> float:
    """The base-10 logarithm of P(X >= count) where each `of` so many has the probability `share` (DLMF 8.17.5)."""
    if count <= 0 or share >= 1.0:
        return 0.0
    if count > of or share <= 0.0:
        return -inf
    return _incomplete_beta(float(count), float(of - count + 1), share / (1.0 - share)) / LN_10


def _incomplete_beta(a: float, b: float, odds: float) -> float:
    """ln I_x(a, b) where x / (1 - x) is `odds`. Given as odds because 1 - x loses its digits near 1."""
    x = odds / (1.0 + odds)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) - a * log1p(1.0 / odds) - b * log1p(odds)
    if x < (a + 1.0) / (a + b + 2.0):
        return front - log(a) + log(_beta_fraction(a, b, x))
    other = front - log(b) + log(_beta_fraction(b, a, 1.0 / (1.0 + odds)))
    return log1p(-min(exp(other), 1.0 - PRECISION))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction DLMF 8.17.22 of the incomplete beta function, by the modified Lentz method."""
    d = 1.0 / _not_zero(1.0 - (a + b) * x / (a + 1.0))
    c = 1.0
    value = d
    for m in range(1, TERMS_MAX):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _not_zero(1.0 + even * d)
        c = _not_zero(1.0 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _not_zero(1.0 + odd * d)
        c = _not_zero(1.0 + odd / c)
        step = d * c
        value *= step
        if abs(step - 1.0) < PRECISION:
            break
    return value


def _poisson(a: float, mean: float, *, upper: bool) -> float:
    """ln P(X >= a), or ln P(X < a), of a Poisson count."""
    front = a * log(mean) - mean - lgamma(a)
    if mean < a + 1.0:
        at_least = front - log(a) + log(_gamma_series(a, mean))
        return at_least if upper else _complement(at_least)
    below = front + log(_gamma_fraction(a, mean))
    return _complement(below) if upper else below


def _complement(log_probability: float) -> float:
    return log1p(-min(exp(log_probability), 1.0 - PRECISION))


def _gamma_series(a: float, x: float) -> float:
    """1 + x / (a + 1) + x**2 / ((a + 1)(a + 2)) + ... (DLMF 8.11.4)."""
    term = total = 1.0
    for n in range(1, TERMS_MAX):
        term *= x / (a + n)
        total += term
        if term < total * PRECISION:
            break
    return total


def _gamma_fraction(a: float, x: float) -> float:
    """The continued fraction DLMF 8.9.2 of the upper incomplete gamma function, by the modified Lentz method."""
    b = x + 1.0 - a
    c = 1.0 / TINY
    d = 1.0 / _not_zero(b)
    value = d
    for n in range(1, TERMS_MAX):
        step_a = n * (a - n)
        b += 2.0
        d = 1.0 / _not_zero(step_a * d + b)
        c = _not_zero(b + step_a / c)
        step = d * c
        value *= step
        if abs(step - 1.0) < PRECISION:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY
