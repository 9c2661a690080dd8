"""`whimbrel verify`: is what lies on the disk what was written, and does the store say what the journal says?"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from whimbrel.cli.codes import DONE, FAILED
from whimbrel.cli.output import Advance, note, progress, say, say_json
from whimbrel.cli.product import DataFlag, JsonFlag, configuration
from whimbrel.upkeep import Verified
from whimbrel.upkeep import verify as verify_data


def verify(*, json: JsonFlag = False, data: DataFlag = None) -> int:
    """Check every record of the journal, every snapshot, every row of the store; code 1: something does not fit."""
    with stages() as on_progress:
        found = verify_data(configuration(data).config.data, on_progress)
    if json:
        say_json(found)
    else:
        tell(found)
    return FAILED if found.findings else DONE


def tell(found: Verified) -> None:
    """What was checked on standard output; what does not fit on standard error."""
    for one in found.findings:
        note(f"{one.part}: {one.where}: {one.what}")
    fits = "does not fit: see above" if found.findings else "whole"
    store = "not compared" if found.store_cursor is None else f"compared up to record {found.store_cursor:,}"
    parked = f", {found.parked} events parked" if found.parked else ""
    trimmed = f" (trimmed up to {found.trimmed:,})" if found.trimmed else ""
    copies = f"; {found.snapshots} snapshots" if found.snapshots else ""
    say(f"{fits}: {found.records:,} records in the journal{trimmed}; the store is {store}{parked}{copies}")


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Progress of several things one after another, each with a bar of its own."""
    with ExitStack() as bars:
        running: dict[str, Advance] = {}

        def on_progress(what: str, done: int, total: int) -> None:
            if what not in running:
                bars.close()
                running[what] = bars.enter_context(progress(what, total))
            running[what](done)

        yield on_progress
