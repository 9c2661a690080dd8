"""The command line. Tools rely on it: its commands, outputs and exit codes are a public promise (docs/cli.md).

`serve` is dispatched before anything else is imported: it must hand over to the supervisor, which is standard
library only, within a few hundredths of a second, while the library that parses the other commands takes over a
tenth. So each side is a module named by a string and imported when it is the one that was asked for. `backup` steps
back before that: importing its libraries took a core from the server for half a second.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from whimbrel.cli.codes import INTERRUPTED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (this process's own by default) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if arguments is None:
            _open_what_is_closed()
        if arguments is None and words[:1] == ["backup"]:
            import_module("whimbrel.kernel.giving_way").give_way()
        if words[:1] == ["serve"]:
            return int(import_module("whimbrel.cli.serve").serve(words[1:]))
        return int(import_module("whimbrel.cli.commands").run(words))
    except KeyboardInterrupt:  # also while something is still imported
        return INTERRUPTED


def _open_what_is_closed() -> None:
    """Open nothing in place of a standard handle that is closed (`2>&-`).

    Else the next file that is opened has its number, and what is meant for people is written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
