"""`whimbrel backup`: send what is new to the place of the backups, and list what lies there."""

import os
from typing import Annotated

from cyclopts import Parameter

from whimbrel.backing_up import BackedUp, Place, Wishes, back_up, open_place
from whimbrel.cli.codes import Usage
from whimbrel.cli.output import moment, note, say, say_json, say_table
from whimbrel.cli.product import DataFlag, JsonFlag, configuration
from whimbrel.cli.verify import stages
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.limits import BACKUP_KEEP_DAYS
from whimbrel.restoring import backups_at

EndpointFlag = Annotated[str | None, Parameter(name="--endpoint", negative="")]


def backup(
    place: str,
    /,
    *,
    full: Annotated[bool, Parameter(negative="")] = False,
    keep: int | None = None,
    keep_days: float = BACKUP_KEEP_DAYS,
    endpoint: EndpointFlag = None,
    list: Annotated[bool, Parameter(name="--list", negative="")] = False,
    json: JsonFlag = False,
    data: DataFlag = None,
) -> None:
    """Back up beside the running server: everything the first time, then only what is new.

    Args:
        place: a directory, file:///directory or s3://bucket/prefix
        full: look through everything, and send what the place does not have
        keep: how many backups stay; goes before --keep-days
        keep_days: for how many days backups stay; the two newest always do
        endpoint: the address of an S3 service that is not Amazon's
        list: show what lies there, and make no backup
    """
    if list:
        list_backups(place, endpoint=endpoint, json=json)
        return
    if keep is not None and keep < 1:
        raise Usage(f"--keep: {keep}: expected how many backups are to stay, at least 1")
    if not keep_days >= 0:
        raise Usage(f"--keep-days: {keep_days:g}: expected a number of days, 0 or more")
    os.umask(0o077)
    wishes = Wishes(full=full, keep=keep, keep_days=keep_days)
    tree = configuration(data).config
    with stages() as on_progress:
        done = back_up(tree.data, place_named(place, endpoint=endpoint, make=True), wishes, on_progress)
    if json:
        say_json(done)
    else:
        tell(done)


def place_named(where: str, *, endpoint: str | None, make: bool = False) -> Place:
    """The place that is named on the command line. Raises Usage for what cannot be one, NotFound, Unavailable."""
    try:
        return open_place(where, endpoint=endpoint, make=make)
    except Invalid as error:
        raise Usage(error.public) from error


def list_backups(place: str, *, endpoint: str | None, json: bool) -> None:
    """Every backup at a place, newest first; those that cannot be read on standard error."""
    backups, damaged = backups_at(place_named(place, endpoint=endpoint))
    for why in damaged.values():
        note(why)
    if json:
        say_json(
            [
                {
                    "name": one.name,
                    "sequence": one.sequence,
                    "release": one.release,
                    "made": moment(one.made_ms),
                    "until": moment(one.time_ms),
                    "from_sequence": one.store_sequence,
                    "from": moment(one.store_time_ms),
                    "history": one.history,
                }
                for one in backups
            ]
        )
        return
    head = ("made", "up to record", "of", "any moment from", "release", "history")
    say_table(
        head,
        (
            (
                moment(one.made_ms) or "",
                f"{one.sequence:,}",
                moment(one.time_ms) or "",
                moment(one.store_time_ms) or "",
                one.release,
                one.history,
            )
            for one in backups
        ),
    )


def tell(done: BackedUp) -> None:
    """What was sent on standard output; what the operator should know besides on standard error."""
    for why in done.damaged:
        note(f"damaged: {why}")
    if done.image:
        note(f"everything was looked through: {done.image}")
    if done.postponed:
        note(f"a new image is due and was not made: {done.postponed}")
    if done.expired or done.swept_objects:
        note(f"expired: {done.expired} backups; removed: {done.swept_objects} objects, {done.swept_bytes:,} bytes")
    sent = f"{done.objects_sent:,} objects, {done.bytes_sent:,} bytes sent in {done.seconds:.1f} s"
    say(f"{done.name}: up to record {done.sequence:,}; {sent}")
