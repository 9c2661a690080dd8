"""How a write-up says times, durations, numbers and states: in UTC, to the second, in English. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from whimbrel.statuspage.values import State

NOT_KNOWN: Final = "Not known."
NOT_YET: Final = "Not known yet."

STATES: Final[Mapping[State, str]] = {
    "major_outage": "major outage",
    "partial_outage": "partial outage",
    "degraded_performance": "degraded",
    "under_maintenance": "maintenance",
    "operational": "operational",
}
"""The states that are measured, worst first, in words."""

_MARKS: Final = re.compile(r"[\\`*_\[\]<>~|&#]")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


def day(time_ms: int) -> str:
    """15 October 2020."""
    moment = _utc(time_ms)
    return f"{moment.day} {moment:%B %Y}"


def clock(time_ms: int) -> str:
    """21:36:05."""
    return f"{_utc(time_ms):%H:%M:%S}"


def moment(time_ms: int) -> str:
    """21:36:05 UTC on 15 October 2020."""
    return f"{clock(time_ms)} UTC on {day(time_ms)}"


def lasted(ms: int) -> str:
    """Exact to the second, in hours, minutes and seconds: 1 h 26 min 5 s; below a second, 0.3 s."""
    if ms < 1_000:
        return f"{ms / 1_000:g} s"
    seconds, parts = ms // 1_000, []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    if seconds or not parts:
        parts.append(f"{seconds} s")
    return " ".join(parts)


def minutes(ms: int) -> str:
    """Minutes and seconds, exact to the second: 86 min 5 s."""
    whole, seconds = divmod(ms // 1_000, 60)
    return f"{whole} min {seconds} s" if seconds else f"{whole} min"


def number(count: float) -> str:
    """12,000; a fraction with one digit."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"


def share(part: float, whole: float) -> str:
    """Percent with one digit; never rounded to none or all that it is not."""
    percent = 100 * part / whole
    shown = min(99.9, max(0.1, round(percent, 1))) if 0 < percent < 100 else percent
    return f"{shown:g} %"


def plain(text: str) -> str:
    """Somebody's words on one line of Markdown, where they mean themselves and nothing else."""
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(text.split()))


def _utc(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)
