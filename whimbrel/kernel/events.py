"""The journal's words: a draft goes in, a record comes out, an event is a record whose payload was decoded.

Every change is an event; an event is a fact, fully resolved, and never a no-op. Whether it may happen is decided
once, by the journal's one writer, through keys (see `Group` and docs/decisions/0001-decided-at-the-append.md), so
that the views which follow have nothing left to decide and cannot disagree.
"""

from typing import Any, Final, NamedTuple

import msgspec

JOURNAL_OPENED: Final = "JournalOpened"
"""The writer's first record after each opening: the barrier of rule 7. Views ignore it."""

PAYLOAD_TOO_LARGE: Final = "!payload_too_large"
TOO_MANY_DRAFTS: Final = "!too_many_drafts"
MALFORMED: Final = "!malformed"
DISK_FULL: Final = "!disk_full"
"""What `Refused.key` says when no key was the reason: a group over its limits, one that no journal could hold, and
one that is not let in while the disk is full. No real key begins with an exclamation mark."""

DISK_FULL_WORDS: Final = "The server's disk is full. Nothing was done; try again later."
"""What people are told then."""


class Claim(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A unique key taken by an event for as long as nobody releases it.

    `digest` is what the claimer wants compared when the key is met again (Idempotency-Key: the body's hash).
    `expires_ms` is milliseconds since 1970, None for ever.
    """

    key: str
    digest: bytes | None = None
    expires_ms: int | None = None


class Draft(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An event that asks to be appended.

    `id` names what the event is about (a post, an account); None means that the event creates it, and it takes
    the event's own id. `releases` must all be held, or the whole group is refused with `Absent`; with `optional`
    the draft alone is left out instead (blocking severs a follow only where there is one).
    """

    type: str
    actor: int
    payload: bytes
    id: int | None = None
    claims: tuple[Claim, ...] = ()
    releases: tuple[str, ...] = ()
    optional: bool = False


class Group(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Drafts that are appended together or not at all.

    `requires`: keys that must be held; `forbids`: keys that must not be. Checked, with the claims and releases of
    the drafts, in the transaction that appends.
    """

    drafts: tuple[Draft, ...]
    requires: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()


class Stamp(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the append gave to one draft. `id` is the draft's own id, or the event's where it had none."""

    sequence: int
    event_id: int
    id: int
    time_ms: int


class Appended(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=0):
    """The group is durable. One stamp a draft, None for an optional draft that was left out."""

    stamps: tuple[Stamp | None, ...]


class Taken(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """Nothing was appended: `key` is held by the event stamped `first`, which gave `digest`."""

    key: str
    first: Stamp
    digest: bytes | None


class Refused(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """Nothing was appended: a forbidden key is held (`held` True) or a required or released one is not."""

    key: str
    held: bool


Outcome = Appended | Taken | Refused


class Record(NamedTuple):
    """One row of the journal. `payload` is empty once the content was blanked (rule 12)."""

    sequence: int
    event_id: int
    id: int
    type: str
    actor: int
    time_ms: int
    payload: bytes
    chain: bytes


class Event(NamedTuple):
    """A record with its payload decoded; what a view's `apply` receives. `data` is the room's frozen Struct."""

    sequence: int
    event_id: int
    id: int
    type: str
    actor: int
    time_ms: int
    data: Any


class UnknownEvent(msgspec.Struct, frozen=True):
    """Stands in for the payload of a type that this version does not know; durable views park it (rule 9)."""

    payload: bytes


class BlankedEvent(msgspec.Struct, frozen=True):
    """Stands in for a payload that was erased because its content was deleted; views pass over it, or make of it
    what the deletion leaves."""


class Vocabulary:
    """The event types that this version knows, by name. Types only grow (rule 10)."""

    def __init__(self, *types: type[msgspec.Struct]) -> None:
        self._decoders = {kind.__name__: msgspec.msgpack.Decoder(kind) for kind in types}
        self.types = {kind.__name__: kind for kind in types}

    def decode(self, record: Record) -> Event:
        """Decode one record; an unknown type or a blanked payload gives its stand-in, never an error.

        Raises msgspec.DecodeError when a known type's payload does not fit it: the caller parks that event.
        """
        sequence, event_id, id_, kind, actor, time_ms, payload, _ = record
        decoder = self._decoders.get(kind)
        data: Any
        if not payload:
            data = BlankedEvent()
        elif decoder is None:
            data = UnknownEvent(payload)
        else:
            data = decoder.decode(payload)
        return Event(sequence, event_id, id_, kind, actor, time_ms, data)


_encoder = msgspec.msgpack.Encoder()


def draft(
    data: msgspec.Struct,
    *,
    actor: int,
    id: int | None = None,
    claims: tuple[Claim, ...] = (),
    releases: tuple[str, ...] = (),
    optional: bool = False,
) -> Draft:
    """A draft of the event `data`, whose class name is the event's type."""
    return Draft(type(data).__name__, actor, _encoder.encode(data), id, claims, releases, optional)
