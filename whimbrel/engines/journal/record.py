"""A record as it rests on disk: what its hashes cover, how it is sealed, how it is checked.

Three defences, each against another accident. The *payload hash* covers salt and payload, so content can be blanked
(both emptied) while its hash stays, and nobody can guess a blanked short text by hashing candidates. The *chain* covers
the chain before it and every fact of the record, with the payload by its hash: a past that was changed, dropped or
reordered does not fit what follows. The *checksum* covers all columns as they lie there, also after blanking: it finds
a flipped bit in one row without its neighbours. Hashes are BLAKE2b of 32 bytes, the checksum is CRC-32.
"""

import struct
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple
from zlib import crc32

from whimbrel.kernel.errors import Corrupt
from whimbrel.kernel.events import Record
from whimbrel.kernel.ids import EPOCH_MS, TIME_SHIFT

HASH_BYTES: Final = 32
SALT_BYTES: Final = 16
GENESIS: Final = b""
"""The chain hash before the first record of all."""

Place = tuple[int, int, int, str, int, int]
"""Sequence, event id, id, type, actor, time_ms: a record's facts but for its payload."""

Facts = tuple[int, int, int, int, int, bytes, bytes]
"""Sequence, event id, id, actor, time_ms; type and payload hash in one; chain: what the chain covers, and its hash."""

_NUMBERS = struct.Struct(">qqqqq")
_LENGTHS = struct.Struct(">IIII")


class Tip(NamedTuple):
    """Where the journal stands: the newest record's sequence, event id and chain hash."""

    sequence: int
    event_id: int
    chain: bytes


class Sealed(NamedTuple):
    """One row of the journal, in the order of its columns."""

    sequence: int
    event_id: int
    id: int
    type: str
    actor: int
    time_ms: int
    payload: bytes
    salt: bytes
    payload_hash: bytes
    chain: bytes
    checksum: int


def seal(before: bytes, place: Place, payload: bytes, salt: bytes) -> Sealed:
    """The row that follows the chain hash `before`."""
    sequence, event_id, id_, type_, actor, time_ms = place
    payload_hash = blake2b(salt + payload, digest_size=HASH_BYTES).digest()
    facts = _NUMBERS.pack(sequence, event_id, id_, actor, time_ms) + type_.encode() + payload_hash
    chain = blake2b(before + facts, digest_size=HASH_BYTES).digest()
    lengths = _LENGTHS.pack(len(type_), len(payload), len(salt), len(facts))
    checksum = crc32(payload, crc32(lengths + facts + chain + salt))
    return Sealed(sequence, event_id, id_, type_, actor, time_ms, payload, salt, payload_hash, chain, checksum)


def checksum_of(row: Sealed) -> int:
    """The checksum that belongs to the row's other columns."""
    sequence, event_id, id_, type_, actor, time_ms, payload, salt, payload_hash, chain, _ = row
    facts = _NUMBERS.pack(sequence, event_id, id_, actor, time_ms) + type_.encode() + payload_hash
    lengths = _LENGTHS.pack(len(type_), len(payload), len(salt), len(facts))
    return crc32(payload, crc32(lengths + facts + chain + salt))


def chain_of(before: bytes, row: Sealed) -> bytes:
    """The chain hash that the row must carry after `before`."""
    facts = _NUMBERS.pack(row.sequence, row.event_id, row.id, row.actor, row.time_ms)
    return blake2b(before + facts + row.type.encode() + row.payload_hash, digest_size=HASH_BYTES).digest()


def followed(tip: Tip, facts: Iterable[Facts]) -> Tip:
    """The tip behind these records, each of which must follow on the one before: chain, sequence, id and time.

    Raises Corrupt, naming the record. It is one loop without calls, because a restore waits for it.
    """
    last, last_id, chain = tip
    pack = _NUMBERS.pack
    for sequence, event_id, id_, actor, time_ms, rest, said in facts:
        numbers = pack(sequence, event_id, id_, actor, time_ms)
        if sequence != last + 1 or blake2b(chain + numbers + rest, digest_size=HASH_BYTES).digest() != said:
            raise Corrupt("The journal is damaged.", log=f"record {sequence} does not follow record {last}")
        if event_id <= last_id or time_ms != (event_id >> TIME_SHIFT) + EPOCH_MS:
            raise Corrupt("The journal is damaged.", log=f"record {sequence}: its id or time is out of order")
        last, last_id, chain = sequence, event_id, said
    return Tip(last, last_id, chain)


def payload_fits(row: Sealed) -> bool:
    """Whether the payload is the one that was appended, or was blanked whole."""
    if not row.salt:
        return not row.payload
    return blake2b(row.salt + row.payload, digest_size=HASH_BYTES).digest() == row.payload_hash


def blanked(row: Sealed) -> Sealed:
    """The row without its content."""
    empty = row._replace(payload=b"", salt=b"")
    return empty._replace(checksum=checksum_of(empty))


def opened(row: tuple[object, ...]) -> Record:
    """The record in a row read from disk. Raises Corrupt, naming the sequence, when its checksum does not fit."""
    try:
        sealed = Sealed._make(row)
        sound = checksum_of(sealed) == sealed.checksum
    except (struct.error, AttributeError, TypeError) as error:  # a flipped type byte: a column of another kind
        raise Corrupt("The journal is damaged.", log=f"record {row[0]!r} of the journal: {error}") from error
    if not sound:
        raise Corrupt("The journal is damaged.", log=f"record {sealed.sequence} of the journal: wrong checksum")
    return Record(*sealed[:7], sealed.chain)
