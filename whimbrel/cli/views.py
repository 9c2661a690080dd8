"""`whimbrel views rebuild`: a view is made of the journal, so it can be made again."""

from typing import Literal

from whimbrel.cli.output import say
from whimbrel.cli.product import DataFlag, configuration
from whimbrel.cli.verify import stages
from whimbrel.upkeep import rebuild_store


def rebuild(name: Literal["store", "all"], /, *, data: DataFlag = None) -> None:
    """Build a view anew from the journal, beside the old one, and put it in its place.

    Args:
        name: store, or all
    """
    with stages() as on_progress:
        sequence = rebuild_store(configuration(data).config.data, on_progress)
    built = "store" if name == "all" else name
    say(f"{built} is built anew, up to record {sequence:,}")
