"""Pages of a list, by id, exactly as Mastodon pages (docs: api/guidelines, "Pagination")."""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, frozen=True, gc=False):
    """One request for a page.

    `max_id` and `since_id` are exclusive bounds and give the newest entries within them; `min_id` gives the
    entries directly above it (the oldest ones first taken, then shown newest first like any page).
    """

    limit: int = 20
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def ascending(self) -> bool:
        """Whether entries are taken from the old end (`min_id`)."""
        return self.min_id is not None

    @property
    def floor(self) -> int:
        """Entries must be above this id; 0 when there is no lower bound."""
        return self.min_id if self.min_id is not None else (self.since_id or 0)

    @property
    def ceiling(self) -> int:
        """Entries must be below this id; above every id when there is no upper bound."""
        return self.max_id if self.max_id is not None else (1 << 63) - 1


class Paged(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, newest first, with what the Link header needs.

    `next_max_id` asks for the page below (None when there is none for sure), `prev_min_id` for what came above.
    They are ids of the list's own entries (an edge, a notification), which need not be those of the items.
    """

    items: tuple[T, ...]
    next_max_id: int | None = None
    prev_min_id: int | None = None


def paged(page: Page, *, edges: Sequence[int], items: Iterable[T]) -> Paged[T]:
    """The answer to `page` from the ids that the list gave (newest first) and those of its items that may be shown.

    A page taken from below (`min_id`) always has one below it; another has one only when the list filled it.
    """
    more = page.ascending or len(edges) >= page.limit
    return Paged(tuple(items), edges[-1] if edges and more else None, edges[0] if edges else None)
