"""`whimbrel doctor`: how the server is set up and how it does, on one page, with what somebody should look at."""

from whimbrel.cli.codes import DONE, FAILED
from whimbrel.cli.output import say, say_json
from whimbrel.cli.product import DataFlag, JsonFlag, configuration
from whimbrel.diagnosis import Diagnosis, Standing, diagnose
from whimbrel.kernel.limits import STREAM_CONNECTIONS_MAX


def doctor(*, json: JsonFlag = False, data: DataFlag = None) -> int:
    """Show the configuration and its sources, versions, fsync latency, disk, cursors, lag, parked events, warnings."""
    found = diagnose(configuration(data))
    if json:
        say_json(found)
    else:
        tell(found)
    return FAILED if found.warnings else DONE


def tell(found: Diagnosis) -> None:
    """The page for people."""
    heading("versions")
    for name, version in found.versions.items():
        fact(name, version)
    heading(f"options (data directory {found.data})")
    for name, option in found.options.items():
        fact(name, f"{shown(option.value)}  ({option.source})")
    heading("machine")
    if found.disk is not None:
        fact("disk free", f"{size(found.disk.free_bytes)} of {size(found.disk.total_bytes)}")
    if found.syncs is not None:
        syncs = found.syncs
        fact("fsync", f"{syncs.median_ms:.2f} ms median, {syncs.highest_ms:.2f} ms highest of {syncs.count}")
    streams = min(found.files_max, STREAM_CONNECTIONS_MAX)
    fact("open files", f"at most {found.files_max:,} a process started from here, so at most {streams:,} streams")
    heading("data")
    if found.standing is not None:
        tell_standing(found.standing)
    heading("server")
    tell_server(found)
    heading("warnings")
    for warning in found.warnings or ("none",):
        say(f"  {warning}")


def tell_standing(standing: Standing) -> None:
    """Where the journal ends and the store stands."""
    if standing.head is not None:
        fact("journal", f"{standing.head:,} records, {size(standing.journal_bytes or 0)}")
    if standing.store_cursor is not None:
        lag = f"{standing.lag_events:,} events, {standing.lag_seconds:.1f} s behind"
        fact("store", f"{standing.store}, at {standing.store_cursor:,}, {size(standing.store_bytes or 0)}; {lag}")
        fact("parked", f"{standing.parked} events")
    if standing.trimmed:
        fact("trimmed", f"up to record {standing.trimmed:,}")
    if standing.snapshot is not None:
        fact(
            "snapshot", f"of record {standing.snapshot:,}, {(standing.snapshot_age_seconds or 0) / 60:.0f} minutes old"
        )
    if standing.kept is not None:
        fact("kept", f"{standing.kept}, for the way back from an unfinished migration")


def tell_server(found: Diagnosis) -> None:
    """Which processes run, and how far their views are."""
    if found.server is None:
        fact("running", "no")
        return
    fact("running", "ready" if found.server.get("ready") else "not ready")
    for name, process in found.server.get("processes", {}).items():
        views = ", ".join(f"{view} {facts['lag_events']} behind" for view, facts in process.get("views", {}).items())
        fact(
            name,
            ("ready" if process.get("ready") else f"not ready {process.get('why', '')}") + (views and f": {views}"),
        )


def heading(words: str) -> None:
    """A part of the page."""
    say(words)


def fact(name: str, value: str) -> None:
    """One line of a part."""
    say(f"  {name:<20} {value}")


def shown(value: object) -> str:
    """An option's value on one line."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value in (None, "", (), []):
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def size(count: int) -> str:
    """A number of bytes in the unit that leaves one to three digits before the point."""
    amount, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1_000 and len(units) > 1:
        amount, _ = amount / 1_024, units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"
