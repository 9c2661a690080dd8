"""The seam to the room that keeps people's comments: what waits for a decision, what is shown, and the decision.

Without such a room there is no page for it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Comment(NamedTuple):
    """What somebody wrote. `about`: the name of the service; `time_ms`: when it came."""

    id: str
    about: str
    text: str
    time_ms: int


class Moderation(Protocol):
    """The three verbs."""

    async def waiting(self) -> Sequence[Comment]:
        """What nobody has decided about, oldest first, a pageful."""
        ...

    async def shown(self) -> Sequence[Comment]:
        """What was let through, the newest decision first, a pageful."""
        ...

    async def decide(self, id_: str, *, shown: bool, actor: str) -> None:
        """Show a comment; or turn down one that waits, or take back one that is shown, which then waits again.

        Raises NotFound.
        """
        ...
