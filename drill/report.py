"""How a drill ends: a table and a line of JSON, or the first violation with the seed that leads to it."""

import json
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


class Violation(Exception):
    """The server broke a promise: which one, where, and what was seen instead."""


def hold(kept: object, promise: str) -> None:
    """Raise Violation unless the promise was kept."""
    if not kept:
        raise Violation(promise)


def show(title: str, rows: Sequence[tuple[str, str]], figures: Mapping[str, Any]) -> None:
    """Print a table of what was measured, and the same as one line of JSON."""
    table = Table(title=title, title_justify="left", show_header=False)
    for what, value in rows:
        table.add_row(what, value)
    Console(file=sys.stdout, width=110).print(table)
    print(json.dumps(figures), flush=True)


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Least, middle and greatest of some times, in seconds."""
    if not seconds:
        return {"min": 0.0, "median": 0.0, "max": 0.0}
    return {"min": round(min(seconds), 3), "median": round(median(seconds), 3), "max": round(max(seconds), 3)}


def spread_text(seconds: Sequence[float]) -> str:
    """The same for people."""
    found = spread(seconds)
    return f"min {found['min']:.2f} s   median {found['median']:.2f} s   max {found['max']:.2f} s"
