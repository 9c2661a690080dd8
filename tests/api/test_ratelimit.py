"""Rate limits: fixed windows on a clock that the test owns."""

import pytest

from whimbrel.kernel.errors import TooMany
from whimbrel.kernel.limits import RATE_LIMIT_KEYS_MAX
from whimbrel.reliability.ratelimit import ACCOUNT, ADDRESS, BUDGETS, TOKEN, RateLimits

START_MS = 1_000_000_200_000


class Time:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now_ms = START_MS

    def __call__(self):
        return self.now_ms


def test_a_budget_is_spent_to_the_last_request_and_comes_back_with_the_window():
    time = Time()
    limits = RateLimits(time)
    spent = [limits.take_anonymous("192.0.2.1") for _ in range(ADDRESS.requests)]
    assert spent[-1].remaining == 0
    with pytest.raises(TooMany) as refused:
        limits.take_anonymous("192.0.2.1")
    assert refused.value.retry_after_seconds == (spent[-1].reset_ms - START_MS) // 1000
    time.now_ms = spent[-1].reset_ms
    assert limits.take_anonymous("192.0.2.1").remaining == ADDRESS.requests - 1


def test_the_tighter_of_token_and_account_is_told():
    limits = RateLimits(Time())
    for token in range(5):
        for _ in range(TOKEN.requests - 1):
            limits.take_signed(token, 1)
    used = 5 * (TOKEN.requests - 1)
    assert limits.take_signed(99, 1).remaining == ACCOUNT.requests - used - 1


def test_an_accounts_budget_binds_all_its_tokens_together():
    limits = RateLimits(Time())
    for request in range(ACCOUNT.requests):
        limits.take_signed(request, 1)
    with pytest.raises(TooMany):
        limits.take_signed(ACCOUNT.requests, 1)
    assert limits.take_signed(ACCOUNT.requests + 1, 2).remaining == TOKEN.requests - 1


def test_a_clock_that_steps_far_back_does_not_lock_anybody_out():
    time = Time()
    limits = RateLimits(time)
    for _ in range(ADDRESS.requests):
        limits.take_anonymous("192.0.2.1")
    time.now_ms -= 7 * 86_400_000
    assert limits.take_anonymous("192.0.2.1").remaining == ADDRESS.requests - 1


def test_a_flood_of_addresses_shares_one_budget_beyond_the_limit_of_keys():
    limits = RateLimits(Time())
    for number in range(RATE_LIMIT_KEYS_MAX):
        limits.take_anonymous(str(number))
    for number in range(ADDRESS.requests):
        limits.take_anonymous(f"late {number}")
    with pytest.raises(TooMany):
        limits.take_anonymous("one more")
    assert limits.take_anonymous("0").remaining == ADDRESS.requests - 2


def test_a_named_budget_says_in_the_refusal_what_there_was_too_much_of():
    limits = RateLimits(Time())
    for _ in range(BUDGETS["sign_up"].requests):
        limits.take(("sign_up",), "192.0.2.1")
    with pytest.raises(TooMany, match="Too many sign-ups: at most 5 in 30 minutes"):
        limits.take(("sign_up",), "192.0.2.1")
    assert limits.take(("sign_up",), "192.0.2.2") is not None
