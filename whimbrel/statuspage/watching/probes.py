"""The front of configured probes: kept in the book, changed under somebody's name.

Promises: what `every` gives is what the book has; a change is in the history in the same write.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Writing
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.limits import CONFIGURED_PROBES_MAX, PROBE_EVERY_SECONDS_MIN
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

    def __init__(self, *, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        self._by_id: dict[str, Probe] = {}

    async def load(self) -> None:
        """Read the book."""
        found = await self._book.read(lambda look: [_decode(row[0]) for row in look.all(_SQL.probes)])
        self._by_id = {probe.id: probe for probe in found}

    @property
    def every(self) -> Mapping[str, Probe]:
        """By id."""
        return self._by_id

    async def put(self, probe: Probe, *, actor: str) -> None:
        """Add or change one. Raises Invalid, or Conflict above CONFIGURED_PROBES_MAX."""
        check(probe)
        if probe.id not in self._by_id and len(self._by_id) >= CONFIGURED_PROBES_MAX:
            raise Conflict(f"at most {CONFIGURED_PROBES_MAX} probes can be configured")
        row = {"id": probe.id, "value": _encode(probe)}
        await self._book.write(lambda pen: self._note(pen, _SQL.put_probe, row, told=("probe set", probe), actor=actor))
        self._by_id = {**self._by_id, probe.id: probe}

    async def remove(self, id_: str, *, actor: str) -> None:
        """Run it no more. Raises NotFound."""
        if id_ not in self._by_id:
            raise NotFound(f'there is no probe "{id_}"')
        row = {"id": id_, "now_ms": self._clock()}
        await self._book.write(
            lambda pen: self._note(pen, _SQL.remove_probe, row, told=("probe removed", {}), actor=actor)
        )
        self._by_id = {known: probe for known, probe in self._by_id.items() if known != id_}

    def _note(self, pen: Writing, sql: str, row: Mapping[str, object], *, told: tuple[str, object], actor: str) -> None:
        pen.run(sql, row)
        action, details = told
        history.add(pen, action, str(row["id"]), details, actor=actor, now_ms=self._clock())


def check(probe: Probe) -> None:
    """Raises Invalid when it could never run."""
    for name, text in (("id", probe.id), ("component", probe.component)):
        if not _SLUG.fullmatch(text):
            raise Invalid(f'{name}: "{text[:60]}"; expected lower-case letters, digits and hyphens, at most 40')
    if not PROBE_EVERY_SECONDS_MIN <= probe.every_seconds <= 3_600:
        raise Invalid(f"every_seconds: {probe.every_seconds}; expected {PROBE_EVERY_SECONDS_MIN} to 3600")
    if not 0 < probe.seconds <= probe.every_seconds:
        raise Invalid(f"seconds: {probe.seconds:g}; expected more than 0 and at most every_seconds")
    if isinstance(probe, HttpProbe):
        try:
            place_of(probe.url)
        except FetchFailed as error:
            raise Invalid(f'url: "{probe.url[:100]}"; {error.public}') from error
