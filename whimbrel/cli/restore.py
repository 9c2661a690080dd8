"""`whimbrel restore`: make a data directory of a backup, or rehearse that it could be made."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from whimbrel.cli.backup import EndpointFlag, place_named
from whimbrel.cli.codes import DONE, FAILED, Usage
from whimbrel.cli.output import moment, note, say, say_json
from whimbrel.cli.product import JsonFlag
from whimbrel.cli.verify import stages
from whimbrel.kernel.errors import Invalid
from whimbrel.restoring import Rehearsed, Restored, Until, rehearse, until_of
from whimbrel.restoring import restore as restore_data


def restore(
    place: str,
    /,
    *,
    data: Annotated[str | None, Parameter(name="--data", negative="")] = None,
    until: str | None = None,
    check: Annotated[bool, Parameter(negative="")] = False,
    temporary: str | None = None,
    endpoint: EndpointFlag = None,
    json: JsonFlag = False,
) -> int:
    """Make a new data directory of the newest backup, or of any moment that the backups reach.

    Args:
        place: a directory, file:///directory or s3://bucket/prefix
        data: the directory to make; it must not exist, or be empty
        until: the last record to restore: its sequence, or a time like 2026-05-01T12:00:00Z
        check: restore into a temporary place, check everything, and leave nothing behind
        temporary: with --check, a directory on a disk with room; the system's
        endpoint: the address of an S3 service that is not Amazon's
    """
    os.umask(0o077)
    if check == (data is not None):
        raise Usage("data: expected either --data NEW, the directory to make, or --check")
    if temporary is not None and not check:
        raise Usage("--temporary: expected only with --check")
    wanted = None if until is None else _moment_named(until)
    source = place_named(place, endpoint=endpoint)
    if data is None:
        with stages() as on_progress:
            found = rehearse(source, wanted, on_progress, folder=None if temporary is None else Path(temporary))
        return _tell_rehearsal(found, json=json)
    with stages() as on_progress:
        done = restore_data(source, Path(data), wanted, on_progress)
    if json:
        say_json(done)
    else:
        tell(done)
    return DONE


def _moment_named(until: str) -> Until:
    try:
        return until_of(until)
    except Invalid as error:
        raise Usage(error.public) from error


def tell(done: Restored) -> None:
    """What was restored on standard output, and what the operator should know besides on standard error."""
    if done.erased:
        note(f"{done.erased:,} records were blanked: what they held was deleted")
    if done.taken_away_again:
        note(f"{done.taken_away_again:,} deletions and revocations from after that moment were made again")
    if done.parked:
        note(f"{done.parked:,} events are parked: see whimbrel doctor")
    speed = f"{done.bytes:,} bytes in {done.seconds:.1f} s, {done.bytes_per_second / 1e6:.0f} MB/s"
    say(f"restored up to record {done.sequence:,} of {moment(done.time_ms)}: {speed}; {done.applied:,} events applied")


def _tell_rehearsal(found: Rehearsed, *, json: bool) -> int:
    if json:
        say_json(found)
    else:
        for one in found.findings:
            note(f"{one.part}: {one.where}: {one.what}")
        tell(found.restored)
        fits = "does not fit: see above" if found.findings else "whole"
        say(f"{fits}: {found.tables} tables counted, journal and store verified; {found.seconds:.1f} s altogether")
    return FAILED if found.findings else DONE
