"""Moments as Mastodon writes them: `2026-11-20T22:54:33.120Z`."""

from functools import lru_cache
from time import gmtime

_MOMENTS_MAX = 4_096


@lru_cache(_MOMENTS_MAX)
def moment(time_ms: int) -> str:
    """An ISO 8601 moment in UTC with milliseconds; `time_ms` is milliseconds since 1970."""
    seconds, milliseconds = divmod(time_ms, 1000)
    year, month, day, hour, minute, second = gmtime(seconds)[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}Z"


def day(time_ms: int) -> str:
    """An ISO 8601 date in UTC."""
    return moment(time_ms)[:10]


def midnight(time_ms: int) -> str:
    """The moment at which that day began, which is how Mastodon writes the day of a sign-up."""
    return f"{day(time_ms)}T00:00:00.000Z"
