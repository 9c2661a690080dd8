"""From objects to files: what a plan names is fetched, checked, and put together as the files of a data directory.

Promises: every object is checked against its checksum, every record against the chain; what does not fit is Corrupt,
with its place. All files are on the disk afterwards. Store and journal are made side by side: one waits for the disk,
the other for the processor. It knows nothing of rooms: what is to be erased it is told.
"""

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from whimbrel.engines.backup.building import JournalBuilder
from whimbrel.engines.backup.choosing import Layer, Plan, described
from whimbrel.engines.backup.copying import fetch_store
from whimbrel.engines.backup.documents import Backup
from whimbrel.engines.backup.holding import claims_of
from whimbrel.engines.backup.objects import fetch, fetch_in_order
from whimbrel.engines.backup.place import Place
from whimbrel.kernel.errors import Corrupt, Unavailable


class NoRoomToRestore(Unavailable):
    """The disk has too little room for what the backup holds."""

    code = "no_room"


class Paths(NamedTuple):
    """Where the files go: the data directory, its journal, and the store, which gets its name later."""

    data: Path
    journal: Path
    store: Path


class Erasing(NamedTuple):
    """What may not come back: content in records of these types, about subjects of claims whose keys begin so."""

    prefixes: Sequence[str]
    types: Sequence[str]


class Assembled(NamedTuple):
    """What came of it: behind which record the journal begins, how many records were blanked, how much was read."""

    begins_after: int
    erased: int
    bytes: int


class _Stopped(Exception):
    """The other half has failed: this half need not go on."""


class Assembling:
    """The files of one plan at `paths`, whose directory is empty. `advance` is told how far it is, and how far it goes.

    Raises Corrupt, NoRoomToRestore, PlaceUnavailable.
    """

    def __init__(self, place: Place, plan: Plan, paths: Paths, advance: Callable[[int, int], None]) -> None:
        self._place, self._plan, self._paths, self._advance = place, plan, paths, advance
        self._done = 0
        self._total = self._room_needed()
        self._stopping = False
        self._counting = threading.Lock()

    def run(self, erasing: Erasing) -> Assembled:
        """Do it; where this has returned everything is on the disk."""
        self._fetch_files(self._plan.layers[-1].backup)
        with ThreadPoolExecutor(1, "store") as pool:
            store = pool.submit(self._fetch_store)
            try:
                journal = self._build_journal(erasing)
            except BaseException:
                self._stopping = True
                raise
            store.result()
        return Assembled(journal.beginning, journal.erased, self._done)

    def _room_needed(self) -> int:
        layers = self._plan.layers
        claims = sum(part.bytes for layer in layers for part in layer.image.claims)
        needed = layers[0].image.store.bytes + claims + sum(part.bytes for part in self._plan.segments)
        free = shutil.disk_usage(self._paths.data).free
        if free < needed + needed // 5:
            text = f"There is no room to restore: {needed:,} bytes are wanted, {free:,} are free."
            raise NoRoomToRestore(text, log=f"{text} At {self._paths.data}")
        return needed

    def _fetch_files(self, backup: Backup) -> None:
        data = self._paths.data
        for part in backup.files:
            path = data / part.name
            if data.resolve() not in path.resolve().parents:
                raise Corrupt("The backup is damaged.", log=f"{backup.name}: a file is named {part.name}")
            path.parent.mkdir(mode=0o700, exist_ok=True)
            content = fetch(self._place, part.hash, f"the file {part.name}")
            with open(path, "xb", opener=_private) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

    def _fetch_store(self) -> None:
        def advance(more: int) -> None:
            if self._stopping:
                raise _Stopped
            self._count(more)

        fetch_store(self._place, self._plan.layers[0].image.store, self._paths.store, advance)

    def _build_journal(self, erasing: Erasing) -> JournalBuilder:
        last, end = self._plan.last, self._plan.layers[-1].backup
        builder = JournalBuilder(self._paths.journal, last)
        try:
            for layer in self._plan.layers:
                self._take(builder, layer)
            tip = builder.tip
            if tip.sequence != last:
                raise Corrupt("The backup is damaged.", log=f"{end.name}: it ends with record {tip.sequence}")
            if last == end.sequence and tip.chain.hex() != end.chain:
                raise Corrupt("The backup is damaged.", log=f"{end.name}: the chain hash at its end is another one")
            builder.erase(erasing.prefixes, erasing.types)
            builder.finish()
        finally:
            builder.close()
        return builder

    def _take(self, builder: JournalBuilder, layer: Layer) -> None:
        for content, what in fetch_in_order(self._place, claims_of(layer)):
            builder.take_claims(content, what)
            self._count(len(content))
        for content, what in fetch_in_order(self._place, [described(part) for part in layer.segments]):
            builder.take(content, what)
            self._count(len(content))

    def _count(self, more: int) -> None:
        with self._counting:
            self._done += more
            self._advance(self._done, self._total)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_CLOEXEC, 0o600)
