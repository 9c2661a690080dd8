"""What other rooms and dialects see of search."""

import msgspec


class TagDay(msgspec.Struct, frozen=True, gc=False):
    """One day of a hashtag: how many public posts with it were written, by how many accounts. `day_ms` begins it."""

    day_ms: int
    uses: int
    accounts: int


class TagInfo(msgspec.Struct, frozen=True):
    """A hashtag, and how it was used on each of the last seven days, today first.

    `name` is folded for look-up, `shown` as it was written last.
    """

    name: str
    shown: str
    history: tuple[TagDay, ...] = ()
