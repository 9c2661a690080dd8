"""`python -m bench outages --seed N [--quick]`: play a world, let all detectors see it, print the tables.

Tuning uses the seeds 1 to 99 (and 2020, once looked at); the published figures are those of 2021, which nobody has
tuned on: whoever tunes again, publishes the next. `--quick` takes about a minute, the whole about a quarter of an hour
of one core. Every figure depends on the seed alone, but for the cost.
"""

import argparse
import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.outages import scoring
from bench.outages.campaigns import recognition
from bench.outages.falls import flagged
from bench.outages.groups import SCENES, Judged, judged
from bench.outages.ours import POOL_MINUTES, WARM_MINUTES, Branch, Run, played
from bench.outages.rivals import RIVALS, Rival, Series, series_of, with_outage
from bench.outages.scoring import MINUTES_PER_YEAR, Delays
from bench.outages.shapes import MINUTES, SHAPES
from bench.outages.world import CLASSES, WEEK, Floats
from whimbrel.statuspage.detection.burn import RULES, minutes_to_alert
from whimbrel.statuspage.detection.surge import ALARM_DECADES

PUBLISHED_SEED = 2021
OURS = "surge (ours)"
WANTED_PER_YEAR = 1.0
ERROR_SHARES = (1.0, 0.5, 0.1, 0.05, 0.02, 0.01)


class Size(NamedTuple):
    """How much is played: services, weeks of each after the warm-up, scenes of several services, campaigns, posting
    rates.
    """

    services: int
    weeks: int
    scenes: int
    campaigns: int
    rates: int


QUICK = Size(25, 8, 150, 300, 4)
WHOLE = Size(160, 13, 1_000, 2_000, 30)


class Seen(NamedTuple):
    """What one detector made of one service: its loudest scores of quiet time, and its scores of each outage."""

    size: int
    quiet: Floats
    branches: list[Floats]


class Life(NamedTuple):
    """One service as all saw it; the series of counts are not kept, they are large."""

    run: Run
    seen: dict[str, Seen]


def main(arguments: Sequence[str]) -> None:
    """Parse the flags, play, print."""
    parser = argparse.ArgumentParser(prog="python -m bench outages", description=__doc__)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED, help="the world (default 2021, the published one)")
    parser.add_argument("--quick", action="store_true", help="a small world, about a minute")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    flags = parser.parse_args(arguments)
    size = QUICK if flags.quick else WHOLE
    lives = [_life(flags.seed, place, size.weeks) for place in range(size.services)]
    report = figures(flags.seed, size, lives)
    _show(report)
    if flags.json:
        flags.json.write_text(json.dumps(report, indent=2) + "\n")


def figures(seed: int, size: Size, lives: Sequence[Life]) -> dict[str, Any]:
    """Every figure of the report."""
    runs = [life.run for life in lives]
    years = size.services * size.weeks * WEEK / MINUTES_PER_YEAR
    rng = np.random.default_rng([seed, 1_000_003])
    scenes = [judged(rng, runs) for _ in range(size.scenes)]
    return {
        "seed": seed,
        "service_years": round(years, 1),
        "microseconds_per_minute": round(float(np.median([run.microseconds for run in runs])), 1),
        "as_published": [_ours_as_shipped(runs, years)] + [_rival_as_usual(rival, lives, years) for rival in RIVALS],
        "equal_false_alarms": [_equal(name, lives, years) for name in (OURS, *(rival.name for rival in RIVALS))],
        "by_shape": [{"shape": shape} | _timed(_of_shape(runs, shape)) for shape in SHAPES],
        "by_class": [
            {"class": one[0], "false_alarms": sum(len(run.alarms) for run in runs if run.service.size == at)}
            | _timed([branch for run in runs if run.service.size == at for branch in _large(run)])
            for at, one in enumerate(CLASSES)
        ],
        "small_outages": _timed([branch for run in runs for branch in run.branches if branch.small]),
        "start_error": _start_error([branch for run in runs for branch in _large(run)]),
        "attribution": _attribution(scenes),
        "campaigns": recognition(rng, size.campaigns)._asdict(),
        "falls": _falls(seed, size),
        "burn_minutes": {
            f"{share:.0%}": [_rounded(minutes_to_alert(rule, 0.999, share)) for rule in RULES] for share in ERROR_SHARES
        },
    }


def _life(seed: int, place: int, weeks: int) -> Life:
    run = played(seed, place, weeks=weeks)
    longer = series_of(run.service.counts)
    series = Series(*(column[: weeks * WEEK] for column in longer))
    seen = {OURS: Seen(run.service.size, scoring.loudest(run.scores), [branch.scores for branch in _large(run)])}
    for rival in RIVALS:
        branches = [
            rival.scores(with_outage(longer, branch.start - WARM_MINUTES, branch.counts))[-MINUTES:]
            for branch in _large(run)
        ]
        seen[rival.name] = Seen(run.service.size, scoring.loudest(rival.scores(series)), branches)
    end = run.service._replace(
        counts=run.service.counts[-POOL_MINUTES:], intensity=run.service.intensity[-POOL_MINUTES:]
    )
    return Life(run._replace(service=end, scores=np.zeros(0)), seen)


def _large(run: Run) -> list[Branch]:
    """The outages of the goal: at least three times the usual, and ten a minute."""
    return [branch for branch in run.branches if not branch.small]


def _of_shape(runs: Sequence[Run], shape: str) -> list[Branch]:
    return [branch for run in runs for branch in _large(run) if branch.shape == shape]


