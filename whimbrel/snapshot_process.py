"""A process that makes one snapshot and ends: a child of the core that gives way to everybody.

It reads the store and the journal's file and asks the core for nothing. On its standard output it says nothing, or in
one line why it failed; then its exit code is 1, or BUSY when somebody else makes one. It dies with the core.
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from whimbrel.engines.store.snapshots import Busy
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.giving_way import give_way
from whimbrel.reliability.children import die_with_parent, leave_the_terminal_to_the_supervisor
from whimbrel.snapshotting import BUSY, make_snapshot


def main() -> NoReturn:
    """Make the snapshot that the command line describes."""
    flags = argparse.ArgumentParser(prog="whimbrel.snapshot_process")
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--parent", type=int, required=True)
    told = flags.parse_args()
    die_with_parent(told.parent)
    leave_the_terminal_to_the_supervisor()
    give_way()
    try:
        make_snapshot(told.data)
    except Busy as error:
        print(error, flush=True)
        sys.exit(BUSY)
    except (WhimbrelError, OSError) as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
