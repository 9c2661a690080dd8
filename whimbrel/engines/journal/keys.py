"""Claims: which keys are held, and whether a group may be appended. Pure but for `Claims`, which keeps the rows.

Design note. *Taken* is looked for before everything else: a retry with the same key must be answered with its first
event even if what the group requires has changed in between (the parent of a reply was deleted after the reply). Then
`requires` and `forbids`, against the state before the group; then what the drafts release. A key that one group claims
twice is a mistake of the caller and refused. Cost: one point lookup a key and one row a claim, measured in
docs/mechanisms/journal.md.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

import apsw

from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Group, Refused, Stamp, Taken
from whimbrel.kernel.limits import CLAIM_KEY_BYTES_MAX, CLAIMS_SWEPT_MAX
from whimbrel.kernel.sql import Queries

_SQL = Queries("whimbrel.engines.journal")
_PLACES = struct.Struct(">qqqqq")
_SHAPE = struct.Struct(">??II")
_RELEASED = struct.Struct(">qI")


class Held(NamedTuple):
    """A key that is held: by which event, with what digest, until when (milliseconds since 1970, None for ever)."""

    stamp: Stamp
    digest: bytes | None
    expires_ms: int | None


def are_keys(keys: Sequence[str]) -> bool:
    """Whether each is printable text of bounded length: a NUL or half a surrogate pair would not come back alike."""
    for key in keys:
        if len(key) > CLAIM_KEY_BYTES_MAX or not key.isprintable():
            return False
        if not key.isascii() and len(key.encode("utf-8", "replace")) > CLAIM_KEY_BYTES_MAX:
            return False
    return True


def keys_of(groups: Iterable[Group]) -> set[str]:
    """Every key on which the groups depend."""
    found: set[str] = set()
    for group in groups:
        found.update(group.requires, group.forbids)
        for draft in group.drafts:
            found.update(draft.releases)
            for claim in draft.claims:
                found.add(claim.key)
    return found


def decide(group: Group, held: Mapping[str, Held | None]) -> Taken | Refused | list[bool]:
    """Which drafts of the group are appended (False: an optional one is left out), or why none is."""
    mine: dict[str, bool] = {}
    kept: list[bool] = []
    refused: Refused | None = None
    for draft in group.drafts:
        absent = next((key for key in draft.releases if not _is_held(key, mine, held)), None)
        left_out = absent is not None and draft.optional
        kept.append(not left_out)
        if left_out:
            continue
        if absent is not None:
            refused = refused or Refused(absent, held=False)
        for key in draft.releases:
            mine[key] = False
        for claim in draft.claims:
            if mine.get(claim.key):
                return Refused(claim.key, held=True)
            if claim.key not in mine and (first := held.get(claim.key)) is not None:
                return Taken(claim.key, first.stamp, first.digest)
            mine[claim.key] = True
    return _unmet(group, held) or refused or kept


def claim_row(key: str, held: Held) -> tuple[object, ...]:
    """The row of a claim, sealed with a checksum over all its columns."""
    stamp, digest, expires_ms = held
    return (key, stamp.sequence, stamp.event_id, stamp.id, stamp.time_ms, digest, expires_ms, claim_checksum(key, held))


def claim_checksum(key: str, held: Held) -> int:
    """The checksum that belongs to a claim's columns."""
    stamp, digest, expires_ms = held
    name, body = key.encode(), digest or b""
    places = _PLACES.pack(stamp.sequence, stamp.event_id, stamp.id, stamp.time_ms, expires_ms or 0)
    return crc32(places + _SHAPE.pack(digest is None, expires_ms is None, len(name), len(body)) + name + body)


class Released(NamedTuple):
    """A key that was given back by the record `released`, and what was held under it until then."""

    released: int
    key: str
    held: Held


def released_row(one: Released) -> tuple[object, ...]:
    """The row of a released claim, sealed with a checksum over all its columns."""
    return (one.released, *claim_row(one.key, one.held)[:-1], released_checksum(one))


def released_checksum(one: Released) -> int:
    """The checksum that belongs to a released claim's columns."""
    return crc32(_RELEASED.pack(one.released, claim_checksum(one.key, one.held)))


class Claims:
    """The rows of the claims, through the connection that appends."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def held(self, keys: Iterable[str], now_ms: int) -> dict[str, Held | None]:
        """What is held under each key at `now_ms`; an expired claim counts as free. Raises Corrupt."""
        found: dict[str, Held | None] = {}
        execute, sql = self._db.execute, _SQL.held
        for key in keys:
            try:
                row = execute(sql, (key,)).fetchone()
            except UnicodeDecodeError as error:
                raise Corrupt("The journal is damaged.", log=f"claim {key}: {error}") from error
            if row is None or (row[5] is not None and row[5] <= now_ms):
                found[key] = None
            else:
                found[key] = Held(Stamp(*row[:4]), row[4], row[5])
        return found

    def write(self, changed: Mapping[str, Held | None]) -> None:
        """Make the rows say what a batch has changed: None for a key that was released."""
        if put := [claim_row(key, held) for key, held in changed.items() if held is not None]:
            self._db.executemany(_SQL.put_claim, put)
        if dropped := [(key,) for key, held in changed.items() if held is None]:
            self._db.executemany(_SQL.drop_claim, dropped)

    def note_released(self, released: Sequence[Released]) -> None:
        """Keep what was given back, so that the claims as of an earlier record can be told (a restore asks)."""
        if released:
            self._db.executemany(_SQL.put_released, [released_row(one) for one in released])

    def sweep(self, now_ms: int) -> None:
        """Remove a bounded number of expired claims, oldest first."""
        self._db.execute(_SQL.sweep_claims, {"now_ms": now_ms, "limit": CLAIMS_SWEPT_MAX})


def _is_held(key: str, mine: Mapping[str, bool], held: Mapping[str, Held | None]) -> bool:
    return mine[key] if key in mine else held.get(key) is not None


def _unmet(group: Group, held: Mapping[str, Held | None]) -> Refused | None:
    for key in group.requires:
        if held.get(key) is None:
            return Refused(key, held=False)
    for key in group.forbids:
        if held.get(key) is not None:
            return Refused(key, held=True)
    return None
