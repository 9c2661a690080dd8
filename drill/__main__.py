"""`bin/drill`: break a real server on purpose, on this machine and in a directory of its own, and count what was lost.

Each drill prints a table and one line of JSON, and ends with code 1 at the first broken promise.
"""

import argparse
import logging
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from drill import blows, crash, disk, idle, migrate, power, restart, small_disk, status, store
from drill.report import Violation, hold
from whimbrel.cli.output import progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill that the command line names; returns the exit code."""
    flags = _parser().parse_args(arguments)
    drill: Callable[[argparse.Namespace, Path], None] = flags.drill
    with tempfile.TemporaryDirectory(prefix="whimbrel-drill-") as directory:
        try:
            drill(flags, Path(directory))
        except (Violation, AssertionError) as violation:
            seed = f" (again with --seed {flags.seed})" if "seed" in flags else ""
            print(f"drill: a promise was broken{seed}: {violation}", file=sys.stderr)
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/drill", description=__doc__)
    drills = parser.add_subparsers(required=True, metavar="DRILL")
    crashing = drills.add_parser("crash", help="kill processes under load", description=crash.__doc__)
    crashing.add_argument("--kills", type=int, default=200)
    crashing.add_argument("--rate", type=float, default=200.0, help="writes a second, all people together")
    crashing.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    which = crashing.add_mutually_exclusive_group()
    which.add_argument("--one-process", action="store_true", help="only blows against single processes")
    which.add_argument("--all", action="store_true", help="those and blows against the whole group (the default)")
    crashing.set_defaults(drill=_crash)
    losing = drills.add_parser("store", help="take the store away", description=store.__doc__)
    losing.set_defaults(drill=_store)
    cutting = drills.add_parser("power", help="a failing disk, and power cuts", description=power.__doc__)
    cutting.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    cutting.set_defaults(drill=_power)
    filling = drills.add_parser("disk", help="fill the disk, and free it again", description=disk.__doc__)
    filling.add_argument("--deletions", type=int, default=1_000, help="on the full disk")
    filling.set_defaults(drill=_disk)
    moving = drills.add_parser("migrate", help="two releases take over under load", description=migrate.__doc__)
    moving.add_argument("--posts", type=float, default=100.0, help="a second, all people together")
    moving.add_argument("--gap-ms", type=float, default=250.0, help="the longest time without an answer")
    moving.set_defaults(drill=_migrate)
    restarting = drills.add_parser("restart", help="replace every process under load", description=restart.__doc__)
    restarting.add_argument("--restarts", type=int, default=5)
    restarting.set_defaults(drill=_restart)
    lagging = drills.add_parser("status", help="time how soon the status page says so", description=status.__doc__)
    lagging.add_argument("--kills", type=int, default=3, help="and so many processes are stopped")
    lagging.add_argument("--posts", type=float, default=5.0, help="a second, of which one in ten then fails")
    lagging.add_argument("--reports", type=float, default=10.0, help="a minute, where nobody reported before")
    lagging.set_defaults(drill=_status)
    idling = drills.add_parser("idle", help="measure a server that nobody asks", description=idle.__doc__)
    idling.add_argument("--seconds", type=float, default=20.0)
    idling.set_defaults(drill=_idle)
    return parser


def _crash(flags: argparse.Namespace, directory: Path) -> None:
    kinds = blows.ONE_PROCESS if flags.one_process else blows.ALL
    plan = crash.Plan(directory / "data", flags.seed, flags.kills, flags.rate, kinds)
    with progress("kills", flags.kills) as advance:
        outcome = crash.run(plan, advance)
    crash.report(outcome)


def _store(_flags: argparse.Namespace, directory: Path) -> None:
    with progress("accidents", len(store.every_accident())) as advance:
        counted = store.run(directory / "data", advance)
    store.report(counted)


def _power(flags: argparse.Namespace, directory: Path) -> None:
    logging.getLogger("whimbrel").setLevel(logging.CRITICAL)  # it has much to say of a disk that fails
    with progress("sessions", power.SESSIONS) as advance:
        counts = power.run(directory, flags.seed, advance)
    power.report(counts, flags.seed)


def _disk(flags: argparse.Namespace, directory: Path) -> None:
    way = small_disk.way_in()
    hold(way, small_disk.NOT_HERE)
    code = small_disk.run_inside(way or (), "drill.disk", [str(directory), "--deletions", str(flags.deletions)])
    hold(code == 0, "see above")


def _migrate(flags: argparse.Namespace, directory: Path) -> None:
    migrate.report(migrate.run(directory, flags.posts, flags.gap_ms))


def _restart(flags: argparse.Namespace, directory: Path) -> None:
    with progress("restarts", flags.restarts) as advance:
        figures = restart.run(directory / "data", flags.restarts, advance)
    restart.report(figures)


def _status(flags: argparse.Namespace, directory: Path) -> None:
    stories = 2 * flags.kills + 1 + len(status.PHASES_SECONDS)
    with progress("stories", stories) as advance:
        figures = status.run(directory, kills=flags.kills, posts=flags.posts, reports=flags.reports, advance=advance)
    status.report(figures)


def _idle(flags: argparse.Namespace, directory: Path) -> None:
    idle.report(idle.run(directory / "data", flags.seconds), flags.seconds)


if __name__ == "__main__":
    sys.exit(main())
