"""The command line. Tools rely on it: its commands, outputs and exit codes are a public promise (docs/cli.md).

`serve` is dispatched before anything else is imported: it must hand over to the supervisor, which is standard
library only, within a few hundredths of a second, while the library that parses the other commands takes over a
tenth. So each side is a module named by a string and imported when it is the one that was asked for. `backup` steps
back before that: importing its libraries took a core from the server for half a second.
"""

import sys
from collections.abc import Sequence
from importlib import import_module


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (this process's own by default) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None and words[:1] == ["backup"]:
        import_module("whimbrel.kernel.giving_way").give_way()
    if words[:1] == ["serve"]:
        return int(import_module("whimbrel.cli.serve").serve(words[1:]))
    return int(import_module("whimbrel.cli.commands").run(words))
