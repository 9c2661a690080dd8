"""`bin/drill crash`: kill the server again and again under load, and count what was lost. It must be nothing.

Each round: people write for a moment, something is killed at a random or a chosen moment, the server is up again (by
itself when a child was killed, by us when all were), everybody finishes what was in doubt with the same keys, and what
is new is read back: home, mention and other notifications, counters. At the end all of it is read once more, and
`whimbrel verify` looks at the files.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from drill import blows, cast
from drill.audit import Audit
from drill.ledger import Ledger
from drill.report import hold, show, spread, spread_text
from drill.writers import Crowd
from tests.support.serving import READY_SECONDS, Client, Server, eventually

WRITERS = 8
BIRDS = 12
WRITING_SECONDS_MIN, WRITING_SECONDS_MAX = 0.2, 0.9
READY_SECONDS_GOAL = 3.0
CHILD_KILLS_IN_A_ROW_MAX = 3
"""After so many the server is restarted in peace: the supervisor's pause grows with every death of a young child."""


class Plan(NamedTuple):
    """What to do. `ready_seconds_max` is the longest that the server may be away after a kill."""

    data: Path
    seed: int
    kills: int = 200
    rate: float = 200.0
    kinds: Mapping[str, blows.Blow] = blows.ALL
    ready_seconds_max: float = READY_SECONDS_GOAL


class Outcome(NamedTuple):
    """What happened: how long the server was away after each kill, and what hit its place."""

    plan: Plan
    away_seconds: dict[str, list[float]]
    """By the kind of blow."""
    hits: Counter[str]
    misses: Counter[str]
    ledger: Ledger
    writing_seconds: float

    @property
    def all_away_seconds(self) -> list[float]:
        """Of every kill."""
        return [seconds for some in self.away_seconds.values() for seconds in some]


def run(plan: Plan, on_kill: Callable[[int], None] = lambda _: None) -> Outcome:
    """Do it. Raises Violation at the first broken promise; `on_kill` is told how many kills are done."""
    server, people = cast.make(plan.data, writers=WRITERS, birds=BIRDS)
    ledger = Ledger()
    audit = Audit(server, people, ledger)
    crowd = Crowd(server, people, ledger, rate=plan.rate, seed=plan.seed)
    try:
        return _rounds(
            plan, server, crowd, audit, Outcome(plan, defaultdict(list), Counter(), Counter(), ledger, 0.0), on_kill
        )
    finally:
        crowd.end()
        audit.close()
        server.close()


def _rounds(
    plan: Plan, server: Server, crowd: Crowd, audit: Audit, outcome: Outcome, on_kill: Callable[[int], None]
) -> Outcome:
    chance = random.Random(plan.seed)
    writing, in_a_row = 0.0, 0
    for number, name in enumerate(_order(plan, chance), 1):
        began = time.monotonic()
        crowd.hurry = name in blows.IN_A_HURRY
        crowd.go()
        time.sleep(chance.uniform(WRITING_SECONDS_MIN, WRITING_SECONDS_MAX))
        struck = _strike(name, plan.kinds[name], server, crowd, chance)
        (outcome.hits if struck.on_target else outcome.misses)[name] += 1
        away = _away_seconds(server, struck)
        outcome.away_seconds[name].append(away)
        crowd.reachable.set()
        crowd.hurry = False
        crowd.rest()
        writing += time.monotonic() - began
        _judge(plan, crowd, f"kill {number} ({name})", away)
        audit.news()
        in_a_row = 0 if struck.pid is None else in_a_row + 1
        if in_a_row == CHILD_KILLS_IN_A_ROW_MAX:
            in_a_row = 0
            server.restart()
        on_kill(number)
    audit.everything()
    return outcome._replace(writing_seconds=writing)


def _order(plan: Plan, chance: random.Random) -> list[str]:
    """Every kind of blow equally often, in an order given by the seed."""
    order: list[str] = []
    while len(order) < plan.kills:
        order += chance.sample(sorted(plan.kinds), len(plan.kinds))
    return order[: plan.kills]


def _strike(name: str, blow: blows.Blow, server: Server, crowd: Crowd, chance: random.Random) -> blows.Struck:
    if name in blows.ENDS_ALL:
        crowd.reachable.clear()
    return blow(server, chance)


def _away_seconds(server: Server, struck: blows.Struck) -> float:
    """Start the server if nobody else does; how long it took from the blow until all of it says that it is ready."""
    if struck.pid is None:
        server.start()
    client = server.client()
    try:
        eventually(lambda: _is_ready(server, client, struck.pid), seconds=READY_SECONDS, what="the server is ready")
    finally:
        client.close()
    return time.monotonic() - struck.at


def _is_ready(server: Server, client: Client, killed: int | None) -> bool:
    try:
        return client.get("/readyz").status == 200 and killed not in server.children().values()
    except (OSError, HTTPException):
        return False


def _judge(plan: Plan, crowd: Crowd, when: str, away_seconds: float) -> None:
    hold(not crowd.faults, f"{when}: {crowd.faults[:1]}")
    hold(
        away_seconds <= plan.ready_seconds_max,
        f"{when}: ready again after {away_seconds:.2f} s, promised are {plan.ready_seconds_max:.0f} s",
    )


def report(outcome: Outcome) -> None:
    """Print what was done and measured."""
    ledger, plan = outcome.ledger, outcome.plan
    posts = ledger.deeds["post"]
    done = ledger.deeds.total()
    rate = done / outcome.writing_seconds
    rows = [
        ("kills", f"{len(outcome.all_away_seconds)} (seed {plan.seed})"),
        *((f"  {name}", _moment(outcome, name)) for name in sorted(plan.kinds)),
        ("acknowledged", f"{done:,} writes, {posts:,} of them posts, {rate:.0f}/s outages included"),
        ("retried with the same key", f"{ledger.retried:,}"),
        ("durable, but the answer was lost", f"{ledger.answers_lost:,} of them"),
        ("acknowledged and missing", "0"),
        ("doubled", "0"),
        ("mentions, other notifications, counters, home entries", "all there, none twice"),
        ("ready again", spread_text(outcome.all_away_seconds)),
    ]
    figures = {
        "drill": "crash",
        "seed": plan.seed,
        "kills": len(outcome.all_away_seconds),
        "on_target": dict(outcome.hits),
        "off_target": dict(outcome.misses),
        "acknowledged": dict(ledger.deeds),
        "writes_per_second": round(rate, 1),
        "retried": ledger.retried,
        "answers_lost": ledger.answers_lost,
        "missing": 0,
        "doubled": 0,
        "ready_seconds": spread(outcome.all_away_seconds),
        "ready_seconds_by_blow": {name: spread(some) for name, some in outcome.away_seconds.items()},
    }
    show("crash drill", rows, figures)


def _moment(outcome: Outcome, name: str) -> str:
    hits, misses = outcome.hits[name], outcome.misses[name]
    missed = f" + {misses} (its moment did not come)" if misses else ""
    return f"{hits}{missed}   ready: {spread_text(outcome.away_seconds[name])}"
