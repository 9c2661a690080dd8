"""`bin/bench`: build worlds, start the real server on one core, load it from the other, print a table and JSON.

`--quick` measures a small world in about two minutes; without it the large one (100,000 accounts, 1,000,000 posts)
is built too, which takes some minutes more. `streams` measures open streams instead, `backup` backups and restores,
`reports` outage reports, `outages` how soon an outage is noticed (bench/outages: flags of its own, one core). Every
figure is printed with the goal of the project beside it.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from bench import backup, cases, machine, reports, streams, world
from bench.outages import report as outages
from bench.serving import memory_mb, serving, wait_for_store


class Size(NamedTuple):
    """How large a world is."""

    name: str
    accounts: int
    posts: int
    follows: int
    reader_follows: tuple[int, ...]


SMALL = Size("small", 1_000, 10_000, 20_000, (100,) + (50,) * 20)
LARGE = Size("large", 100_000, 1_000_000, 1_000_000, (2_000, 500, 100) + (50,) * 20)


def main() -> None:
    """Parse the flags and measure."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    whats = ("api", "streams", "backup", "reports")
    parser.add_argument("what", nargs="?", choices=whats, default="api", help="what to measure")
    parser.add_argument("--quick", action="store_true", help="only the small world, shorter runs")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    parser.add_argument("--seconds", type=float, default=None, help="length of one measurement")
    parser.add_argument("--posts", type=int, default=None, help="backup: the size of the world")
    parser.add_argument("--directory", type=Path, default=None, help="backup: where the world lies and is backed up to")
    flags = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("bin/bench: needs two cores, one for the server and one for the load; this machine has one")
    report = {"streams": _streams, "backup": _backup, "reports": _reports}.get(flags.what, _api)(flags)
    if flags.json:
        flags.json.write_text(json.dumps(report, indent=2) + "\n")


def _streams(flags: argparse.Namespace) -> dict[str, Any]:
    size = streams.QUICK if flags.quick else streams.FULL
    if flags.seconds:
        size = size._replace(seconds=flags.seconds)
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-") as directory:
        described = machine.description(Path(directory))
    rows = list(streams.measured(size))
    _show(f"streams: {size.watching:,} watching, {size.readers:,} readers", rows, described)
    return {"machine": described, "streams": [row._asdict() for row in rows]}


def _backup(flags: argparse.Namespace) -> dict[str, Any]:
    size = backup.QUICK if flags.quick else backup.FULL
    size = size._replace(seconds=flags.seconds or size.seconds, posts=flags.posts or size.posts)
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-", dir=flags.directory) as directory:
        described = machine.description(Path(directory))
        rows = list(backup.measured(size, Path(directory)))
    _show(f"backups: {size.accounts:,} accounts, {size.posts:,} posts", rows, described)
    return {"machine": described, "backup": [row._asdict() for row in rows]}


def _reports(flags: argparse.Namespace) -> dict[str, Any]:
    size = reports.QUICK if flags.quick else reports.FULL
    size = size._replace(seconds=flags.seconds or size.seconds)
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-") as directory:
        described = machine.description(Path(directory))
        rows = list(reports.measured(size, Path(directory)))
    _show("outage reports", rows, described)
    return {"machine": described, "reports": [row._asdict() for row in rows]}


def _api(flags: argparse.Namespace) -> dict[str, Any]:
    seconds = flags.seconds or (3.0 if flags.quick else 8.0)
    sizes = (SMALL,) if flags.quick else (SMALL, LARGE)
    with tempfile.TemporaryDirectory(prefix="whimbrel-bench-") as directory:
        report: dict[str, Any] = {"machine": machine.description(Path(directory)), "worlds": {}}
        for size in sizes:
            sync_ms = report["machine"]["fsync_ms"]["p50"]
            rows = list(
                _measured(
                    size,
                    Path(directory) / size.name,
                    seconds,
                    rounds=1 if flags.quick else 3,
                    sync_ms=sync_ms,
                )
            )
            report["worlds"][size.name] = [row._asdict() for row in rows]
            _show(f"{size.name}: {size.accounts:,} accounts, {size.posts:,} posts", rows, report["machine"])
    return report


def _measured(size: Size, data: Path, seconds: float, *, rounds: int, sync_ms: float) -> Iterator[cases.Row]:
    posting_seconds = 5.0 if rounds == 1 else 30.0
    made = world.build(
        data, accounts=size.accounts, posts=size.posts, follows=size.follows, reader_follows=size.reader_follows
    )
    yield cases.Row("world built through the journal", "1M posts in 180 s", {"seconds": round(made.seconds, 1)})
    with serving(data, core=None) as server:
        wait_for_store(data, server)
    with serving(data, core=cases.SERVER_CORE) as server:
        yield cases.Row(
            "start to first 200", "1.0 s; 1M posts 2.5 s", {"seconds": round(server.first_answer_seconds, 2)}
        )
        wait_for_store(data, server)
        yield cases.Row("memory, idle", "100 MB", memory_mb(server))
        yield from cases.reads(server, made.tokens[0], seconds=seconds, rounds=rounds)
        yield cases.against_prebuilt(server, made.tokens[0], seconds=seconds, rounds=rounds)
        for depth in (5, 50):
            yield cases.deep_pages(server, made.tokens[0], depth=depth, seconds=seconds)
        for connections in (1, 16, 64):
            yield cases.posting(
                server, made.tokens[3:], connections=connections, seconds=posting_seconds, sync_ms=sync_ms
            )
        yield cases.visibility_delay(server, made.tokens[4], made.tokens[4], count=200)
        yield cases.Row("memory, after load", "500 MB", memory_mb(server))


def _show(title: str, rows: list[cases.Row], machine_row: dict[str, Any]) -> None:
    console = Console(width=120)
    table = Table(title=title, title_justify="left")
    for column in ("what", "goal", "measured"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.what, row.goal, "  ".join(f"{name} {value}" for name, value in row.figures.items()))
    console.print(table)
    console.print(" ".join(f"{name}={value}" for name, value in machine_row.items()), style="dim")


if __name__ == "__main__":
    if sys.argv[1:2] == ["outages"]:
        outages.main(sys.argv[2:])
    else:
        main()
