"""The seam to the room that keeps people's comments: what waits for a decision, and the decision.

Without such a room there is no page for it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Waiting(NamedTuple):
    """A comment that nobody has decided about. `about`: the name of the service; `time_ms`: when it came."""

    id: str
    about: str
    text: str
    time_ms: int


class Moderation(Protocol):
    """The two verbs."""

    async def waiting(self) -> Sequence[Waiting]:
        """What waits, oldest first, a pageful."""
        ...

    async def decide(self, id_: str, *, shown: bool, actor: str) -> None:
        """Show a comment, or do not. Raises NotFound."""
        ...
