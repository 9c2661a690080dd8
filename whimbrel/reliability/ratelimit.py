"""Rate limits: so many requests per fixed window for one token, account or network address.

Design note. Windows are fixed and aligned to the clock, like Mastodon's own, so that its headers mean the same here;
a sliding window would be fairer at the edges and cost a list per key. Counts live in one process and are forgotten
with it: they bound abuse, they are no accounting. A window keeps at most RATE_LIMIT_KEYS_MAX keys; what comes beyond
shares one budget, so that a flood of addresses cannot fill the memory. Pure but for its own counts; time is a
parameter. Numbers: Mastodon's config/initializers/rack_attack.rb and app/lib/rate_limiter.rb (reference C2).
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.errors import TooMany
from whimbrel.kernel.limits import RATE_LIMIT_KEYS_MAX

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_REST: Final = "everybody beyond the limit of keys"

Key = int | str


class Budget(msgspec.Struct, frozen=True):
    """At most `requests` in `window_ms`; `what` names it in the refusal."""

    name: str
    requests: int
    window_ms: int
    what: str = "requests"


TOKEN: Final = Budget("token", 300, 5 * _MINUTE_MS)
ACCOUNT: Final = Budget("account", 1_500, 5 * _MINUTE_MS)
ADDRESS: Final = Budget("address", 300, 5 * _MINUTE_MS)

BUDGETS: Final = {
    budget.name: budget
    for budget in (
        Budget("sign_up", 5, 30 * _MINUTE_MS, "sign-ups"),
        Budget("register_app", 5, 10 * _MINUTE_MS, "app registrations"),
        Budget("sign_in", 25, 5 * _MINUTE_MS, "sign-ins"),
        Budget("sign_in_name", 25, _HOUR_MS, "sign-ins with this name"),
        Budget("delete", 30, 30 * _MINUTE_MS, "deletions"),
        Budget("post", 300, 3 * _HOUR_MS, "posts"),
        Budget("follow", 400, 24 * _HOUR_MS, "follows"),
    )
}
"""What routes may ask for besides the general budgets, by name."""


class Allowance(NamedTuple):
    """What is left of a budget after this request, and when the window ends (milliseconds since 1970)."""

    limit: int
    remaining: int
    reset_ms: int


class LimitReached(TooMany):
    """A budget is spent; `allowance` says which and until when, for the headers of the refusal."""

    def __init__(self, public: str, *, allowance: Allowance, retry_after_seconds: int) -> None:
        super().__init__(public, retry_after_seconds=retry_after_seconds)
        self.allowance = allowance


class _Window:
    __slots__ = ("budget", "counts", "ends_ms")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.counts: dict[Key, int] = {}
        self.ends_ms = 0

    def take(self, key: Key, now_ms: int) -> Allowance:
        if now_ms >= self.ends_ms or now_ms < self.ends_ms - self.budget.window_ms:
            self.ends_ms = (now_ms // self.budget.window_ms + 1) * self.budget.window_ms
            self.counts = {}
        counts = self.counts
        count = counts.get(key, 0) + 1
        if count == 1 and len(counts) >= RATE_LIMIT_KEYS_MAX:
            key = _REST
            count = counts.get(key, 0) + 1
        counts[key] = count
        return Allowance(self.budget.requests, self.budget.requests - count, self.ends_ms)


class RateLimits:
    """Counts for every budget of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._token = self._window(TOKEN)
        self._account = self._window(ACCOUNT)
        self._address = self._window(ADDRESS)

    def take_signed(self, token_id: int, account_id: int | None) -> Allowance:
        """Count one request with a token. Returns the tighter allowance; raises LimitReached."""
        now_ms = self._clock()
        tightest = self._token.take(token_id, now_ms)
        if account_id is not None:
            shared = self._account.take(account_id, now_ms)
            if shared.remaining < tightest.remaining:
                tightest = shared
        return _checked(tightest, TOKEN, now_ms)

    def take_anonymous(self, address: str) -> Allowance:
        """Count one request without a token, by network address. Raises LimitReached."""
        now_ms = self._clock()
        return _checked(self._address.take(address, now_ms), ADDRESS, now_ms)

    def take(self, names: Iterable[str], key: Key) -> Allowance | None:
        """Count one request against each of the named budgets. Returns the tightest allowance; raises LimitReached."""
        now_ms = self._clock()
        tightest = None
        for name in names:
            budget = BUDGETS[name]
            allowance = _checked(self._window(budget).take(key, now_ms), budget, now_ms)
            if tightest is None or allowance.remaining < tightest.remaining:
                tightest = allowance
        return tightest

    def _window(self, budget: Budget) -> _Window:
        return self._windows.setdefault(budget.name, _Window(budget))


def _checked(allowance: Allowance, budget: Budget, now_ms: int) -> Allowance:
    if allowance.remaining >= 0:
        return allowance
    seconds = max(1, -(-(allowance.reset_ms - now_ms) // 1000))
    minutes = budget.window_ms // _MINUTE_MS
    raise LimitReached(
        f"Too many {budget.what}: at most {allowance.limit} in {minutes} minutes. Try again in {seconds} seconds",
        allowance=allowance,
        retry_after_seconds=seconds,
    )
