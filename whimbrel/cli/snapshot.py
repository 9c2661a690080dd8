"""`whimbrel snapshot`: a verified copy of the store now, or the list of those that there are."""

from typing import Annotated

from cyclopts import Parameter

from whimbrel.cli.codes import DONE
from whimbrel.cli.doctor import size
from whimbrel.cli.output import moment, say, say_json, say_table
from whimbrel.cli.product import DataFlag, JsonFlag, configuration
from whimbrel.cli.verify import stages
from whimbrel.snapshotting import Taken, make_now, taken_so_far
from whimbrel.upkeep import journal_in

ListFlag = Annotated[bool, Parameter(name="--list", negative="")]


def snapshot(*, list: ListFlag = False, json: JsonFlag = False, data: DataFlag = None) -> int:
    """Copy the store as it is now, verify the copy, and let the ones go that are older than the two newest.

    Args:
        list: make none, show those that there are
    """
    folder = configuration(data).config.data
    if list:
        journal_in(folder)
        tell(taken_so_far(folder), json=json)
        return DONE
    with stages() as on_progress:
        made = make_now(folder, on_progress)
    if json:
        say_json(made)
    else:
        say(f"snapshot of record {made.sequence:,}: {size(made.bytes)}, verified, in {made.path}")
    return DONE


def tell(found: "list[Taken]", *, json: bool) -> None:
    """The list, newest first."""
    if json:
        say_json(found)
        return
    rows = [(f"{one.sequence:,}", moment(one.made_ms) or "", size(one.bytes), one.state) for one in found]
    say_table(("record", "made", "size", "state"), rows)
