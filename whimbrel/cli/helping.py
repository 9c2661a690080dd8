"""How help is laid out: plain text without boxes, each entry wrapped once, to the terminal's width."""

import sys
import textwrap
from io import StringIO
from typing import Final

from cyclopts.help import HelpPanel
from cyclopts.help.formatters.plain import PlainFormatter
from rich.console import Console, ConsoleOptions

from whimbrel.cli.output import nobody_reads

_UNBROKEN: Final = 10_000
_HANGING: Final = " " * 6


class Patient(Console):
    """A console whose reader may leave: rich would end the process with code 1."""

    def on_broken_pipe(self) -> None:
        """Write nothing more."""
        self.quiet = True
        nobody_reads(sys.stdout)


class Wrapped(PlainFormatter):
    """cyclopts' plain layout, which breaks a text before its name is put in front, and then the whole again."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one list of commands or flags."""
        wide = Console(file=StringIO(), width=_UNBROKEN)
        super().__call__(wide, options, panel)
        for line in wide.file.getvalue().splitlines():  # type: ignore[attr-defined]
            console.print(_filled(line, console.width), highlight=False, markup=False)


def _filled(line: str, width: int) -> str:
    hanging = _HANGING if line.startswith(" ") else ""
    return textwrap.fill(line, width=max(40, width - 1), subsequent_indent=hanging, break_on_hyphens=False)
