"""A store is made to follow by the release that it belongs to, whichever release is in charge of the migration.

While one process after the other is replaced, some serve from the one store and some from the other, and there is one
core, which applies to its own. The other store must not fall behind under those who still read it; and only its own
release's rooms know how to apply to it. So that release's environment is asked for a process (follow.py), which ends
with this one, however that ends.
"""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.limits import MIGRATION_RESTART_SECONDS, MIGRATION_STOP_SECONDS
from whimbrel.migration.follow import AT
from whimbrel.reliability.releases import Release

_FOLLOW: Final = "whimbrel.migration.follow"


@contextmanager
def following(data: Path, number: int, release: Release) -> Iterator[int]:
    """A release's own code makes its store follow, for as long as the block runs; gives where it stood first.

    Raises Unavailable when the release's environment is gone, or its store does not catch up.
    """
    words = [release.python, "-P", "-m", _FOLLOW, "--data", str(data), "--store", str(number)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
        )
    except OSError as error:
        raise Unavailable(f"Release {release.release} is not at {release.python} any more: {error.strerror}") from error
    with process:
        try:
            yield _caught_up(process, release)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(MIGRATION_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _caught_up(process: "subprocess.Popen[str]", release: Release) -> int:
    assert process.stdout is not None
    assert process.stderr is not None
    ready, _, _ = select.select([process.stdout], [], [], MIGRATION_RESTART_SECONDS)
    line = process.stdout.readline() if ready else ""
    if line.startswith(AT):
        return int(line.removeprefix(AT))
    said = process.stderr.read() if process.poll() is not None else "nothing in time"
    raise Unavailable(f"Release {release.release} could not bring its store up to date: {said.strip()}")
