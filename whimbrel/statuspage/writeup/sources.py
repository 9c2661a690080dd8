"""What the rooms that count know of the time of an incident: reports minute by minute, requests good and bad.

A minute that was not measured is no minute without reports: where the rooms were not looking, nothing is known.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.reports import judged_rows
from whimbrel.statuspage.reports.rows import slugs
from whimbrel.statuspage.writeup.facts import Bin, Requests
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


def requests_of(look: Reading, components: Sequence[str], from_ms: int, until_ms: int) -> Mapping[str, Requests] | None:
    """The requests of each component by its indicator of availability; None when no minute of any was counted."""
    bounds = {"components": list(components), "from": from_ms // _MINUTE_MS, "until": until_ms // _MINUTE_MS}
    found = {one: Requests(bad=bad, total=total) for one, bad, total in look.all(_SQL.requests, bounds)}
    return found or None
