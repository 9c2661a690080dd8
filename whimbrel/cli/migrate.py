"""`whimbrel migrate`: a new release takes over from the one that serves, beside it; and the way back."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from whimbrel.cli.codes import DONE, Usage
from whimbrel.cli.output import note, say, say_json
from whimbrel.cli.product import DataFlag, JsonFlag, configuration
from whimbrel.cli.verify import stages
from whimbrel.migration.back import back as go_back
from whimbrel.migration.finish import finish as finish_it
from whimbrel.migration.forward import Stands
from whimbrel.migration.forward import migrate as go_forward
from whimbrel.migration.making import Tell

BackFlag = Annotated[bool, Parameter(name="--back", negative="")]
FinishFlag = Annotated[bool, Parameter(name="--finish", negative="")]


def migrate(
    *, back: BackFlag = False, finish: FinishFlag = False, json: JsonFlag = False, data: DataFlag = None
) -> int:
    """Let this release take over from the one that serves, on a store of its own; see docs/run/upgrade.md.

    Args:
        back: return to the release before, with everything that was posted since
        finish: end the migration: the way back is closed, and the old store goes
    """
    if back and finish:
        raise Usage("--back and --finish: expected at most one of them")
    work: Callable[[Path, Tell], Stands] = go_back if back else finish_it if finish else go_forward
    directory = configuration(data).config.data
    with stages() as far:
        stands = work(directory, _Steps(note if json else say, far))
    if json:
        say_json(stands._asdict())
    else:
        say(stands.words)
    return DONE


class _Steps:
    """Prints each step as a line, and how far the long ones are."""

    def __init__(self, line: Callable[[str], None], far: Callable[[str, int, int], None]) -> None:
        self._line, self.far = line, far

    def step(self, name: str, words: str) -> None:
        self._line(f"{name}: {words}")
