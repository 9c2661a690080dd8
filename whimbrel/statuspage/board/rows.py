"""The board's rows: spans in, spans out."""

from collections.abc import Sequence

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.board.uptime import Span
from whimbrel.statuspage.values import Verdict

_SQL = Queries("whimbrel.statuspage.board")
_encode = msgspec.msgpack.Encoder().encode
_verdict = msgspec.msgpack.Decoder(Verdict)


def newest(rows: Reading) -> dict[str, tuple[Span, Verdict]]:
    """The newest span of each component, with the verdict that it ended on."""
    return {
        component: (Span(from_ms, until_ms, state), _verdict.decode(verdict))
        for component, from_ms, until_ms, state, verdict in rows.all(_SQL.newest)
    }


def measured(rows: Reading) -> set[str]:
    """The components of which anything was ever known."""
    return {component for (component,) in rows.all(_SQL.measured)}


def begin(rows: Writing, verdict: Verdict, from_ms: int) -> None:
    """A span begins with this verdict and is, so far, as long as the verdict is old."""
    rows.run(_SQL.begin, _place(verdict, from_ms) | {"state": verdict.state})


def extend(rows: Writing, verdict: Verdict, from_ms: int) -> None:
    """The span that began at `from_ms` has gone on until the verdict."""
    rows.run(_SQL.extend, _place(verdict, from_ms))


def between(rows: Reading, components: Sequence[str], from_ms: int, until_ms: int) -> dict[str, list[Span]]:
    """The spans of each component that touch the stretch, in order; a component without any has an empty list."""
    found: dict[str, list[Span]] = {component: [] for component in components}
    bounds = {"components": list(components), "from_ms": from_ms, "until_ms": until_ms}
    for component, began_ms, ended_ms, state, _ in rows.all(_SQL.between, bounds):
        found[component].append(Span(began_ms, ended_ms, state))
    return found


def forget(rows: Writing, before_ms: int) -> int:
    """Drop what ended before; returns how many spans."""
    return rows.run(_SQL.forget, {"before_ms": before_ms})


def _place(verdict: Verdict, from_ms: int) -> dict[str, object]:
    return {
        "component": verdict.component,
        "from_ms": from_ms,
        "until_ms": max(verdict.at_ms, from_ms),
        "verdict": _encode(verdict),
    }
