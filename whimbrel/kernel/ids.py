"""Ids: 64 bits in Twitter's layout, so that an imported archive keeps its ids and its place.

41 bits of milliseconds since 1288834974657, 10 bits of node, 12 bits of sequence
(source: Twitter's Snowflake, 2010). An id is given only inside the journal's append, above the last id in the
journal: id order = journal order = what a poller with `since_id` sees.
"""

EPOCH_MS = 1_288_834_974_657
NODE_BITS = 10
SEQUENCE_BITS = 12
TIME_SHIFT = NODE_BITS + SEQUENCE_BITS
SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1
ID_MAX = (1 << 63) - 1


def id_at(time_ms: int, *, node: int = 0, sequence: int = 0) -> int:
    """The id of a moment; `time_ms` is milliseconds since 1970. A moment before the epoch gives 0."""
    elapsed_ms = max(0, time_ms - EPOCH_MS)
    return (elapsed_ms << TIME_SHIFT) | (node << SEQUENCE_BITS) | sequence


def time_of(id_: int) -> int:
    """Milliseconds since 1970 at which `id_` was given."""
    return (id_ >> TIME_SHIFT) + EPOCH_MS


def next_id(last_id: int, now_ms: int, *, node: int = 0) -> int:
    """The smallest id for `now_ms` that is above `last_id`.

    A clock that steps back, or more than 4,096 ids in a millisecond, borrows from the future: order and
    uniqueness win over the accuracy of the time inside the id.
    """
    fresh = id_at(now_ms, node=node)
    if fresh > last_id:
        return fresh
    if (last_id & SEQUENCE_MASK) < SEQUENCE_MASK and (last_id >> SEQUENCE_BITS) & ((1 << NODE_BITS) - 1) == node:
        return last_id + 1
    return id_at(time_of(last_id) + 1, node=node)


def parse_id(text: str) -> int | None:
    """The id written in `text`, or None when it is not one: ASCII digits only, 1 to 2**63 - 1."""
    if not (0 < len(text) <= 19 and text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if 0 < value <= ID_MAX else None
