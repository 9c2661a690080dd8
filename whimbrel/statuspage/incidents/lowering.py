"""Calling a part better than it is measured, with a reason: how long that counts. Pure.

A person may know better than a probe, but only of the trouble that they have seen. So what was measured then is kept
with their reason, and their word counts as long as it is no worse than that. It is over when it has become worse, and
when it was well in between: what fails afterwards is another trouble, of which they have said nothing. **The accident**
that shaped it: a false alarm that somebody had called one hid every outage of that part until the incident was closed.

Milder than it was then is still what they have spoken of, and so is what the verdict waits out (verdict.py): a service
that flaps does not end a person's word at each turn.
"""

from collections.abc import Collection, Mapping
from typing import Final

from msgspec.structs import replace

from whimbrel.statuspage.values import SEVERITY, Incident, Lowering, State, Verdict

TROUBLE: Final = frozenset({"degraded_performance", "partial_outage", "major_outage"})


def holds(lowering: Lowering, measured: State) -> bool:
    """Whether a person's word still counts beside what is measured now."""
    return lowering.counts and SEVERITY[measured] <= SEVERITY[lowering.measured]


def been_well(incident: Incident, board: Mapping[str, Verdict]) -> tuple[str, ...]:
    """The parts that were called better and are well by now."""
    return tuple(
        one
        for one, lowering in incident.lowered.items()
        if lowering.counts
        and one in board
        and board[one].state not in TROUBLE
        and SEVERITY[board[one].state] < SEVERITY[lowering.measured]
    )


def outdone(incident: Incident, board: Mapping[str, Verdict]) -> tuple[str, ...]:
    """The parts that were called better and are in a trouble of which that was not said; each is told of once."""
    return tuple(
        one
        for one, lowering in incident.lowered.items()
        if lowering.raised_ms is None
        and one in board
        and board[one].state in TROUBLE
        and (lowering.well_ms is not None or not holds(lowering, board[one].state))
    )


def ended(
    lowered: Mapping[str, Lowering], now_ms: int, *, well: Collection[str] = (), raised: Collection[str] = ()
) -> dict[str, Lowering]:
    """What was called better, with those ended that have been well or were raised."""
    return {
        one: replace(
            lowering,
            well_ms=now_ms if one in well else lowering.well_ms,
            raised_ms=now_ms if one in raised else lowering.raised_ms,
        )
        for one, lowering in lowered.items()
    }
