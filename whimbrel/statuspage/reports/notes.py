"""Notes: what people write beside their reports, shown when an operator has let it through.

Promises: nothing is shown unseen; each decision is in the history, under the operator's name, with when the note came
and a digest of its words, so that anybody who has them can tell what was decided about; the words themselves are
forgotten: after HIDDEN_DAYS those that nobody has let through, at once those that were turned down.
"""

from hashlib import sha256
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


def newest_shown(look: Reading) -> list[Note]:
    """What was let through last about any service, at most NOTES_SHOWN_MAX."""
    return [Note(*row) for row in look.all(SQL.newest_shown_notes, {"limit": NOTES_SHOWN_MAX})]


def show(pen: Writing, id_: int, *, actor: str, now_ms: int) -> None:
    """Let one through; one that is shown already stays. Raises NotFound."""
    note = _found(pen, id_)
    if note.shown_ms is None:
        pen.run(SQL.show_note, {"id": id_, "now_ms": now_ms})
        _told(pen, "note shown", note, actor, now_ms)


def hide(pen: Writing, id_: int, *, actor: str, now_ms: int) -> None:
    """Turn one down that waits: its words are gone. One that is shown is taken back and waits again, as long as any.

    Raises NotFound.
    """
    note = _found(pen, id_)
    taken_back = note.shown_ms is not None
    pen.run(SQL.take_back_note if taken_back else SQL.drop_note, {"id": id_})
    _told(pen, "note taken back" if taken_back else "note dropped", note, actor, now_ms)


def _told(pen: Writing, action: str, note: Note, actor: str, now_ms: int) -> None:
    details = {"came_ms": note.at_ms, "words_sha256": sha256(note.words.encode()).hexdigest()}
    history.add(pen, action, f"note {note.id}", details, actor=actor, now_ms=now_ms)


def _found(look: Reading, id_: int) -> Note:
    row = look.one(SQL.note, {"id": id_})
    if row is None:
        raise NotFound(f"there is no note {id_}")
    return Note(*row)
