"""Are more home answers empty or old than usual? The outage in which everything answers and nothing is there.

On 15 October 2020 timelines came back empty with status 200. **The counter-example:** somebody who follows a person who
has not written yet has an empty home for good reason, and on a young server most have. So an empty answer counts only
beyond the share that is usual here (the last day without the last ten minutes), and not before that is known; an
old answer always counts. Pure.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from whimbrel.statuspage.evidence import StaleSeen

WINDOW_SECONDS: Final = 60
ANSWERS_MIN: Final = 50
"""Fewer answers in the window say nothing: the canaries alone read that often from homes that are empty by design."""
USUAL_ANSWERS_MIN: Final = 500
USUAL_MINUTES: Final = 24 * 60
LATELY_MINUTES: Final = 10
BAD_SHARE: Final = 0.1


class _Answers(NamedTuple):
    at: int
    empty: int
    old: int
    total: int
    lag_seconds: float


class Staleness:
    """Home answers of the last minute, against those of the last day."""

    def __init__(self) -> None:
        self._newest: deque[_Answers] = deque()
        self._minutes: deque[_Answers] = deque()
        self._since_ms: int | None = None

    def note(self, at_ms: int, answers: Mapping[str, int], lag_seconds: float) -> None:
        """Take in what one scrape added, by kind: fresh, empty, old."""
        one = _Answers(at_ms, answers.get("empty", 0), answers.get("old", 0), sum(answers.values()), lag_seconds)
        self._newest.append(one)
        while self._newest[0].at <= at_ms - 1_000 * WINDOW_SECONDS:
            self._newest.popleft()
        minute = at_ms // 60_000
        if self._minutes and self._minutes[-1].at == minute:
            last = self._minutes.pop()
            one = _Answers(minute, last.empty + one.empty, last.old + one.old, last.total + one.total, 0.0)
        self._minutes.append(one._replace(at=minute))
        while self._minutes[0].at <= minute - USUAL_MINUTES:
            self._minutes.popleft()

    def seen(self, now_ms: int) -> StaleSeen | None:
        """What the last minute shows; None when it is too little to say anything."""
        inside = [one for one in self._newest if one.at > now_ms - 1_000 * WINDOW_SECONDS]
        total = sum(one.total for one in inside)
        if total < ANSWERS_MIN:
            self._since_ms = None
            return None
        usual = self._usual(now_ms // 60_000)
        empty = 0.0 if usual is None else max(0.0, (sum(one.empty for one in inside) / total - usual) / (1.0 - usual))
        share = min(1.0, empty + sum(one.old for one in inside) / total)
        if share < BAD_SHARE:
            self._since_ms = None
        elif self._since_ms is None:
            self._since_ms = inside[0].at
        return StaleSeen(
            window_seconds=WINDOW_SECONDS,
            share=share,
            age_seconds=max(one.lag_seconds for one in inside),
            since_ms=self._since_ms or now_ms,
        )

    def _usual(self, minute: int) -> float | None:
        """The share of empty answers that is usual; None while too few were seen, or when nearly all are empty."""
        before = [one for one in self._minutes if one.at <= minute - LATELY_MINUTES]
        total = sum(one.total for one in before)
        if total < USUAL_ANSWERS_MIN:
            return None
        usual = sum(one.empty for one in before) / total
        return usual if usual < 1.0 - BAD_SHARE else None
