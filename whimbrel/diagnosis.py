"""What `whimbrel doctor` finds out: facts about this machine, this data directory and the server on it.

Beside the wiring because it looks at engines. It changes nothing but for the small file on which it measures fsync, and
answers also when the server is down or the data damaged: a part that cannot be read says why instead of its facts.
"""

import json
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from whimbrel import __version__
from whimbrel.config import Config, Configuration
from whimbrel.engines.journal.reader import JournalReader
from whimbrel.engines.store.numbered import numbers, store_at, store_in, stores_in
from whimbrel.engines.store.snapshots import list_snapshots
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import Clock, wall_clock_ms
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import FILES_WANTED_MIN, MIGRATION_KEPT_DAYS_MAX
from whimbrel.kernel.switching import KEPT_KEY
from whimbrel.option_table import is_loopback
from whimbrel.reliability.control import ask
from whimbrel.reliability.disk import Level, pressure

SYNCS: Final = 40
SYNC_BYTES: Final = 4_096
SYNC_MS_MAX: Final = 20.0
LAG_SECONDS_MAX: Final = 10.0
DAY_SECONDS: Final = 86_400


class Option(msgspec.Struct, frozen=True):
    """One option as it was read: its value and where that came from."""

    value: Any
    source: str


class Disk(msgspec.Struct, frozen=True):
    """The file system that the data is on."""

    free_bytes: int
    total_bytes: int
    level: Level
    words: str


class Syncs(msgspec.Struct, frozen=True):
    """How long writing 4 KiB and fsync took in the data directory, in milliseconds."""

    median_ms: float
    highest_ms: float
    count: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the journal ends and the store stands; None for what could not be read, with why in `problems`.

    `trimmed`: the newest record that the journal has forgotten; `snapshot`: where the newest verified one stands.
    """

    head: int | None = None
    journal_bytes: int | None = None
    store_cursor: int | None = None
    store_bytes: int | None = None
    lag_events: int | None = None
    lag_seconds: float | None = None
    parked: int | None = None
    store: str | None = None
    kept: str | None = None
    kept_seconds: float = 0.0
    unused: tuple[str, ...] = ()
    trimmed: int | None = None
    snapshot: int | None = None
    snapshot_age_seconds: float | None = None
    problems: tuple[str, ...] = ()


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that doctor shows. `server` is what the running server says of itself; None when none runs.

    `files_max`: how many files a process that this user starts from here may have open.
    """

    versions: Mapping[str, str]
    data: str
    options: Mapping[str, Option]
    disk: Disk | None
    syncs: Syncs | None
    data_mode: int | None
    files_max: int
    standing: Standing | None
    server: Any
    warnings: tuple[str, ...] = ()


def diagnose(configuration: Configuration, *, clock: Clock = wall_clock_ms) -> Diagnosis:
    """Look at everything. Takes as long as 40 fsyncs."""
    config = configuration.config
    there = config.data.is_dir()
    found = Diagnosis(
        versions=versions(),
        data=str(config.data),
        options=options(configuration),
        disk=disk_of(config.data) if there else None,
        syncs=measured_syncs(config.data) if there else None,
        data_mode=config.data.stat().st_mode & 0o777 if there else None,
        files_max=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        standing=standing_of(config.data, clock) if there else None,
        server=server_of(config.data),
    )
    return msgspec.structs.replace(found, warnings=tuple(warnings_of(found, config)))


def versions() -> dict[str, str]:
    """What runs here."""
    return {
        "whimbrel": __version__,
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "apsw": apsw.apsw_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores",
    }


def options(configuration: Configuration) -> dict[str, Option]:
    """Each option with its value and source; those of the status page as they stand in its section."""
    config, of_page = configuration.config, configuration.status_sources
    return {name: Option(_plain(getattr(config, name)), source) for name, source in configuration.sources.items()} | {
        f"status.{name}": Option(config.status_page[name], source) for name, source in of_page.items()
    }


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def disk_of(data: Path) -> Disk:
    """How much room is left, and what has stopped for the lack of it."""
    found = pressure(data)
    return Disk(found.space.free_bytes, found.space.total_bytes, found.level, found.words)


def measured_syncs(data: Path) -> Syncs | None:
    """Measure what every acknowledged post waits for; None where the directory cannot be written."""
    took: list[float] = []
    try:
        with tempfile.TemporaryFile(dir=data, buffering=0) as file:
            for _ in range(SYNCS):
                began = time.perf_counter()
                file.write(os.urandom(SYNC_BYTES))
                os.fsync(file.fileno())
                took.append((time.perf_counter() - began) * 1_000)
    except OSError:
        return None
    return Syncs(round(statistics.median(took), 3), round(max(took), 3), len(took))


def standing_of(data: Path, clock: Clock) -> Standing:
    """The journal's head and the store's cursor, as far as they can be read."""
    problems: list[str] = []
    found: dict[str, Any] = {}
    journal, store = data / "journal.sqlite", store_in(data)
    if journal.exists():
        reader = JournalReader(journal)
        try:
            found |= {"head": reader.head()[0], "journal_bytes": journal.stat().st_size}
            found |= {"trimmed": reader.beginning()[0]}
            found |= _stores(data, reader, clock())
        except WhimbrelError as error:
            problems.append(f"the journal cannot be read: {error}")
        finally:
            reader.close()
    if store.exists():
        try:
            found |= _store_standing(store, found.get("head"), clock())
        except WhimbrelError as error:
            problems.append(f"the store cannot be read: {error}")
    for one in list_snapshots(data):
        if one.damage:
            problems.append(f"snapshot {one.sequence} is damaged: {one.damage}")
        elif one.is_verified and "snapshot" not in found:
            found |= {"snapshot": one.sequence, "snapshot_age_seconds": max(0, clock() - one.made_ms) / 1_000}
    return Standing(**found, problems=tuple(problems))


