"""Maintenance windows: when they begin, go on and end, and when they come again. Pure.

A window goes from `scheduled` to `in_progress` at its time by itself, to `verifying` when a person says so, and to
`completed` when a person says so or its time is over. One that recurs is followed by its next when it is completed.
Recurrence is a small, honest part of RFC 5545's RRULE: FREQ=DAILY|WEEKLY|MONTHLY with INTERVAL, and COUNT or UNTIL;
everything else is refused with what is understood.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import MAINTENANCE_INTERVAL_MAX
from whimbrel.statuspage.evidence import Planned
from whimbrel.statuspage.values import SEVERITY, Maintenance, MaintenanceStatus

_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY")
_KNOWN: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL"})
_DAY_OF_EVERY_MONTH: Final = 28
_EXPECTED: Final = "expected FREQ=DAILY|WEEKLY|MONTHLY, with INTERVAL, and COUNT or UNTIL if it ends"


class Rule(msgspec.Struct, frozen=True):
    """How a window recurs. `count`: how many are still to come, this one included; None: no end by number."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until_ms: int | None = None

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}", f"INTERVAL={self.interval}"]
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until_ms is not None:
            parts.append(f"UNTIL={_date(self.until_ms).strftime('%Y%m%dT%H%M%SZ')}")
        return ";".join(parts)


def rule_of(text: str) -> Rule:
    """Read a rule. Raises Invalid with what was written and what is understood."""
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    try:
        if parts.keys() - _KNOWN or parts.get("FREQ") not in _FREQUENCIES or {"COUNT", "UNTIL"} <= parts.keys():
            raise ValueError
        interval = int(parts.get("INTERVAL", "1"))
        count = int(parts["COUNT"]) if "COUNT" in parts else None
        if not 1 <= interval <= MAINTENANCE_INTERVAL_MAX or (count is not None and count < 1):
            raise ValueError
        return Rule(parts["FREQ"], interval, count, _until_ms(parts.get("UNTIL")))
    except ValueError:
        raise Invalid(f'recurs: "{text}" is not understood; {_EXPECTED}') from None


def check(window: Maintenance) -> None:
    """Raise Invalid unless the window ends after it begins, and recurs on a day that every month has."""
    if window.until_ms <= window.scheduled_ms:
        raise Invalid("until: the window ends before it begins")
    if not window.components:
        raise Invalid("components: a window is for at least one component")
    if window.recurs:
        rule = rule_of(window.recurs)
        if rule.frequency == "MONTHLY" and _date(window.scheduled_ms).day > _DAY_OF_EVERY_MONTH:
            raise Invalid("recurs: a monthly window begins on the 28th at the latest, a day that every month has")


def check_step(window: Maintenance, status: MaintenanceStatus) -> None:
    """Raise Invalid for a step back from the end: the next of a recurring one has been announced by then."""
    if window.status == "completed" and status != "completed":
        raise Invalid("status: this window is over; announce another one")


def due(window: Maintenance, now_ms: int) -> Maintenance | None:
    """The window after what time alone does to it by now; None when that is nothing."""
    if window.status == "scheduled" and now_ms >= window.scheduled_ms:
        window = replace(window, status="in_progress", updated_ms=now_ms)
        return due(window, now_ms) or window
    if window.status in ("in_progress", "verifying") and now_ms >= window.until_ms:
        return replace(window, status="completed", updated_ms=now_ms)
    return None


def following(window: Maintenance, id_: str, now_ms: int) -> Maintenance | None:
    """The next window of one that recurs: the first that is not over by now; None when there is none."""
    if not window.recurs:
        return None
    rule = rule_of(window.recurs)
    lasts_ms = window.until_ms - window.scheduled_ms
    begins_ms = window.scheduled_ms
    while True:
        begins_ms, rule = _next_ms(begins_ms, rule), replace(rule, count=None if rule.count is None else rule.count - 1)
        if rule.count == 0 or (rule.until_ms is not None and begins_ms > rule.until_ms):
            return None
        if begins_ms + lasts_ms > now_ms:
            break
    return replace(
        window,
        id=id_,
        status="scheduled",
        scheduled_ms=begins_ms,
        until_ms=begins_ms + lasts_ms,
        created_ms=now_ms,
        updated_ms=now_ms,
        recurs=str(rule),
        updates=(),
    )


def planned(windows: Iterable[Maintenance], component: str) -> Planned | None:
    """The window that is open for a component now; of several the one that announces the worst."""
    open_ = [one for one in windows if one.status in ("in_progress", "verifying") and component in one.components]
    if not open_:
        return None
    window = max(open_, key=lambda one: SEVERITY[one.expected])
    return Planned(
        maintenance=window.id, since_ms=window.scheduled_ms, until_ms=window.until_ms, expected=window.expected
    )


def _next_ms(begins_ms: int, rule: Rule) -> int:
    if rule.frequency == "MONTHLY":
        return _months_later_ms(begins_ms, rule.interval)
    days = rule.interval * (7 if rule.frequency == "WEEKLY" else 1)
    return begins_ms + int(timedelta(days=days) / timedelta(milliseconds=1))


def _months_later_ms(begins_ms: int, months: int) -> int:
    begins = _date(begins_ms)
    year, month = divmod(begins.year * 12 + begins.month - 1 + months, 12)
    return int(begins.replace(year=year, month=month + 1).timestamp() * 1_000)


def _until_ms(text: str | None) -> int | None:
    if text is None:
        return None
    shape = "%Y%m%dT%H%M%SZ" if "T" in text else "%Y%m%d"
    return int(datetime.strptime(text, shape).replace(tzinfo=UTC).timestamp() * 1_000)


def _date(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)
