"""`python -m whimbrel.migration.follow`: this release makes one store follow, for another release that is in charge.

On the way back the older release's rooms must bring its store up to date before anybody serves from it, and only its
own environment has them. Every release has this entry, with these words: `--data DIR --store NUMBER`; it prints
`at SEQUENCE` once nothing is left to apply, and goes on until its standard input ends.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from whimbrel.engines.store.numbered import store_at
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.migration.following import Following

AT: Final = "at "


def main() -> int:
    """Follow until standard input ends; returns the exit code."""
    flags = argparse.ArgumentParser(prog="whimbrel.migration.follow")
    flags.add_argument("--data", type=Path, required=True)
    flags.add_argument("--store", type=int, required=True)
    told = flags.parse_args()
    try:
        following = Following(told.data, store_at(told.data, told.store))
        print(f"{AT}{following.catch_up(_nobody)}", flush=True)
        following.start()
        sys.stdin.buffer.read()
        following.close()
    except WhimbrelError as error:
        print(f"{error.public} {error}", file=sys.stderr)
        return 1
    return 0


def _nobody(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


if __name__ == "__main__":
    sys.exit(main())
