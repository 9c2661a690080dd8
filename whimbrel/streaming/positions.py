"""Where a message stands in the order of everything that ever happened here: the journal's own.

The id of an event totally orders the history and survives every restart. One event may be two messages on one stream
(a post that mentions its reader), so a position is the event's id and the part, written `id-part`. Pure.
"""

from typing import Final

from whimbrel.kernel.ids import parse_id

PART_BITS: Final = 2
POST: Final = 0
NOTIFICATION: Final = 1
WHOLE: Final = 3
"""The part that stands for all parts of an event."""


def position_of(event_id: int, part: int = WHOLE) -> int:
    """The position of one part of an event; without a part, of the whole event."""
    return event_id << PART_BITS | part


def event_of(position: int) -> int:
    """The id of the event that a position is in."""
    return position >> PART_BITS


def shown_position(position: int) -> str:
    """As clients see it."""
    return f"{position >> PART_BITS}-{position & WHOLE}"


def parse_position(text: str) -> int | None:
    """The position that a client gave back; None when it is not one. Without a part it means the whole event."""
    written, dash, part = text.partition("-")
    event_id = parse_id(written)
    if event_id is None or (dash and part not in ("0", "1", "2", "3")):
        return None
    return position_of(event_id, int(part) if dash else WHOLE)
