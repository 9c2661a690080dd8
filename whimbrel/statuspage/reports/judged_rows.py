"""The rows of what was judged: readings, the detectors' states, surges, and which minutes were measured at all."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from whimbrel.kernel.contracts import Reading, Writing
from whimbrel.statuspage.detection import surge
from whimbrel.statuspage.reports.assessing import SurgeSeen
from whimbrel.statuspage.reports.rows import SQL

_DAY_MINUTES = 1_440
_encode = msgspec.msgpack.Encoder().encode
_surge = msgspec.msgpack.Decoder(SurgeSeen).decode


class Span(NamedTuple):
    """Minutes in a row in which the program ran, both included."""

    start: int
    until: int


class Written(NamedTuple):
    """What one minute of one service came to."""

    service: int
    reports: int
    again: int
    counted: float
    expected: float
    score: float
    since: int | None


class Judged(NamedTuple):
    """Everything that one minute came to; `span` is the first minute of the stretch that it belongs to."""

    minute: int
    span: int
    written: tuple[Written, ...]
    states: Mapping[int, bytes]
    surges: Mapping[int, SurgeSeen]


def add(pen: Writing, judged: Sequence[Judged]) -> None:
    """Write what was judged; the same minute a second time replaces itself."""
    for one in judged:
        pen.run(SQL.measured, {"from_minute": one.span, "until_minute": one.minute})
        for row in one.written:
            pen.run(SQL.add_reading, row._asdict() | {"minute": one.minute})
        for service, state in one.states.items():
            day = one.minute // _DAY_MINUTES
            pen.run(SQL.drop_states_to_come, {"service": service, "day": day})
            pen.run(SQL.keep_state, {"service": service, "day": day, "minute": one.minute, "state": state})
        for service, seen in one.surges.items():
            values = {
                "service": service,
                "since": seen.since,
                "value": _encode(seen),
                "is_open": int(seen.until is None),
            }
            pen.run(SQL.keep_surge, values)


def packed(watch: surge.Watch) -> bytes:
    """A detector's state as it is kept."""
    return zlib.compress(msgspec.json.encode(watch))


def unpacked(state: bytes) -> surge.Watch:
    """A detector's state as it was kept."""
    return msgspec.json.decode(zlib.decompress(state), type=surge.Watch)


def spans(look: Reading) -> list[Span]:
    """The stretches that were measured, oldest first."""
    return [Span(*row) for row in look.all(SQL.spans)]


def known(look: Reading) -> set[int]:
    """Every service that has a detector."""
    return {service for (service,) in look.all(SQL.watched)}


def newest_state(look: Reading, service: int) -> tuple[int, bytes] | None:
    """The newest state of a service's detector, and the minute after which it was that."""
    row = look.one(SQL.newest_state, {"service": service})
    return None if row is None else (row[0], row[1])


def state_before(look: Reading, service: int, minute: int) -> tuple[int, bytes] | None:
    """The newest state of a service's detector that is not younger than a minute; else the oldest that there is."""
    bounds = {"service": service, "minute": minute}
    row = look.one(SQL.state_before, bounds) or look.one(SQL.oldest_state, bounds)
    return None if row is None else (row[0], row[1])


def readings(look: Reading, service: int, minute: int, until: int) -> dict[int, Written]:
    """What was written of the minutes after one, up to another, by minute."""
    bounds = {"service": service, "minute": minute, "until": until}
    return {row[0]: Written(service, *row[1:]) for row in look.all(SQL.readings, bounds)}


def minutes_of(measured: Sequence[Span], after: int, until: int) -> Iterator[int]:
    """The measured minutes after one, up to another, each once, in order."""
    last = after
    for span in sorted(measured):
        yield from range(max(span.start, last + 1), min(span.until, until) + 1)
        last = max(last, span.until)


def open_surges(look: Reading) -> dict[int, SurgeSeen]:
    """The surges that go on."""
    return {service: _surge(value) for service, value in look.all(SQL.open_surges)}


def surges(look: Reading, service: int, minute: int, limit: int) -> list[SurgeSeen]:
    """The surges of a service that began at a minute or later, newest first."""
    bounds = {"service": service, "minute": minute, "limit": limit}
    return [_surge(row[0]) for row in look.all(SQL.surges, bounds)]