def _stores(data: Path, journal: JournalReader, now_ms: int) -> dict[str, Any]:
    """Which store is current, which one is kept for a way back and since when, and which are nobody's."""
    now, kept = numbers(journal.find), journal.find([KEPT_KEY]).get(KEPT_KEY)
    return {
        "store": store_at(data, now.current).name,
        "kept": store_at(data, now.kept).name if now.kept else None,
        "kept_seconds": max(0, now_ms - kept.time_ms) / 1_000 if kept else 0.0,
        "unused": tuple(store_at(data, number).name for number in stores_in(data) if number not in now),
    }


def _store_standing(path: Path, head: int | None, now_ms: int) -> dict[str, Any]:
    store = SqliteStore(path)
    try:
        at = store.standing()
    finally:
        store.close()
    behind = 0 if head is None else max(0, head - at.sequence)
    return {
        "store_cursor": at.sequence,
        "store_bytes": path.stat().st_size,
        "lag_events": behind,
        "lag_seconds": max(0, now_ms - at.time_ms) / 1_000 if behind else 0.0,
        "parked": at.parked,
    }


def server_of(data: Path) -> Any:
    """What the server that runs on this data directory says of itself; None when none does."""
    try:
        reply = ask(data / "run" / "supervisor.sock", "/readyz")
        return json.loads(reply.text)
    except (OSError, ValueError):
        return None


def warnings_of(found: Diagnosis, config: Config) -> list[str]:
    """What somebody should look at, in words. Pure."""
    return [*_about_the_address(config), *_about_the_machine(found), *_about_the_data(found)]


def _about_the_address(config: Config) -> list[str]:
    public = config.public_url_at(config.port)
    said = []
    if config.host in ("0.0.0.0", "::") and config.public_url is None:
        said.append(f"host is {config.host}, but public_url is not set: the server calls itself {public}")
    if not is_loopback(config.host) and not config.tls_cert and public.startswith("http:"):
        said.append(f"people reach {config.host} over plain http: set tls_cert and tls_key, or put a proxy in front")
    if is_loopback(config.host) and public.startswith("https:") and not config.tls_cert and not config.trusted_proxies:
        said.append("public_url says https, so a proxy stands in front; trusted_proxies does not name it")
    if not config.rate_limits and not is_loopback(config.host):
        said.append("rate_limits is off on an address that others can reach")
    return said


def _about_the_machine(found: Diagnosis) -> list[str]:
    said = []
    if found.disk is not None and found.disk.level != "ok":
        said.append(f"disk: {found.disk.words}")
    if found.syncs is not None and found.syncs.median_ms > SYNC_MS_MAX:
        said.append(f"fsync takes {found.syncs.median_ms:.1f} ms: every post waits for one; see what else writes here")
    if found.disk is not None and found.syncs is None:
        said.append(f"data: {found.data} cannot be written by this user")
    if found.files_max < FILES_WANTED_MIN:
        said.append(
            f"files: a process started from here may have {found.files_max:,} open, and each stream is one;"
            " raise the hard limit (LimitNOFILE in the unit)"
        )
    if found.data_mode is not None and found.data_mode & 0o077:
        said.append(
            f"data: {found.data} has mode {found.data_mode:04o}: others on the machine can look in; expected 0700"
        )
    return said


def _about_a_migration(standing: Standing) -> list[str]:
    said = []
    if standing.kept is not None:
        days = standing.kept_seconds / DAY_SECONDS
        said.append(
            f"migration: unfinished for {days:.1f} days; {standing.kept} is kept for the way back:"
            " see whimbrel migrate --finish and --back;"
            f" after {MIGRATION_KEPT_DAYS_MAX} days the server finishes by itself"
        )
        if days > MIGRATION_KEPT_DAYS_MAX:
            said.append(
                f"migration: {standing.kept} is older than {MIGRATION_KEPT_DAYS_MAX} days and may hold"
                " what was deleted since: a server that runs ends this by itself; see its log"
            )
    if standing.unused:
        said.append(
            f"store: {', '.join(standing.unused)} is nobody's; unless a migration is under way, whimbrel migrate"
            " --finish removes it"
        )
    return said


def _about_the_data(found: Diagnosis) -> list[str]:
    standing = found.standing
    if standing is None:
        return [f"data: {found.data} does not exist yet"]
    said = [*standing.problems, *_about_a_migration(standing)]
    if standing.parked:
        said.append(f"parked: {standing.parked} events could not be applied to the store")
    if standing.head is not None and standing.store_cursor is None and not standing.problems:
        said.append("store: there is none; the server builds it at its next start")
    if (standing.lag_seconds or 0) > LAG_SECONDS_MAX:
        said.append(f"store: {standing.lag_events} events ({standing.lag_seconds:.0f} s) behind the journal")
    if standing.head is not None and (standing.store_cursor or 0) > standing.head:
        said.append(f"store: stands at {standing.store_cursor}, after the end of the journal at {standing.head}")
    if standing.trimmed and (standing.snapshot or 0) < standing.trimmed:
        said.append(f"snapshots: the journal begins after record {standing.trimmed}, and no verified one goes so far")
    core = found.server.get("processes", {}).get("core", {}) if found.server is not None else {}
    snapshots = core.get("engines", {}).get("snapshots", {})
    if snapshots and not snapshots["ok"]:
        said.append(f"snapshots: {snapshots['detail']}")
    if found.server is not None and not found.server.get("ready", False):
        said.append("the server runs and is not ready: see server")
    return said
