"""A stranger who has the downloaded counts and what docs/mechanisms/surge.md says "on paper", and nothing of ours."""

import asyncio
import csv
import io
import json
from itertools import takewhile
from math import exp, floor, inf, lgamma, log, log10, sqrt

import pytest

from tests.statuspage.reporting import reporting
from tests.statuspage.test_reports_judging import crowd

HOUR = 60
WINDOWS = (1, 2, 4, 8, 16)
QUIET_MINUTES = 18
GROWING = (3, 7, 12, 30)
"""People a minute, all of them before the hour is full."""


class Stranger:
    """What is worked out of a state, minute by minute."""

    def __init__(self, state):
        self.track, self.before = state["track"], list(state["before"])
        self.calm, self.wary = state["calm_minutes"], state["wary_minutes"]
        self.counts, self.means = list(self.track["counts"]), list(self.track["means"])
        self.seen, self.foreseen = self.track["local_seen"], self.track["local_expected"]

    def minute(self, at, count):
        """Expected, score, and since when there is a surge (None for none)."""
        belief = 1 / self.track["hour_spread"]
        local = min(max((belief + self.seen) / (belief + self.foreseen), 0.4), 1.6)
        mean = self.usual(at) * local
        if self.calm > 16 and not self.wary and len(self.counts) >= 16:
            self.seen = self.seen * 119 / 120 + min(self.counts[-16], 1.7 * self.means[-16] + 1.7)
            self.foreseen = self.foreseen * 119 / 120 + self.usual(at - 16)
        expected = max(mean, 0.8 * self.usual(at))
        self.counts, self.means = [*self.counts, count][-HOUR:], [*self.means, mean][-HOUR:]
        decades = max(self.decades(expected))
        score = max(decades - 1, sorted([*self.before, decades])[1]) if decades else 0.0
        self.before = [self.before[1], decades]
        since = at - self.length() + 1 if score >= 6.6 else None
        self.calm = 0 if since is not None else self.calm + 1
        self.wary = 16 if decades >= 3 else max(self.wary - 1, 0)
        return expected, score, since

    def usual(self, at):
        line = self.track["line"]
        return line["per_minute"] + line["slope"] * (at - line["start"])

    def decades(self, expected):
        belief = 1 / self.track["spreads"][-1]
        for place, length in enumerate(WINDOWS):
            if length > len(self.counts):
                return
            seen, mean = sum(self.counts[-length:]), expected * length
            yield unlikely(seen, mean, self.track["spreads"][place])
            before = self.counts[:-length][-16:]
            if length <= 8 and len(before) == 16 and seen >= 2.5 * mean:
                jump = mean * (belief + sum(before)) / (belief + 16 * expected)
                yield unlikely(seen, jump, self.track["jump_spreads"][place])

    def length(self):
        """Of the surge that is noticed now, in minutes."""
        best = (-inf, 0)
        for newest in range(1, len(self.counts) + 1):
            seen, mean = sum(self.counts[-newest:]), sum(self.means[-newest:])
            if seen > mean:
                best = max(best, (seen * log(seen / mean) - seen + mean, newest))
        return best[1]


def unlikely(seen, mean, spread):
    """Decades of a negative-binomial tail, added up term by term."""
    if seen < 6 or seen < 2.5 * mean or seen - mean < 2.5 * sqrt(mean + spread * mean**2):
        return 0.0
    shape = 1 / spread

    def term(count):
        ways = lgamma(count + shape) - lgamma(shape) - lgamma(count + 1)
        return ways + shape * log(shape / (shape + mean)) + count * log(mean / (shape + mean))

    least = floor(seen)
    first = term(least)
    rest = sum(takewhile(lambda share: share > 1e-18, (exp(term(least + n) - first) for n in range(100_000))))
    return -(first / log(10) + log10(rest))


def test_a_stranger_recomputes_a_past_surge_from_the_counts_and_the_published_words_alone(tmp_path):
    async def downloaded():
        async with reporting(tmp_path, free_per_minute=None) as desk:
            await desk.pass_minutes(QUIET_MINUTES)
            for minute, people in enumerate(GROWING):
                await crowd(desk, people, minute=minute, place="DE")
                await desk.pass_minutes(1)
            return (await desk.client.get("/api/services/own/minutes.csv?days=1")).text

    first, rest = asyncio.run(downloaded()).split("\n", 1)
    stranger, noticed = Stranger(json.loads(first.removeprefix("# state: "))), 0
    for row in csv.DictReader(io.StringIO(rest)):
        at = int(row["minute"])
        if noticed or at % HOUR == HOUR - 1 or at >= stranger.track["line"]["end"]:
            break
        expected, score, since = stranger.minute(at, float(row["counted"]))
        assert expected == pytest.approx(float(row["expected"] or expected))
        assert score == pytest.approx(float(row["score"] or 0.0), abs=1e-6)
        assert since == (int(row["since"]) if row["since"] else None)
        noticed += since is not None
    assert noticed
    assert stranger.counts[-1] > stranger.counts[-2] > 0
