"""What the operator has done to journal and store: check them against each other, build the store anew.

Both work beside a running server and on the files of a stopped one, and neither takes the journal's lock: they only
read it, and never above what the writer has published as durable (rule 7).
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.journal.verify import verify_journal
from whimbrel.engines.store.compare import Difference, copy_of, differences
from whimbrel.engines.store.files import put_in_place
from whimbrel.engines.store.numbered import refuse_newer_store, store_in
from whimbrel.engines.store.rebuild import rebuild
from whimbrel.engines.store.snapshots import Snapshot, fitting, folders_of, list_snapshots, verify_snapshot
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.engines.store.standing import Standing, check_against
from whimbrel.kernel.errors import Corrupt, NotFound, StoreUnavailable
from whimbrel.kernel.events import Record
from whimbrel.reliability.control import ask
from whimbrel.rooms import follows

JOURNAL: Final = "journal.sqlite"

OnProgress = Callable[[str, int, int], None]
"""Is told what is being done, how far it is, and how far it goes."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not fit: in which part, where, and what."""

    part: str
    where: str
    what: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, and everything that does not fit. `records`: the newest; `trimmed`: the newest forgotten."""

    records: int
    trimmed: int = 0
    snapshots: int = 0
    store_cursor: int | None
    parked: int
    findings: tuple[Finding, ...]


def verify(data: Path, on_progress: OnProgress) -> Verified:
    """Check every record of the journal and every snapshot, then compare the store with one that is built anew.

    It is built from the journal alone; where that was trimmed, from the oldest snapshot that fits, so that as much as
    can be is replayed. Raises NotFound when there is no journal. Needs room on the disk for two more stores.
    """
    path = journal_in(data)
    checked = Verified(records=durable_head(data), store_cursor=None, parked=0, findings=())
    wrong = verify_journal(path, on_progress=lambda done, total: on_progress("journal", done, total))
    if wrong:
        return replace(checked, findings=tuple(Finding("journal", one.where, one.what) for one in wrong))
    journal = UpTo(JournalReader(path), checked.records)
    try:
        checked = replace(checked, trimmed=journal.beginning()[0])
        count, findings = _check_snapshots(data, journal, on_progress)
        checked = replace(checked, snapshots=count, findings=tuple(findings))
        standing, differing = _compare(data, journal, on_progress)
    except (Corrupt, StoreUnavailable) as error:
        unreadable = Finding("store", store_in(data).name, str(error))
        return replace(checked, findings=(*checked.findings, unreadable))
    finally:
        journal.close()
    findings = [*checked.findings, *differing]
    return replace(checked, store_cursor=standing.sequence, parked=standing.parked, findings=tuple(findings))


def rebuild_store(data: Path, on_progress: OnProgress) -> int:
    """Build the store anew and put it in the old one's place; returns the sequence at which it stands.

    It begins with the newest snapshot that fits, where there is one. It is built under a name of its own, so that a
    server which builds one at the same time is not in the way. A running server finds another file at its store's path
    and goes on with that one.
    """
    journal = UpTo(JournalReader(journal_in(data)), durable_head(data))
    store = store_in(data)
    refuse_newer_store(store)
    beside = store.with_name(f"{store.name}.anew")
    try:
        sequence = _build(beside, journal, fitting(data, None, journal), on_progress)
    finally:
        journal.close()
    put_in_place(beside, store)
    return sequence


def durable_head(data: Path) -> int:
    """The newest record that may be read: what a running core has published, else the journal's last."""
    journal = JournalReader(journal_in(data))
    try:
        last, _ = journal.head()
    finally:
        journal.close()
    return min(last, HeadReader(data / "run" / "head").head) if is_running(data) else last


def is_running(data: Path) -> bool:
    """Whether a core answers on this data directory."""
    try:
        ask(data / "run" / "core.control.sock", "/livez")
    except OSError:
        return False
    return True


def journal_in(data: Path) -> Path:
    """The journal's file. Raises NotFound where there is none: then this is no data directory."""
    path = data / JOURNAL
    if not path.exists():
        raise NotFound(f'data: "{data}": there is no journal; expected the data directory of a server')
    return path


def _check_snapshots(data: Path, journal: "UpTo", on_progress: OnProgress) -> tuple[int, list[Finding]]:
    """Read every snapshot whole; how many are good, and what is wrong with the others."""
    snapshots = list_snapshots(data)
    readable = {one.path for one in snapshots}
    unreadable = [Finding("snapshot", one.name, "no manifest") for one in folders_of(data) if one not in readable]
    findings = []
    for snapshot in snapshots:
        if snapshot.sequence < journal.beginning()[0]:
            continue  # the journal does not go on from it any more: nothing is built of it
        try:
            verify_snapshot(snapshot, journal, on_progress=lambda _, done, total: on_progress("snapshot", done, total))
        except (Corrupt, StoreUnavailable) as error:
            findings.append(Finding("snapshot", snapshot.path.name, str(error)))
    return len(snapshots) - len(findings), [*unreadable, *findings]


def _compare(data: Path, journal: "UpTo", on_progress: OnProgress) -> tuple[Standing, list[Finding]]:
    """The store as it is now, against the same events applied to an empty one, or to an old snapshot."""
    with tempfile.TemporaryDirectory(dir=data, prefix="verify-") as folder:
        copy, anew = Path(folder) / "copy.sqlite", Path(folder) / "anew.sqlite"
        copy_of(store_in(data), copy)
        standing = _standing_of(copy)
        check_against(journal, standing)
        past = journal.up_to(standing.sequence)
        trimmed, _ = journal.beginning()
        snapshots = fitting(data, standing.schema_hash, past)[::-1] if trimmed else []
        _build(anew, past, snapshots, on_progress)
        return standing, [Finding("store", f"table {one.table}", _in_words(one)) for one in differences(copy, anew)]


def _in_words(one: Difference) -> str:
    return f"{one.only_left} rows that the journal does not give, {one.only_right} that are missing; {one.example}"


def _standing_of(path: Path) -> Standing:
    store = SqliteStore(path)
    try:
        return store.standing()
    finally:
        store.close()


def _build(path: Path, journal: "UpTo", snapshots: Sequence[Snapshot], on_progress: OnProgress) -> int:
    schemas, decode, apply, subjects, migrations = follows()
    return rebuild(
        path,
        schemas,
        journal,
        decode=decode,
        apply=apply,
        subjects=subjects,
        snapshots=snapshots,
        migrations=migrations,
        on_progress=lambda done, total: on_progress("store", done, total),
    )


class UpTo:
    """The journal up to a record."""

    def __init__(self, journal: JournalReader, last: int) -> None:
        self._journal, self._last = journal, last

    def up_to(self, last: int) -> "UpTo":
        """The same journal, up to an earlier record."""
        return UpTo(self._journal, min(last, self._last))

    def read(self, *, after: int, limit: int, up_to: int | None = None) -> list[Record]:
        """Records in order; see kernel.contracts.Journal."""
        return self._journal.read(after=after, limit=limit, up_to=min(up_to or self._last, self._last))

    def head(self) -> tuple[int, bytes]:
        """Where it ends here; without the chain hash."""
        return self._last, b""

    def beginning(self) -> tuple[int, bytes]:
        """The newest record that a trim has removed, and its chain hash."""
        return self._journal.beginning()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()
