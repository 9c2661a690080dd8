"""How full the disk is, what stops when it is, and the words in which that is said.

Design note. Below 5 % free the disk is `low`, and what the server can do without stops, so that what is left goes to
what people write; when the journal is refused, or no byte is left, it is `full`, and only what is essential is let in,
from space that the journal has kept (engines/reserve.py). Two limits and not one say when it is over: the
counter-example is a snapshot that is begun at 5.1 %, brings the disk to 4.9 %, is removed, and is begun again.

The rule is pure: what the disk says and what was said before come in, a level comes out. `space_of` is the one place
that asks. A file system that has bytes but no inodes is as low as its inodes are. Standard library only, because the
supervisor logs by this.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from whimbrel.kernel.limits import DISK_FREE_SHARE_BACK, DISK_FREE_SHARE_MIN

Level = Literal["ok", "low", "full"]
Activity = Literal["snapshots", "migrations", "rebuilds", "logs"]

LEVELS: Final[tuple[Level, ...]] = ("ok", "low", "full")
"""From good to bad; a level's place in here is its number in the metrics."""

STOPS_AT: Final[Mapping[Activity, Level]] = {
    "snapshots": "low",
    "migrations": "low",
    "rebuilds": "low",
    "logs": "low",
}
"""From which level on something is not done any more. Rebuilds: of a store that is there; one that is not there is
always built. Logs: what is below a warning."""


class Space(NamedTuple):
    """What a file system says of itself; `files` are inodes, 0 of 0 where it does not count them."""

    free_bytes: int
    total_bytes: int
    free_files: int = 0
    total_files: int = 0

    @property
    def free_share(self) -> float:
        """How much is free, from 0 to 1: of bytes or of inodes, whichever is less."""
        shares = [self.free_bytes / self.total_bytes if self.total_bytes else 0.0]
        if self.total_files:
            shares.append(self.free_files / self.total_files)
        return min(shares)


class Pressure(NamedTuple):
    """A level, and what it comes from."""

    level: Level
    space: Space

    @property
    def words(self) -> str:
        """The level for people: what is free, and what has stopped."""
        free = f"{self.space.free_share:.1%} free, {self.space.free_bytes} bytes"
        if self.level == "full":
            return f"full ({free}): only deletions, disabling, passwords and revoked tokens are taken in"
        if self.level == "low":
            return f"low ({free}): no {', no '.join(STOPS_AT)} below a warning"
        return free


def level_of(space: Space, before: Level = "ok", *, refused: bool = False) -> Level:
    """The level that follows `before`. `refused`: the journal had to fall back on the space that it keeps."""
    if refused or space.free_bytes <= 0:
        return "full"
    enough = DISK_FREE_SHARE_MIN if before == "ok" else DISK_FREE_SHARE_BACK
    return "ok" if space.free_share >= enough else "low"


def may(activity: Activity, level: Level) -> bool:
    """Whether something is still done at this level."""
    return LEVELS.index(level) < LEVELS.index(STOPS_AT[activity])


def has_room_for(needed_bytes: int, space: Space) -> bool:
    """Whether the disk would not become low by something of this size."""
    return space.free_bytes - needed_bytes >= DISK_FREE_SHARE_MIN * space.total_bytes


def space_of(folder: Path) -> Space:
    """What the file system of this folder says now. Raises OSError when there is no such folder."""
    found = os.statvfs(folder)
    return Space(
        free_bytes=found.f_bavail * found.f_frsize,
        total_bytes=found.f_blocks * found.f_frsize,
        free_files=found.f_favail,
        total_files=found.f_files,
    )


def pressure(folder: Path, before: Level = "ok", *, refused: bool = False) -> Pressure:
    """How the file system of this folder stands now, after it stood at `before`. Raises OSError."""
    space = space_of(folder)
    return Pressure(level_of(space, before, refused=refused), space)
