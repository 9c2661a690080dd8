"""Rebuilding the store: a new file from the whole journal, beside the old one, then the switch.

The old store serves until the moment of the switch, and a crash at any time leaves either the old one or none, never
half of one: the new file is whole and synced before it gets its name, and the old main file is removed before its log,
so that no file ever lies beside a log that is not its own. In the instant in between there is no store, which readers
answer from memory (StoreUnavailable).
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from whimbrel.engines.store.applying import Apply, Applying, Decode
from whimbrel.engines.store.files import remove_files
from whimbrel.engines.store.parked import Touches
from whimbrel.engines.store.standing import Past
from whimbrel.engines.store.writer import StoreWriter
from whimbrel.kernel.errors import Corrupt, StoreUnavailable
from whimbrel.kernel.limits import FOLLOW_READ_RECORDS_MAX


def rebuild(
    path: Path,
    schemas: Sequence[str],
    journal: Past,
    *,
    decode: Decode,
    apply: Apply,
    touches: Touches | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Replace the store at `path` by one made from `journal`; returns the sequence at which it stands.

    The writer of the old store must be closed. `on_progress` is told (sequence, head) after each batch. Raises
    Corrupt when the journal no longer holds its beginning, JournalUnavailable when it cannot be read.
    """
    beside = path.with_name(path.name + ".building")
    remove_files(beside)
    writer = StoreWriter(beside, schemas, synchronous="OFF")
    try:
        sequence = _follow(Applying(writer, decode, apply, touches=touches), journal, on_progress)
        if not writer.empty_log():
            raise StoreUnavailable("The new store is in use.", log=f"somebody reads {beside}")
    finally:
        writer.close()
    _sync(beside)
    remove_files(path)
    beside.rename(path)
    _sync(path.parent)
    return sequence


def _follow(applying: Applying, journal: Past, on_progress: Callable[[int, int], None] | None) -> int:
    sequence, (head, _) = 0, journal.head()
    while records := journal.read(after=sequence, limit=FOLLOW_READ_RECORDS_MAX, up_to=head):
        if records[0].sequence != sequence + 1:
            raise Corrupt("The journal does not begin at its beginning.", log=f"record {sequence + 1} was trimmed")
        sequence = applying.apply_batch(records).sequence
        if on_progress is not None:
            on_progress(sequence, head)
    return sequence


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
