"""One batch in the making: what the groups of one append become, decided in memory before anything is written.

Pure: the tip, the keys held and the time come in, rows and outcomes come out. A group that is refused leaves no trace,
so the transaction around the batch needs no savepoints, and one caller's mistake cannot hurt the others.
"""

import os

from whimbrel.engines.journal.keys import Held, Released, are_keys, decide
from whimbrel.engines.journal.record import SALT_BYTES, Place, Sealed, Tip, seal
from whimbrel.kernel.events import (
    MALFORMED,
    PAYLOAD_TOO_LARGE,
    TOO_MANY_DRAFTS,
    Appended,
    Draft,
    Group,
    Outcome,
    Record,
    Refused,
    Stamp,
)
from whimbrel.kernel.ids import ID_MAX, next_id, time_of
from whimbrel.kernel.limits import GROUP_DRAFTS_MAX, PAYLOAD_BYTES_MAX

_TYPE_CHARACTERS_MAX = 64


class Batch:
    """Takes groups in order. `tip` moves along; `changed` holds what the claims' rows must become.

    `released` holds what was given back, by which record.
    """

    def __init__(self, tip: Tip, held: dict[str, Held | None], *, now_ms: int, node: int) -> None:
        self.tip = tip
        self.outcomes: list[Outcome] = []
        self.rows: list[Sealed] = []
        self.records: list[Record] = []
        self.changed: dict[str, Held | None] = {}
        self.released: list[Released] = []
        self._held, self._now_ms, self._node = held, now_ms, node

    def take(self, group: Group) -> None:
        """Decide one sound group; earlier groups of the batch count as appended."""
        decision = decide(group, self._held)
        if not isinstance(decision, list):
            self.outcomes.append(decision)
            return
        salts = os.urandom(SALT_BYTES * len(decision))
        stamps = tuple(
            self._add(draft, salts[place * SALT_BYTES : (place + 1) * SALT_BYTES]) if kept else None
            for place, (draft, kept) in enumerate(zip(group.drafts, decision, strict=True))
        )
        self.outcomes.append(Appended(stamps))

    def refuse(self, key: str) -> None:
        """Leave out the next group in order, for a reason that is no key of its own (kernel.events)."""
        self.outcomes.append(Refused(key, held=True))

    def _add(self, draft: Draft, salt: bytes) -> Stamp:
        sequence, event_id, chain = self.tip
        sequence += 1
        event_id = next_id(event_id, self._now_ms, node=self._node)
        time_ms = time_of(event_id)
        id_ = event_id if draft.id is None else draft.id
        place: Place = (sequence, event_id, id_, draft.type, draft.actor, time_ms)
        row = seal(chain, place, draft.payload, salt)
        self.tip = Tip(sequence, event_id, row.chain)
        self.rows.append(row)
        self.records.append(Record(*place, draft.payload, row.chain))
        stamp = Stamp(sequence, event_id, id_, time_ms)
        for key in draft.releases:
            if (before := self._held.get(key)) is not None:
                self.released.append(Released(sequence, key, before))
            self._held[key] = self.changed[key] = None
        for claim in draft.claims:
            held = Held(stamp, claim.digest, claim.expires_ms)
            born_free = claim.expires_ms is not None and claim.expires_ms <= self._now_ms
            self._held[claim.key] = self.changed[claim.key] = None if born_free else held
        return stamp


def unsound(group: Group) -> str | None:
    """Why no journal could hold this group (kernel.events), or None. To be asked before its keys are looked up."""
    if len(group.drafts) > GROUP_DRAFTS_MAX:
        return TOO_MANY_DRAFTS
    for draft in group.drafts:
        if len(draft.payload) > PAYLOAD_BYTES_MAX:
            return PAYLOAD_TOO_LARGE
        if not _fits(draft):
            return MALFORMED
    return None if are_keys(group.requires) and are_keys(group.forbids) else MALFORMED


def _fits(draft: Draft) -> bool:
    if not (draft.type.isascii() and 0 < len(draft.type) <= _TYPE_CHARACTERS_MAX and 0 <= draft.actor <= ID_MAX):
        return False
    if draft.id is not None and not 0 <= draft.id <= ID_MAX:
        return False
    if draft.claims:
        for claim in draft.claims:
            if claim.expires_ms is not None and not 0 <= claim.expires_ms <= ID_MAX:
                return False
        if not are_keys([claim.key for claim in draft.claims]):
            return False
    return are_keys(draft.releases)
