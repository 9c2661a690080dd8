"""Ways to kill a running server, each at a place of its own. Only processes that the drill's server started are killed.

None needs a hook in the product: the moments are seen from outside. The core publishes its head between the commit
and the answer; SQLite writes its main file in a checkpoint only; a stopped API process hears no answer.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from drill.report import hold
from tests.support.serving import ROOT, Server, eventually
from whimbrel.engines.journal.head import HeadReader

COMMIT_SECONDS_MAX = 2.0
CHECKPOINT_SECONDS_MAX = 8.0
QUIET_SECONDS = 0.05
ORPHAN_SECONDS_MAX = 2.0
SUCCESSOR_SECONDS_MAX = 15.0
STARTING_SECONDS_MAX = 0.3


class Struck(NamedTuple):
    """When it was (monotonic clock), which process was killed (None: all), and whether the moment was the one meant."""

    at: float
    pid: int | None = None
    on_target: bool = True


Blow = Callable[[Server, random.Random], Struck]


def whole_group(server: Server, _chance: random.Random) -> Struck:
    """Everything at once, as a power cut ends it."""
    at = time.monotonic()
    server.kill()
    return Struck(at)


def core(server: Server, _chance: random.Random) -> Struck:
    """The process that writes."""
    return _killed(server.children()["core"])


def api(server: Server, _chance: random.Random) -> Struck:
    """The process that answers."""
    return _killed(server.children()["api-1"])


def supervisor(server: Server, _chance: random.Random) -> Struck:
    """The parent alone: its children must not outlive it."""
    children = server.children()
    at = _killed(_parent_of(children["core"])).at
    _end_with(server, [*children.values()])
    return Struck(at)


def core_between_commit_and_answer(server: Server, _chance: random.Random) -> Struck:
    """The writer, when its head has just moved: what it has committed is not answered yet."""
    pid = server.children()["core"]
    moved = _shoot(["head", server.data / "run" / "head"], COMMIT_SECONDS_MAX, [pid])
    return Struck(time.monotonic(), pid, moved)


def api_between_commit_and_answer(server: Server, _chance: random.Random) -> Struck:
    """The answering process is stopped, the core commits all that it was handed, then the stopped one is killed."""
    pid = server.children()["api-1"]
    head = HeadReader(server.data / "run" / "head")
    os.kill(pid, signal.SIGSTOP)
    seen, quiet_since = head.head, time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        if head.head != seen:
            seen, quiet_since = head.head, time.monotonic()
    return _killed(pid)


def group_in_a_checkpoint_of_the_journal(server: Server, _chance: random.Random) -> Struck:
    """Everything, while the journal's main file is being written."""
    children = server.children()
    pids = [_parent_of(children["core"]), *children.values()]
    moved = _shoot(["file", server.data / "journal.sqlite"], CHECKPOINT_SECONDS_MAX, pids)
    at = time.monotonic()
    _end_with(server, pids)
    return Struck(at, on_target=moved)


def core_in_a_checkpoint_of_the_store(server: Server, _chance: random.Random) -> Struck:
    """The writer, while the store's main file is being written."""
    pid = server.children()["core"]
    moved = _shoot(["file", server.data / "store-1.sqlite"], CHECKPOINT_SECONDS_MAX, [pid])
    return Struck(time.monotonic(), pid, moved)


def core_while_it_starts(server: Server, chance: random.Random) -> Struck:
    """The writer, and its successor before it is ready: recovery itself is cut short."""
    before = server.children()["core"]
    _killed(before)
    after = _successor_of(server, before)
    time.sleep(chance.random() * STARTING_SECONDS_MAX)
    return _killed(after)


ONE_PROCESS: Final[dict[str, Blow]] = {
    "core": core,
    "api": api,
    "supervisor": supervisor,
    "core between commit and answer": core_between_commit_and_answer,
    "api between commit and answer": api_between_commit_and_answer,
    "core in a checkpoint of the store": core_in_a_checkpoint_of_the_store,
    "core while it starts": core_while_it_starts,
}
ALL: Final[dict[str, Blow]] = {
    **ONE_PROCESS,
    "whole group": whole_group,
    "whole group, again": whole_group,
    "group in a checkpoint of the journal": group_in_a_checkpoint_of_the_journal,
}
ENDS_ALL: Final = frozenset(name for name in ALL if "group" in name or name == "supervisor")
"""Those after which there is no server until it is started again."""

IN_A_HURRY: Final = frozenset(name for name in ALL if "checkpoint" in name or "between" in name)
"""Those that wait for something which comes sooner, or hits more, when everybody writes without pause."""


def _killed(pid: int) -> Struck:
    at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    return Struck(at, pid)


def _successor_of(server: Server, before: int) -> int:
    def found() -> int | None:
        pid = server.children().get("core", before)
        return None if pid == before else pid

    pid: int = eventually(found, seconds=SUCCESSOR_SECONDS_MAX, what="the core is started again")
    return pid


def _shoot(target: list[object], seconds: float, pids: list[int]) -> bool:
    words = [*map(str, target), str(seconds), *map(str, pids)]
    command = [sys.executable, "-S", "-m", "drill.marksman", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as marksman:
        output, _ = marksman.communicate(timeout=seconds + SUCCESSOR_SECONDS_MAX)
    return "moved" in output


def _end_with(server: Server, pids: Sequence[int]) -> None:
    """Have the harness know that its server is dead, once all of it is. No child may outlive the supervisor."""
    try:
        eventually(lambda: not any(map(_lives, pids)), seconds=ORPHAN_SECONDS_MAX, what="all have ended")
    except AssertionError:
        hold(False, f"a process outlived the supervisor by {ORPHAN_SECONDS_MAX} s")
    server.kill()


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
