"""Evidence: everything that the verdict on one component is given. Frozen values, made by those who watch.

What is not known is absent, never zero: a share over no requests, a probe that has not run, a window that is younger
than it is long. The verdict treats absence as absence, because no data is not green.
"""

import msgspec

from whimbrel.statuspage.values import State


class ProbeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How one probe stands at one vantage point. `failures`: how many of its newest results in a row were bad."""

    probe: str
    vantage: str
    at_ms: int
    failures: int = 0
    failing_since_ms: int | None = None
    error: str = ""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Requests over the newest `window_seconds`, and how many of them went badly."""

    window_seconds: int
    bad: int
    total: int
    since_ms: int

    @property
    def share(self) -> float:
        """Bad ones of all; 0.0 of none."""
        return self.bad / self.total if self.total else 0.0


class BurnSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An error budget that burns: both windows of a pair are at or above its factor (burn.py)."""

    objective: str
    factor: float
    long_seconds: int
    short_seconds: int
    long_burn: float
    short_burn: float
    since_ms: int


class CrowdSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A surge of outage reports (surge.py): how many came, how many the baseline explains, how unlikely that is.

    `weight` is the share of the reports that count after brigades are weighed down; `culprit` names the service whose
    outage explains this surge, when it is not ours (attribution.py).
    """

    since_ms: int
    reports: float
    expected: float
    tail: float
    weight: float = 1.0
    culprit: str = ""


class FallSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A rate (`posting`, `reading`, ...) that has fallen below what its hour of the week explains (fall.py)."""

    rate: str
    since_ms: int
    actual: float
    expected: float


class StaleSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Answers that are empty or old: their share of all over `window_seconds`, and the age of the oldest view."""

    window_seconds: int
    share: float
    age_seconds: float
    since_ms: int


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window that is open now. `expected`: the worst state that was announced for it."""

    maintenance: str
    since_ms: int
    until_ms: int
    expected: State = "degraded_performance"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one component at `at_ms`. `seen_ms`: when anything of it was last measured; None: never."""

    component: str
    at_ms: int
    seen_ms: int | None = None
    probes: tuple[ProbeSeen, ...] = ()
    shares: tuple[Share, ...] = ()
    burns: tuple[BurnSeen, ...] = ()
    crowd: CrowdSeen | None = None
    falls: tuple[FallSeen, ...] = ()
    stale: StaleSeen | None = None
    planned: Planned | None = None
