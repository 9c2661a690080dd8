"""Notes: what people write beside their reports, shown when an operator has let it through.

Promises: nothing is shown unseen; each decision is in the history, under the operator's name; what nobody has let
through is dropped after HIDDEN_DAYS, what was turned down at once.
"""

from typing import Final, NamedTuple

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.errors import NotFound
from whimbrel.kernel.limits import NOTES_SHOWN_MAX
from whimbrel.statuspage.book import history
from whimbrel.statuspage.reports.rows import SQL

HIDDEN_DAYS: Final = 7
SHOWN_DAYS: Final = 90


class Note(NamedTuple):
    """A note by its id: service, kind and place are numbers; `shown_ms` is None while it is hidden."""

    id: int
    service: int
    at_ms: int
    kind: int
    place: int
    words: str
    shown_ms: int | None


def waiting(look: Reading) -> list[Note]:
    """The oldest notes that nobody has looked at, at most NOTES_SHOWN_MAX."""
    return [Note(*row) for row in look.all(SQL.waiting_notes, {"limit": NOTES_SHOWN_MAX})]


def shown(look: Reading, service: int) -> list[Note]:
    """The newest notes about a service that were let through."""
    return [Note(*row) for row in look.all(SQL.shown_notes, {"service": service, "limit": NOTES_SHOWN_MAX})]


def show(pen: Writing, id_: int, *, actor: str, now_ms: int) -> None:
    """Let one through. Raises NotFound."""
    _found(pen, id_)
    pen.run(SQL.show_note, {"id": id_, "now_ms": now_ms})
    history.add(pen, "note shown", f"note {id_}", {}, actor=actor, now_ms=now_ms)


def drop(pen: Writing, id_: int, *, actor: str, now_ms: int) -> None:
    """Turn one down, or take one back: its words are gone. Raises NotFound."""
    _found(pen, id_)
    pen.run(SQL.drop_note, {"id": id_})
    history.add(pen, "note dropped", f"note {id_}", {}, actor=actor, now_ms=now_ms)


def _found(look: Reading, id_: int) -> None:
    if look.one(SQL.note, {"id": id_}) is None:
        raise NotFound(f"there is no note {id_}")
