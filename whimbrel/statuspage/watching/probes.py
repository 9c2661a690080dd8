"""The front of configured probes: of the book, changed under somebody's name, and of the program's own configuration.

Promises: what `every` gives is what the configuration and the book have; a change of the book is in the history in the
same write. One that the configuration has is changed there and nowhere else.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import CONFIGURED_PROBES_MAX, PROBE_EVERY_SECONDS_MAX, PROBE_EVERY_SECONDS_MIN
from whimbrel.kernel.sql import Queries
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.watching.probing import HttpProbe, Probe
from whimbrel.statuspage.watching.reaching import FetchFailed, place_of

_SQL: Final = Queries("whimbrel.statuspage.watching")
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Probe).decode


class Probes:
    """The probes that were configured. For the program's one loop; `load` first."""

    def __init__(self, *, book: Book, clock: Clock, fixed: Iterable[Probe] = ()) -> None:
        """`fixed`: the probes of the configuration."""
        self._book, self._clock = book, clock
        self._fixed = {probe.id: probe for probe in fixed}
        self._by_id: dict[str, Probe] = dict(self._fixed)

    async def load(self) -> None:
        """Read the book."""
        found = await self._book.read(lambda look: [_decode(row[0]) for row in look.all(_SQL.probes)])
        self._by_id = {probe.id: probe for probe in found} | self._fixed

    @property
    def every(self) -> Mapping[str, Probe]:
        """By id."""
        return self._by_id

    async def put(self, probe: Probe, *, actor: str) -> None:
        """Add or change one. Raises Invalid, or Conflict: above CONFIGURED_PROBES_MAX, or for a configured one."""
        check(probe)
        self._check_free(probe.id)
        if probe.id not in self._by_id and len(self._by_id) >= CONFIGURED_PROBES_MAX:
            raise Conflict(f"at most {CONFIGURED_PROBES_MAX} probes can be configured")
        row = {"id": probe.id, "value": _encode(probe)}
        await self._book.write(lambda pen: self._note(pen, _SQL.put_probe, row, told=("probe set", probe), actor=actor))
        self._by_id = {**self._by_id, probe.id: probe}

    async def remove(self, id_: str, *, actor: str) -> None:
        """Run it no more. Raises NotFound, and Conflict for one of the configuration."""
        self._check_free(id_)
        if id_ not in self._by_id:
            raise NotFound(f'there is no probe "{id_}"')
        row = {"id": id_, "now_ms": self._clock()}
        await self._book.write(
            lambda pen: self._note(pen, _SQL.remove_probe, row, told=("probe removed", {}), actor=actor)
        )
        self._by_id = {known: probe for known, probe in self._by_id.items() if known != id_}

    def _check_free(self, id_: str) -> None:
        if id_ in self._fixed:
            raise Conflict(f'the probe "{id_}" stands in the configuration; it is changed there')

    def _note(self, pen: Writing, sql: str, row: Mapping[str, object], *, told: tuple[str, object], actor: str) -> None:
        pen.run(sql, row)
        action, details = told
        history.add(pen, action, str(row["id"]), details, actor=actor, now_ms=self._clock())


def check(probe: Probe) -> None:
    """Raises Invalid when it could never run."""
    for name, text in (("id", probe.id), ("component", probe.component)):
        if not _SLUG.fullmatch(text):
            raise Invalid(f'{name}: "{text[:60]}"; expected lower-case letters, digits and hyphens, at most 40')
    # A component of which nothing was heard for PROBE_FRESH_SECONDS is not measured: a run may fail to happen once.
    if not PROBE_EVERY_SECONDS_MIN <= probe.every_seconds <= PROBE_EVERY_SECONDS_MAX:
        expected = f"{PROBE_EVERY_SECONDS_MIN} to {PROBE_EVERY_SECONDS_MAX}"
        raise Invalid(f"every_seconds: {probe.every_seconds}; expected {expected}")
    if not 0 < probe.seconds <= probe.every_seconds:
        raise Invalid(f"seconds: {probe.seconds:g}; expected more than 0 and at most every_seconds")
    if isinstance(probe, HttpProbe):
        try:
            place_of(probe.url)
        except FetchFailed as error:
            raise Invalid(f'url: "{probe.url[:100]}"; {error.public}') from error
