"""The history: append-only, chained by hashes, so that whoever has seen its end can prove that nothing before changed.

A status page is only worth something if its operator cannot quietly rewrite it. The newest chain is published with
every page and feed; a mirror that keeps one of them can tell whether today's history still leads there. Somebody who
owns the file can write a new history from scratch: against that helps only that others have kept an old chain.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.kernel.limits import HISTORY_PAGE_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.statuspage.book")
_CHAIN_BYTES: Final = 32
GENESIS: Final = bytes(_CHAIN_BYTES)
"""The chain before the first record."""

BY_ITSELF: Final = "whimbrel"
"""The actor of what the program does without being asked."""

_encode = msgspec.json.Encoder(order="deterministic").encode


class Entry(NamedTuple):
    """One record: who did what to which thing when (milliseconds since 1970), and the details as JSON text."""

    sequence: int
    time_ms: int
    actor: str
    action: str
    subject: str
    payload: bytes
    chain: bytes

    @property
    def details(self) -> dict[str, Any]:
        """The payload, decoded."""
        found: dict[str, Any] = msgspec.json.decode(self.payload)
        return found


class Fault(NamedTuple):
    """A record that does not fit the chain, and how."""

    sequence: int
    what: str


def add(rows: Writing, action: str, subject: str, details: object, *, actor: str, now_ms: int) -> Entry:
    """Append one record, in the caller's transaction. `details` is anything that encodes as a JSON object.

    Times never step back, whatever the clock does: a reader may sort by either.
    """
    sequence, time_ms, chain = newest(rows)
    payload = _encode(details)
    entry = Entry(sequence + 1, max(now_ms, time_ms), actor, action, subject, payload, b"")
    entry = entry._replace(chain=_chained(chain, entry))
    rows.run(_SQL.add, entry._asdict())
    return entry


def newest(rows: Reading) -> tuple[int, int, bytes]:
    """Sequence, time and chain of the newest record; (0, 0, GENESIS) before the first."""
    row = rows.one(_SQL.newest)
    return (row[0], row[1], row[2]) if row is not None else (0, 0, GENESIS)


def entries(rows: Reading, *, after: int = 0) -> Iterator[Entry]:
    """Every record above `after`, in order, read a page at a time."""
    while page := [Entry._make(row) for row in rows.all(_SQL.after, {"after": after, "limit": HISTORY_PAGE_MAX})]:
        yield from page
        after = page[-1].sequence


def about(rows: Reading, subject: str) -> list[Entry]:
    """What was said and done about one thing, in order; the first HISTORY_PAGE_MAX of it."""
    bounds = {"subject": subject, "limit": HISTORY_PAGE_MAX}
    return [Entry._make(row) for row in rows.all(_SQL.of_subject, bounds)]


def faults(rows: Reading) -> Iterator[Fault]:
    """Every record that does not follow on the one before it: `whimbrel status verify`."""
    expected, chain = 1, GENESIS
    for entry in entries(rows):
        if entry.sequence != expected:
            yield Fault(entry.sequence, f"record {expected} is missing before it")
        if entry.chain != _chained(chain, entry):
            yield Fault(entry.sequence, "its hash does not follow on the record before it: one of the two was changed")
        expected, chain = entry.sequence + 1, entry.chain


def _chained(before: bytes, entry: Entry) -> bytes:
    # Length first, so that no two different records make the same bytes.
    digest = blake2b(before, digest_size=_CHAIN_BYTES)
    numbers = f"{entry.sequence} {entry.time_ms}".encode()
    for part in (numbers, entry.actor.encode(), entry.action.encode(), entry.subject.encode(), entry.payload):
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()
