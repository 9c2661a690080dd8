"""Counts to download: with the first file anybody recomputes the verdict, with the second one sees what it was about.

The readings begin with the detector's state (a line after `# state: `, JSON of surge.Watch) as of the minute before the
first one. Feeding `counted` of each line to `surge.observed` from there gives `expected`, `score` and `since` again, to
the last digit. A minute that is missing was not measured. Nothing in either file is about a person.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from whimbrel.kernel.contracts import Reading
from whimbrel.statuspage.reports import judged_rows, places
from whimbrel.statuspage.reports.series import Row

READINGS: Final = "minute,time,reports,follow_ups,counted,expected,score,since"
BINS: Final = "time,kind,place,reports,follow_ups"
TimeOf = Callable[[int], str]
SlugOf = Callable[[int], str]
_NOTHING: Final = (0, 0, 0.0, "", "", "")


def readings(look: Reading, service: int, start: int, until: int, time_of: TimeOf) -> Iterator[str]:
    """The lines of a service's minutes, from the newest kept state that is not younger than `start` on."""
    begun = judged_rows.state_before(look, service, start)
    if begun is None:
        yield READINGS
        return
    minute, state = begun
    yield f"# state: {zlib.decompress(state).decode()}"
    yield READINGS
    known = judged_rows.readings(look, service, minute, until)
    for one in judged_rows.minutes_of(judged_rows.spans(look), minute, until):
        row = known.get(one)
        values = _NOTHING if row is None else (row.reports, row.again, row.counted, row.expected, row.score, row.since)
        told = ",".join("" if value is None else repr(value) if not isinstance(value, str) else "" for value in values)
        yield f"{one},{time_of(60_000 * one)},{told}"


def bins(rows: Iterable[Row], slug_of: SlugOf, time_of: TimeOf) -> Iterator[str]:
    """The lines of counts in quarters of an hour, without the first one, which is BINS."""
    for row in rows:
        place = places.code_of(row.place)
        yield f"{time_of(60_000 * row.minute)},{slug_of(row.kind)},{place},{row.reports},{row.again}"