def _timed(branches: Sequence[Branch]) -> dict[str, Any]:
    return _row([branch.noticed for branch in branches], branches)


def _row(noticed: Sequence[int | None], branches: Sequence[Branch]) -> dict[str, Any]:
    """Delays counted from the minute in which the whole is three times the usual, and from the cause."""
    tripled = scoring.delays(noticed, [branch.tripled for branch in branches])
    cause = scoring.delays(noticed, [0] * len(branches))
    return (
        {"outages": tripled.outages, "missed": tripled.missed, "missed_share": round(tripled.missed_share, 4)}
        | _pair("tripled", tripled)
        | _pair("cause", cause)
    )


def _pair(name: str, found: Delays) -> dict[str, float | str]:
    return {f"{name}_p50": _shown(found.median), f"{name}_p95": _shown(found.late)}


def _shown(minutes: float) -> float | str:
    return round(minutes, 1) if isfinite(minutes) else "never"


def _ours_as_shipped(runs: Sequence[Run], years: float) -> dict[str, Any]:
    events = sum(_merged(run.alarms) for run in runs)
    return (
        {"name": OURS, "threshold": ALARM_DECADES}
        | _false(events, years)
        | _timed([b for run in runs for b in _large(run)])
    )


def _merged(alarms: Sequence[int]) -> int:
    """Alarms, those within an hour of each other counted once, as for the rivals."""
    return sum(1 for at, minute in enumerate(alarms) if at == 0 or minute - alarms[at - 1] > 60)


def _false(events: int, years: float) -> dict[str, Any]:
    low, high = scoring.interval(events)
    return {
        "false_alarms": events,
        "false_per_year": round(events / years, 2),
        "false_per_year_95": [round(low / years, 2), round(high / years, 2)],
    }


def _rival_as_usual(rival: Rival, lives: Sequence[Life], years: float) -> dict[str, Any]:
    seen = [life.seen[rival.name] for life in lives]
    events = sum(scoring.alarms(one.quiet, rival.threshold) for one in seen)
    noticed = [scoring.first_over(scores, rival.threshold) for one in seen for scores in one.branches]
    branches = [branch for life in lives for branch in _large(life.run)]
    return {"name": rival.name, "threshold": rival.threshold} | _false(events, years) | _row(noticed, branches)


def _equal(name: str, lives: Sequence[Life], years: float) -> dict[str, Any]:
    """Each class of services gets the threshold that gives it one false alarm a year in this very quiet time."""
    noticed: list[int | None] = []
    branches: list[Branch] = []
    thresholds, events = [], 0
    for size in range(len(CLASSES)):
        mine = [life for life in lives if life.run.service.size == size]
        quiet = [life.seen[name].quiet for life in mine]
        threshold = scoring.threshold_for(quiet, WANTED_PER_YEAR * years / len(CLASSES))
        thresholds.append(round(threshold, 2))
        events += sum(scoring.alarms(one, threshold) for one in quiet)
        for life in mine:
            noticed += [scoring.first_over(scores, threshold) for scores in life.seen[name].branches]
            branches += _large(life.run)
    return {"name": name, "thresholds": thresholds} | _false(events, years) | _row(noticed, branches)


def _start_error(branches: Sequence[Branch]) -> dict[str, float]:
    """How far the estimated start is from the cause: percentiles of minutes, later is positive."""
    errors = [branch.since for branch in branches if branch.since is not None and branch.shape != "creeping"]
    return dict(zip(("p5", "p50", "p95"), np.percentile(errors, (5, 50, 95)).round(1).tolist(), strict=True))


def _attribution(scenes: Sequence[Judged]) -> dict[str, Any]:
    def counted(chosen: Sequence[Judged]) -> dict[str, Any]:
        surging, right = sum(one.surging for one in chosen), sum(one.right for one in chosen)
        unsure = sum(one.undetermined for one in chosen)
        return {"services": surging, "right": right, "undetermined": unsure, "share": round(right / max(surging, 1), 3)}

    return {"all": counted(scenes)} | {
        scene: counted([one for one in scenes if one.scene == scene]) for scene in SCENES
    }


def _falls(seed: int, size: Size) -> dict[str, Any]:
    found = flagged(seed, size.rates, size.weeks)
    fallen = scoring.delays(found.falls, [1] * len(found.falls))
    back = scoring.delays(found.returns, [1] * len(found.returns))
    years = found.weeks * WEEK / MINUTES_PER_YEAR
    counted = {"falls": fallen.outages, "missed": fallen.missed, "returns_missed": back.missed}
    return counted | _pair("fall", fallen) | _pair("return", back) | _false(found.false_alarms, years)


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 1)


def _show(report: dict[str, Any]) -> None:
    console = Console(width=150)
    console.print(f"seed {report['seed']}, {report['service_years']} service-years of quiet time, "
                  f"{report['microseconds_per_minute']} us of processor a service and minute")  # fmt: skip
    for title, rows in (
        ("As shipped, rivals at their usual thresholds", report["as_published"]),
        (
            "At equal false alarms: one a service-year, each detector tuned for each class of service",
            report["equal_false_alarms"],
        ),
        ("Ours by shape", report["by_shape"]),
        ("Ours by reports a minute", report["by_class"]),
        ("Ours, outages of 1.5 to 3 times the usual", [report["small_outages"]]),
    ):
        console.print(_table(title, rows))
    for name in ("start_error", "attribution", "campaigns", "falls", "burn_minutes"):
        console.print(name.replace("_", " "), report[name])


def _table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    return table
