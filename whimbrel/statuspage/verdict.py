"""The verdict: evidence in, a state with every reason out. Pure; this module is the published rule.

The rule is a list of clauses. Each looks at the evidence and gives a reason with its figures, or nothing; the worst
state that any clause gives is the raw state. It rises at once and falls slowly: a state is left only after it has been
clean for as long as the table says, so that a service which flaps does not make its page flap. No data is `unknown`,
and does not end an outage: silence is not recovery. A maintenance window covers what was announced for it and nothing
worse. Source of the table: Google's SRE Workbook, chapter 5, for burn rates; the rest is ours, and measured
(docs/mechanisms/verdict.md).

The page shows `CLAUSES` and `Thresholds` themselves, so that what is published cannot differ from what decides.
"""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Final, NamedTuple

import msgspec

from whimbrel.statuspage.evidence import Evidence, ProbeSeen, Share
from whimbrel.statuspage.values import SEVERITY, Reason, State, Verdict, worst


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Every number of the rule. Shares between 0 and 1, times in seconds."""

    probe_failures: int = 2
    silent_seconds: int = 60
    requests_min: int = 20
    errors_min: int = 5
    major_share: float = 0.5
    major_seconds: int = 60
    partial_share: float = 0.1
    partial_seconds: int = 120
    degraded_share: float = 0.01
    degraded_seconds: int = 180
    sure_seconds: int = 30
    sure_errors_min: int = 10
    sure_z: float = 3.29
    burn_factor: float = 6.0
    crowd_tail: float = 1e-6
    crowd_weight_min: float = 0.5
    stale_share: float = 0.1
    clean_seconds: int = 600
    clean_after_major_seconds: int = 900


DEFAULT: Final = Thresholds()


def patient(calm_seconds: int) -> Thresholds:
    """The rule of a page that calls trouble over after so much calm; after a major outage, half as long again."""
    return Thresholds(clean_seconds=calm_seconds, clean_after_major_seconds=calm_seconds * 3 // 2)


class Clause(NamedTuple):
    """One line of the rule: its code (a reason's), the state that it gives, and how it looks."""

    code: str
    state: State
    holds: Callable[[Evidence, Thresholds], "tuple[int, dict[str, float | int | str]] | None"]
    """Since when, in milliseconds, and the figures; None when it does not hold."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is carried from one verdict to the next: the state, since when, and since when it has been better.

    `milder`: the troubles below it that were seen meanwhile, each with since when it has been better than that.
    """

    state: State
    since_ms: int
    better_since_ms: int | None = None
    milder: dict[State, int | None] = {}


def decide(evidence: Evidence, before: Standing | None, thresholds: Thresholds = DEFAULT) -> tuple[Verdict, Standing]:
    """The verdict on one component, and what to carry to the next call. Any pause between two calls is fine."""
    reasons = reasons_of(evidence, thresholds)
    raw = _raw(evidence, reasons, thresholds)
    after = _settled(raw, reasons, evidence.at_ms, before, thresholds)
    verdict = Verdict(
        component=evidence.component,
        state=after.state,
        since_ms=after.since_ms,
        at_ms=evidence.at_ms,
        reasons=tuple(reasons),
        better_since_ms=after.better_since_ms,
        patience_seconds=_patience_seconds(after.state, thresholds),
        disagreement=_disagreement(evidence, reasons),
    )
    return verdict, after


def reasons_of(evidence: Evidence, thresholds: Thresholds = DEFAULT) -> list[Reason]:
    """Every clause that holds, worst first, then oldest."""
    found = []
    for code, state, holds in CLAUSES:
        seen = holds(evidence, thresholds)
        if seen is not None:
            found.append(Reason(code=code, state=state, since_ms=seen[0], figures=seen[1]))
    return sorted(found, key=lambda reason: (-SEVERITY[reason.state], reason.since_ms))


def surely_above(bad: int, total: int, z: float) -> float:
    """The share that the true one is above with confidence `z` (Wilson's score interval, lower bound; 0.0 of none)."""
    if not total:
        return 0.0
    share = bad / total
    spread = z * sqrt((share * (1 - share) + z * z / (4 * total)) / total)
    return max(0.0, (share + z * z / (2 * total) - spread) / (1 + z * z / total))


def _raw(evidence: Evidence, reasons: Sequence[Reason], thresholds: Thresholds) -> State:
    planned = evidence.planned
    state = worst([reason.state for reason in reasons]) if reasons else "operational"
    if planned is not None and SEVERITY[state] <= SEVERITY[planned.expected]:
        return "under_maintenance"
    if not reasons and _is_silent(evidence, thresholds):
        return "unknown"
    return state


def _is_silent(evidence: Evidence, thresholds: Thresholds) -> bool:
    return evidence.seen_ms is None or evidence.at_ms - evidence.seen_ms > 1_000 * thresholds.silent_seconds


def _settled(
    raw: State, reasons: Sequence[Reason], at_ms: int, before: Standing | None, thresholds: Thresholds
) -> Standing:
    """The worst of what is and what is still being waited out, each trouble for as long as the table says."""
    held = _held(raw, at_ms, before, thresholds)
    state = worst([raw, *held])
    return Standing(
        state=state,
        since_ms=_since_ms(state, reasons, at_ms, before),
        better_since_ms=held.pop(state, None),
        milder=held,
    )


def _held(raw: State, at_ms: int, before: Standing | None, thresholds: Thresholds) -> dict[State, int | None]:
    """The troubles that are, or have not been over for long enough, with since when it has been better; None: not yet.

    Silence is not better. **The accident** that shaped it: what fell from a major outage fell to the state of that
    second, so a partial outage of ten seconds ago was shown as over.
    """
    troubles = {} if before is None else {before.state: before.better_since_ms, **before.milder}
    held: dict[State, int | None] = {}
    for state, better_since_ms in troubles.items():
        if state not in _FALLS_SLOWLY:
            continue
        if raw == "unknown" or SEVERITY[raw] >= SEVERITY[state]:
            held[state] = None
            continue
        since_ms = at_ms if better_since_ms is None else better_since_ms
        if at_ms - since_ms < 1_000 * _patience_seconds(state, thresholds):
            held[state] = since_ms
    return held | ({raw: None} if raw in _FALLS_SLOWLY else {})


def _since_ms(state: State, reasons: Sequence[Reason], at_ms: int, before: Standing | None) -> int:
    if before is not None and state == before.state:
        return before.since_ms
    if before is not None and before.state in _FALLS_SLOWLY and SEVERITY[state] < SEVERITY[before.state]:
        return at_ms if before.better_since_ms is None else before.better_since_ms
    return min([at_ms, *(reason.since_ms for reason in reasons if reason.state == state)])


_FALLS_SLOWLY: Final = frozenset({"degraded_performance", "partial_outage", "major_outage"})


def _patience_seconds(state: State, thresholds: Thresholds) -> int:
    return thresholds.clean_after_major_seconds if state == "major_outage" else thresholds.clean_seconds


def _disagreement(evidence: Evidence, reasons: Sequence[Reason]) -> str:
    """People say that there is trouble while every probe is well: shown as such, not hidden."""
    codes = {reason.code for reason in reasons}
    green = bool(evidence.probes) and all(probe.failures == 0 for probe in evidence.probes)
    return "crowd_against_probes" if green and "crowd" in codes else ""


Seen = tuple[int, dict[str, float | int | str]]


def _all_probes_failing(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    failing = _failing(evidence.probes, thresholds)
    if not failing or len(failing) < len(evidence.probes):
        return None
    return _of_probes(failing, evidence)


def _some_probes_failing(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    """A whole vantage point, or one step at every vantage point; one probe at one of several places is its own."""
    failing = _failing(evidence.probes, thresholds)
    if not failing or len(failing) == len(evidence.probes):
        return None
    by_vantage = _wholly(failing, evidence.probes, lambda probe: probe.vantage)
    by_probe = _wholly(failing, evidence.probes, lambda probe: probe.probe)
    whole = by_vantage or by_probe
    return _of_probes(whole, evidence) if whole else None


def _failing(probes: Sequence[ProbeSeen], thresholds: Thresholds) -> list[ProbeSeen]:
    return [probe for probe in probes if probe.failures >= thresholds.probe_failures]


def _wholly(
    failing: Sequence[ProbeSeen], probes: Sequence[ProbeSeen], of: Callable[[ProbeSeen], str]
) -> list[ProbeSeen]:
    """The failing ones of those groups of which all are failing."""
    well = {of(probe) for probe in probes if probe not in failing}
    return [probe for probe in failing if of(probe) not in well]


def _of_probes(failing: Sequence[ProbeSeen], evidence: Evidence) -> Seen:
    since_ms = min(probe.failing_since_ms or probe.at_ms for probe in failing)
    return since_ms, {
        "failing": len(failing),
        "probes": len(evidence.probes),
        "failures": max(probe.failures for probe in failing),
        "error": failing[0].error,
    }


def _errors_above(
    share: Callable[[Thresholds], float], seconds: Callable[[Thresholds], int]
) -> Callable[..., Seen | None]:
    """A clause: more than `share` of the requests of the last `seconds` failed, counted over enough of them."""

    def holds(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
        seen = _over(evidence, seconds(thresholds))
        if seen is None or seen.total < thresholds.requests_min or seen.bad < thresholds.errors_min:
            return None
        return _of_share(seen) if seen.share >= share(thresholds) else None

    return holds


def _errors_surely(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    """Too few seconds for the slower clauses, but enough errors that chance does not explain them."""
    seen = _over(evidence, thresholds.sure_seconds)
    if seen is None or seen.bad < thresholds.sure_errors_min:
        return None
    sure = surely_above(seen.bad, seen.total, thresholds.sure_z) >= thresholds.degraded_share
    return _of_share(seen) if sure else None


def _over(evidence: Evidence, seconds: int) -> Share | None:
    return next((share for share in evidence.shares if share.window_seconds == seconds), None)


def _of_share(seen: Share) -> Seen:
    return seen.since_ms, {
        "share": round(seen.share, 4),
        "bad": seen.bad,
        "total": seen.total,
        "window_seconds": seen.window_seconds,
    }


def _burning(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    burning = [burn for burn in evidence.burns if min(burn.long_burn, burn.short_burn) >= thresholds.burn_factor]
    if not burning:
        return None
    hottest = max(burning, key=lambda burn: min(burn.long_burn, burn.short_burn))
    return min(burn.since_ms for burn in burning), {
        "objective": hottest.objective,
        "long_burn": round(hottest.long_burn, 2),
        "short_burn": round(hottest.short_burn, 2),
        "long_seconds": hottest.long_seconds,
        "short_seconds": hottest.short_seconds,
    }


def _stale(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    stale = evidence.stale
    if stale is None or stale.share < thresholds.stale_share:
        return None
    return stale.since_ms, {"share": round(stale.share, 4), "age_seconds": round(stale.age_seconds, 1)}


def _fallen(evidence: Evidence, _: Thresholds) -> Seen | None:
    if not evidence.falls:
        return None
    deepest = min(evidence.falls, key=lambda fall: fall.actual / fall.expected if fall.expected else 1.0)
    figures: dict[str, float | int | str] = {
        "rate": deepest.rate,
        "actual": round(deepest.actual, 2),
        "expected": round(deepest.expected, 2),
    }
    return min(fall.since_ms for fall in evidence.falls), figures


def _crowd(evidence: Evidence, thresholds: Thresholds) -> Seen | None:
    crowd = evidence.crowd
    if crowd is None or crowd.culprit or crowd.tail >= thresholds.crowd_tail:
        return None
    if crowd.weight < thresholds.crowd_weight_min:
        return None  # shown beside the verdict as what it looks like, a brigade; not silently dropped
    return crowd.since_ms, {
        "reports": round(crowd.reports, 1),
        "expected": round(crowd.expected, 2),
        "tail": crowd.tail,
        "weight": round(crowd.weight, 2),
    }


CLAUSES: Final = (
    Clause("probes_all_failing", "major_outage", _all_probes_failing),
    Clause("errors_major", "major_outage", _errors_above(lambda t: t.major_share, lambda t: t.major_seconds)),
    Clause("probes_some_failing", "partial_outage", _some_probes_failing),
    Clause("errors_partial", "partial_outage", _errors_above(lambda t: t.partial_share, lambda t: t.partial_seconds)),
    Clause(
        "errors_degraded",
        "degraded_performance",
        _errors_above(lambda t: t.degraded_share, lambda t: t.degraded_seconds),
    ),
    Clause("errors_surely", "degraded_performance", _errors_surely),
    Clause("burning", "degraded_performance", _burning),
    Clause("stale", "degraded_performance", _stale),
    Clause("fallen", "degraded_performance", _fallen),
    Clause("crowd", "degraded_performance", _crowd),
)
"""The whole rule, in the order in which the page shows it."""
