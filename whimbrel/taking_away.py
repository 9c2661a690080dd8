"""What people took away after the moment that is restored is taken away again: posts, accounts, tokens.

Promises: the first record behind the cut is a barrier whose id is above every id that a backup knows, so no id is given
twice; sequences are, but every cursor carries the chain hash, and a follower of the old history finds that its own does
not fit. What the newest backup of any history knows to be deleted is deleted again, and tokens that the newest of the
same history does not hold any more are revoked. What hangs on these follows by the core's cascades.
docs/mechanisms/backup.md.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from whimbrel import config
from whimbrel.core import linked_core
from whimbrel.engines.backup.choosing import Layer, Plan
from whimbrel.engines.backup.documents import Backup
from whimbrel.engines.backup.holding import claims_in, keys_held
from whimbrel.engines.backup.keeping import image_of
from whimbrel.engines.backup.place import Place
from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.store.numbered import store_in
from whimbrel.engines.store.sqlite import SqliteStore
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Unavailable
from whimbrel.kernel.events import Appended, Group
from whimbrel.kernel.ids import time_of
from whimbrel.kernel.limits import BATCH_GROUPS_MAX, RESTORE_FOLLOW_SECONDS
from whimbrel.microblog.again import TOKEN_KEYS, taken_away
from whimbrel.microblog.keys import DELETION_KEYS
from whimbrel.upkeep import JOURNAL, OnProgress


class _Gone(NamedTuple):
    """Subjects of deletions, and ids of tokens."""

    deleted: list[int]
    revoked: list[int]


def take_away_again(data: Path, place: Place, wanted: Plan, backups: Sequence[Backup], on_progress: OnProgress) -> int:
    """Delete and revoke in the restored directory `data` what is known to be gone; returns how much that was.

    The journal goes on behind the cut when this has returned, also if nothing was gone. Raises Unavailable, Corrupt.
    """
    gone = _gone_since(data, place, wanted, backups)
    _open_above(data / JOURNAL, max(one.event_id for one in backups))
    store = SqliteStore(store_in(data))
    try:
        with store.reading() as rows:
            groups = taken_away(rows, gone.deleted, gone.revoked)
    finally:
        store.close()
    if groups:
        asyncio.run(_append(data, groups, on_progress))
        shutil.rmtree(data / "run", ignore_errors=True)
    return len(groups)


def _gone_since(data: Path, place: Place, wanted: Plan, backups: Sequence[Backup]) -> _Gone:
    """What the newest backup of each history knows to be deleted, and which tokens its own knows no more."""
    history = wanted.layers[-1].backup.history
    deleted: set[int] = set()
    revoked: list[int] = []
    for backup in {one.history: one for one in reversed(backups)}.values():
        held = keys_held(place, Layer(backup, image_of(place, backup)), (*DELETION_KEYS, TOKEN_KEYS))
        since = wanted.last if backup.history == history else 0
        deleted |= {one.id for key, one in held.items() if key.startswith(DELETION_KEYS) and one.sequence > since}
        if backup.history == history:
            revoked = [id_ for key, id_ in claims_in(data / JOURNAL, TOKEN_KEYS) if key not in held]
    return _Gone(sorted(deleted), revoked)


def _open_above(path: Path, newest_id: int) -> None:
    """Append a barrier whose id is above every id that was ever seen, whatever this machine's clock says."""
    SqliteJournal(path, clock=lambda: max(wall_clock_ms(), time_of(newest_id) + 1)).close()


async def _append(data: Path, groups: Sequence[Group], on_progress: OnProgress) -> None:
    tree = config.read({"data": str(data)}, os.environ).config
    async with linked_core(tree) as link:
        for start in range(0, len(groups), BATCH_GROUPS_MAX):
            piece = groups[start : start + BATCH_GROUPS_MAX]
            outcomes = await asyncio.gather(*(link.append(group) for group in piece))
            on_progress("deleted again", sum(type(one) is Appended for one in outcomes) + start, len(groups))
        await _all_followed(link)


async def _all_followed(link: CoreLink) -> None:
    """Wait until the store has taken in everything; what follows a deletion by itself comes at the next start."""
    if not await link.store_reached(link.head.head, RESTORE_FOLLOW_SECONDS):
        raise Unavailable("The restored store does not take in what was deleted since.")
