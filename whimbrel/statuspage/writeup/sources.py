"""What the rooms that count know of the time of an incident: reports minute by minute, requests good and bad, posts
that came late, changes that were under way.

A minute that was not measured is no minute without reports: where the rooms were not looking, nothing is known.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.rows import slugs
from whimbrel.statuspage.watching.slo import CHANGING, DELAYED, LOOKED
from whimbrel.statuspage.writeup.facts import Bin, Changes, Delayed, Requests
from whimbrel.statuspage.writeup.gathering import ReportsOf

_SQL = Queries("whimbrel.statuspage.writeup", "counts.sql")
_MINUTE_MS: Final = 60_000


def reports_about(service: str) -> ReportsOf:
    """The reports about one service, by its slug."""

    def reports(look: Reading, from_ms: int, until_ms: int) -> Sequence[Bin] | None:
        number = slugs(look).get(service)
        if number is None:
            return None
        after, until = from_ms // _MINUTE_MS - 1, until_ms // _MINUTE_MS
        known = judged_rows.readings(look, number, after, until)
        bins = []
        for minute in judged_rows.minutes_of(judged_rows.spans(look), after, until):
            row = known.get(minute)  # a minute without reports was measured and is not written
            counts, usual = (0, None) if row is None else (row.reports, row.expected)
            bins.append(Bin(at_ms=minute * _MINUTE_MS, reports=counts, baseline=usual))
        return bins or None

    return reports


def minutes_reported(service: str) -> Callable[[Reading, int, int], Sequence[tuple[int, int]] | None]:
    """The same as mere counts: when each minute that was measured began, and how many reports it had."""
    about = reports_about(service)

    def reported(look: Reading, from_ms: int, until_ms: int) -> Sequence[tuple[int, int]] | None:
        found = about(look, from_ms, until_ms)
        return None if found is None else [(one.at_ms, one.reports) for one in found]

    return reported


def requests_of(look: Reading, components: Sequence[str], from_ms: int, until_ms: int) -> Mapping[str, Requests] | None:
    """The requests of each component by its indicator of availability; None when no minute of any was counted."""
    bounds = {"components": list(components), "from": from_ms // _MINUTE_MS, "until": until_ms // _MINUTE_MS}
    found = {one: Requests(bad=bad, total=total) for one, bad, total in look.all(_SQL.requests, bounds)}
    return found or None


def told_by_the_server(look: Reading, from_ms: int, until_ms: int) -> tuple[Delayed | None, Changes | None]:
    """What the server's own metrics said of itself, over whole minutes; None for what they never said."""
    bounds = {"from": from_ms // _MINUTE_MS, "until": until_ms // _MINUTE_MS}
    minutes = bounds["until"] - bounds["from"] + 1
    looked = _minutes_of(look, LOOKED, bounds)
    delayed = None
    if looked:
        posts = _minutes_of(look, DELAYED, bounds)
        late, written = sum(bad for _, bad, _ in posts), sum(total for _, _, total in posts)
        delayed = Delayed(delayed=late, posts=written, seen=len(looked), minutes=minutes)
    asked = _minutes_of(look, CHANGING, bounds)
    under_way = [minute for minute, changing, _ in asked if changing]
    changes = Changes(under_way=_stretches(under_way), seen=len(asked), minutes=minutes) if asked else None
    return delayed, changes


def _minutes_of(look: Reading, what: tuple[str, str], bounds: Mapping[str, int]) -> list[tuple[int, int, int]]:
    component, sli = what
    rows = look.all(_SQL.minutes, {**bounds, "component": component, "sli": sli})
    return [(minute, bad, total) for minute, bad, total in rows if total or what == DELAYED]


def _stretches(minutes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Minutes that follow each other as one, from the beginning of the first to the end of the last."""
    found: list[tuple[int, int]] = []
    for minute in minutes:
        if found and found[-1][1] == minute * _MINUTE_MS:
            found[-1] = (found[-1][0], (minute + 1) * _MINUTE_MS)
        else:
            found.append((minute * _MINUTE_MS, (minute + 1) * _MINUTE_MS))
    return tuple(found)
