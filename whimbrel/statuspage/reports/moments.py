"""Moments as public documents write them: RFC 3339, UTC, with milliseconds."""

from datetime import UTC, datetime


def moment(at_ms: int) -> str:
    """A time in milliseconds since 1970."""
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_minute(minute: int) -> str:
    """The beginning of a minute counted from 1970."""
    return moment(60_000 * minute)
