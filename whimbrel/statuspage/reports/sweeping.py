"""What becomes of old rows: voices are forgotten, minutes summed up into quarters of an hour, words and states expire.

Promises: a sweep is many small pieces of work, so that reports never wait for one; summing up again gives the same.
"""

from collections.abc import Mapping
from typing import Final

from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.limits import REPORTS_SWEPT_MAX
from whimbrel.statuspage.reports.notes import HIDDEN_DAYS, SHOWN_DAYS
from whimbrel.statuspage.reports.rows import HOUR_MINUTES, SQL

BIN_MINUTES: Final = 15
VOICE_HOURS: Final = 48
MINUTE_DAYS: Final = 9
BIN_DAYS: Final = 400
_DAY_MINUTES: Final = 24 * HOUR_MINUTES
_DAY_MS: Final = _DAY_MINUTES * 60_000


def sum_up(pen: Writing, service: int, until: int) -> None:
    """Sum the minutes of a service up into quarters of an hour, up to the last full one before `until`."""
    until = until // BIN_MINUTES * BIN_MINUTES
    row = pen.one(SQL.summed_until, {"service": service})
    start = row[0] + BIN_MINUTES if row is not None and row[0] is not None else 0
    if start < until:
        pen.run(SQL.sum_up, {"service": service, "start": start, "until": until})


def swept(pen: Writing, now_ms: int) -> int:
    """Drop some of what is over; returns how many rows."""
    minute = now_ms // 60_000
    bounds: Mapping[str, int] = {
        "limit": REPORTS_SWEPT_MAX,
        "hour": minute // HOUR_MINUTES - VOICE_HOURS,
        "minute": minute - MINUTE_DAYS * _DAY_MINUTES,
        "bin": minute - BIN_DAYS * _DAY_MINUTES,
        "day": minute // _DAY_MINUTES - MINUTE_DAYS - 1,
        "hidden_ms": now_ms - HIDDEN_DAYS * _DAY_MS,
        "shown_ms": now_ms - SHOWN_DAYS * _DAY_MS,
    }
    statements = (
        SQL.forget_voices,
        SQL.forget_minutes,
        SQL.forget_bins,
        SQL.forget_readings,
        SQL.forget_states,
        SQL.forget_spans,
        SQL.forget_hidden_notes,
        SQL.forget_shown_notes,
    )
    return sum(pen.run(sql, bounds) for sql in statements)
