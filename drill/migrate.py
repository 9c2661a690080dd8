"""Two releases take over from each other while people post and read: does anybody notice?

The releases are wheels that are built from this tree, as in tests/migrate; the newer one has another schema and another
format of events. Gaps are measured by two readers, one with a connection of its own for each request.
"""

import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from drill.report import hold, show
from tests.migrate import releases
from tests.migrate.household import Household
from tests.migrate.traffic import Traffic

READS_PER_SECOND = 150.0
FILL_POSTS = 400
PEOPLE = ("ada", "ben", "cyd", "dot")


class Measured(NamedTuple):
    """What was seen: seconds of each move, and of the longest gap in answers within it."""

    posts: int
    moves: dict[str, float]
    gaps: dict[str, float]


def run(directory: Path, posts_per_second: float, gap_ms_max: float) -> Measured:
    """Forward, back, forward again, finished. Raises Violation at the first broken promise."""
    old, new = (make(_made(directory / name)) for name, make in (("old", releases.older), ("new", releases.newer)))
    home = Household(directory / "data", old)
    people = home.provide(PEOPLE)
    home.start()
    try:
        moves: dict[str, float] = {}
        gaps: dict[str, float] = {}
        with Traffic(home.url, list(people.values()), posts=posts_per_second, reads=READS_PER_SECOND) as traffic:
            while len(traffic.told) < FILL_POSTS:
                time.sleep(0.1)
            for name, *words in (("forward",), ("back", "--back"), ("forward again",), ("finish", "--finish")):
                traffic.answered.clear()
                began = time.monotonic()
                home.run(new, "migrate", *words)
                moves[name] = time.monotonic() - began
                gaps[name] = traffic.longest_gap_seconds
        hold(not traffic.failed, f"no request fails; {len(traffic.failed)} did, the first: {traffic.failed[:1]}")
        _hold_all(home, people, traffic)
        for name, seconds in gaps.items():
            hold(seconds * 1_000 < gap_ms_max, f"{name}: an answer every {gap_ms_max:.0f} ms; none for {seconds:.3f} s")
        return Measured(len(traffic.told), moves, gaps)
    finally:
        home.close()


def report(measured: Measured) -> None:
    """A line for each move."""
    rows = [("posts acknowledged", f"{measured.posts:,}, all there once")]
    for name, seconds in measured.moves.items():
        rows.append((name, f"{seconds:.1f} s; longest gap in answers {measured.gaps[name] * 1_000:.0f} ms"))
    figures = {"posts": measured.posts, "gaps_ms": {name: round(gap * 1_000) for name, gap in measured.gaps.items()}}
    show("Migration under load", rows, figures)


def _hold_all(home: Household, people: dict[str, str], traffic: Traffic) -> None:
    home.settle()
    told = Counter(one.id for one in traffic.told)
    found: dict[str, str] = {}
    for token in people.values():
        found |= home.posted(token)
    hold(max(told.values()) == 1, "two posts never get one id")
    hold(told.keys() <= found.keys(), f"nothing is lost; {len(told.keys() - found.keys())} posts are")
    hold(found.keys() <= told.keys(), f"nothing is doubled; {len(found.keys() - told.keys())} posts are too many")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
