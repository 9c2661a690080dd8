"""`bin/drill restart`: replace every process of a server under load, again and again; nobody may notice.

Four people read and write without a pause, over kept connections and new ones, and never try anything again. Run it
on a machine that has nothing else to do: the gap that somebody sees is the server's and the machine's together.
"""

from pathlib import Path
from typing import NamedTuple

from drill.report import hold, show
from tests.support.load import load_on, posted
from tests.support.serving import serving
from whimbrel.cli.output import Advance

GAP_MS_MAX = 250.0
_WRITER = "ines"


class Figures(NamedTuple):
    """How often the server was restarted, how much was asked meanwhile, and how long each waited at the longest."""

    restarts: int
    answers: int
    posts: int
    gaps_ms: dict[str, float]


def run(data: Path, restarts: int, advance: Advance, *, gap_ms_max: float = GAP_MS_MAX) -> Figures:
    """Restart so often. Raises Violation when a request failed, a post is missing or doubled, or somebody waited."""
    with serving(data, api_processes=2) as server:
        token = server.provide([_WRITER])[_WRITER]
        with load_on(server, token) as people:
            for done in range(restarts):
                server.command("restart")
                advance(done + 1)
        failures = [failure for person in people for failure in person.failures]
        hold(not failures, f"no request fails in a restart; {len(failures)} did, first: {failures[:1]}")
        acknowledged = {id_: text for person in people for id_, text in person.acknowledged.items()}
        client = server.client(token)
        hold(posted(client) == acknowledged, "what was acknowledged is there once, and nothing else")
        client.close()
    gaps_ms = {person.name: round(person.longest_gap_seconds * 1_000, 1) for person in people}
    hold(max(gaps_ms.values()) < gap_ms_max, f"nobody waits for {gap_ms_max:.0f} ms; the longest waits were {gaps_ms}")
    return Figures(restarts, sum(person.answers for person in people), len(acknowledged), gaps_ms)


def report(figures: Figures) -> None:
    """Print what was measured."""
    rows = [
        ("restarts", str(figures.restarts)),
        ("requests, all answered", f"{figures.answers:,}, of them {figures.posts:,} posts"),
        *[(f"longest gap, {name}", f"{gap:.0f} ms") for name, gap in figures.gaps_ms.items()],
    ]
    show("restarts under load", rows, {"drill": "restart", **figures._asdict()})
