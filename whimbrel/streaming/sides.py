"""What the rules look at of each account that listens: its side of the graph, and the conversations it has muted.

A memory view like the others, but one that lets nobody go: a side stays as long as somebody listens for its account,
however many listen, because a rule that found nobody would tell nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from whimbrel.kernel.contracts import Reading, Reads, Tail
from whimbrel.kernel.events import BlankedEvent, Event
from whimbrel.kernel.limits import STREAM_CONNECTIONS_MAX
from whimbrel.microblog.graph import memory as graph
from whimbrel.microblog.graph import rows as graph_rows
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.interactions import rows as interactions_rows
from whimbrel.microblog.shelf import Shelf

_QUIETING: Final = frozenset({"ConversationMuted", "ConversationUnmuted"})


class Side:
    """One account's side. `quiet` holds the conversations that it wants no notifications from."""

    __slots__ = ("quiet", "reader")

    def __init__(self, reader: Reader, quiet: set[int]) -> None:
        self.reader, self.quiet = reader, quiet


class SidesInMemory:
    """The sides of the accounts that listen (a MemoryView)."""

    def __init__(self, reads: Reads, tail: Tail) -> None:
        self.shelf: Shelf[int, Side] = Shelf(
            reads, tail, query=_sides, touched=touched, change=_change, items_max=2 * STREAM_CONNECTIONS_MAX
        )
        self.forgotten = False
        """Whether everything was dropped: then nothing that is derived from sides is true any more."""

    def apply(self, event: Event) -> None:
        """Take one event in."""
        self.shelf.apply(event)

    def forget(self) -> None:
        """Drop everything."""
        self.forgotten = True
        self.shelf.forget()


def touched(event: Event) -> Iterable[int]:
    """The accounts whose sides an event changes."""
    if event.type in _QUIETING:
        return () if isinstance(event.data, BlankedEvent) else (event.actor,)
    return graph.touched(event)


def _sides(rows: Reading, account_ids: Sequence[int]) -> Mapping[int, Side]:
    readers = graph_rows.readers(rows, account_ids)
    quiet = interactions_rows.quiet(rows, list(readers))
    return {account_id: Side(reader, quiet[account_id]) for account_id, reader in readers.items()}


def _change(account_id: int, side: Side, event: Event) -> Side | None:
    if event.type == "ConversationMuted":
        side.quiet.add(event.data.conversation_id)
    elif event.type == "ConversationUnmuted":
        side.quiet.discard(event.data.conversation_id)
    elif graph.change(account_id, side.reader, event) is None:
        return None
    return side
