"""What one reader has done with posts, as memory holds it."""

import msgspec


class Marks(msgspec.Struct):
    """A reader's flags on posts. Changed in place by the events of that reader, by nothing else.

    `flags` holds what is set (FAVOURITED | REBLOGGED | ..., without MUTED), `quiet` the muted conversations. Both
    reach back to a floor only: of a post with an id above `floor`, in a conversation above `quiet_floor`, everything
    is known, and so it is of those in `older`. An edge is always younger than its post, which is why a list of the
    newest edges knows every edge of every post that is younger than the oldest edge.
    """

    flags: dict[int, int] = {}
    quiet: set[int] = set()
    floor: int = 0
    quiet_floor: int = 0
    older: set[int] = set()
