"""The switch: what is appended to the journal, and the restart that makes the running server follow it.

A switch says which store is current for whoever starts from now on. Nobody who runs is told: the supervisor replaces
the processes one by one, each by its successor of the other release, and puts everything back if one does not come.
"""

import asyncio
import json
from pathlib import Path
from typing import Final
from urllib.parse import quote

from whimbrel.engines.journal.client import CoreLink
from whimbrel.engines.journal.head import HeadReader
from whimbrel.engines.journal.sqlite import SqliteJournal
from whimbrel.engines.waiting import until
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Conflict, Unavailable
from whimbrel.kernel.events import Appended, Claim, Draft, Group, Outcome, draft
from whimbrel.kernel.limits import MIGRATION_POLL_SECONDS, MIGRATION_RESTART_SECONDS, SUPERVISOR_DEADLINE_SECONDS
from whimbrel.kernel.switching import (
    FORMAT_KEY,
    KEPT_KEY,
    STORE_KEY,
    MigrationFinished,
    StoreKept,
    StoreSwitched,
)
from whimbrel.migration.standing import Where
from whimbrel.reliability.control import ask
from whimbrel.reliability.releases import Release, is_served, running_release
from whimbrel.upkeep import journal_in

_NOT_YET: Final = "idle"


class NotTakenOver(Unavailable):
    """The other release could not replace the processes, and those from before serve on."""

    code = "not_taken_over"


def switched(where: Where, number: int, release: Release) -> Draft:
    """From here on store `number`, which is `release`'s, is current."""
    event = StoreSwitched(release.release, release.python)
    return draft(event, actor=0, id=number, claims=(Claim(STORE_KEY),), releases=where.held(STORE_KEY))


def kept(where: Where, number: int, release: Release) -> Draft:
    """Store `number`, which is `release`'s, is kept for going there."""
    event = StoreKept(release.release, release.python)
    return draft(event, actor=0, id=number, claims=(Claim(KEPT_KEY),), releases=where.held(KEPT_KEY))


def finished(where: Where, release: Release, *, format: int) -> Draft:
    """Nothing is kept any more, and `format` is in force."""
    held = where.held(KEPT_KEY, FORMAT_KEY)
    claims = (Claim(FORMAT_KEY),) if format != 1 else ()
    return draft(MigrationFinished(release.release), actor=0, id=format, claims=claims, releases=held)


def append(data: Path, *drafts: Draft) -> None:
    """Append through the running core; where no server runs, to the journal itself. Durable when it returns.

    Raises Conflict when the journal stands otherwise than it was found, JournalUnavailable as `append` does.
    """
    group = Group(drafts)
    outcome = asyncio.run(_through_core(data, group)) if is_served(data) else _directly(data, group)
    if not isinstance(outcome, Appended):
        raise Conflict("The journal has moved on meanwhile: run the command again.", log=f"{outcome}")


def restart_with(data: Path, release: Release) -> None:
    """Have every process replaced by one of `release`, without a request lost; returns when that is done.

    Raises NotTakenOver when it could not be: then everything is served by what served before. Raises Unavailable when
    nobody can say: then the supervisor may still be at it.
    """
    page = f"/restart?python={quote(release.python, safe='')}"
    try:
        reply = ask(data / "run" / "supervisor.sock", page, deadline_seconds=SUPERVISOR_DEADLINE_SECONDS)
    except OSError as error:
        raise Unavailable("The supervisor does not answer.", log=f"{page}: {error}") from error
    if reply.status >= 300:
        raise NotTakenOver(f"The supervisor does not replace its processes: {reply.text.strip()}")
    ended = until(lambda: _ended(data, release), MIGRATION_RESTART_SECONDS, MIGRATION_POLL_SECONDS)
    if ended is None:
        raise Unavailable(f"Release {release.release} has not taken over in {MIGRATION_RESTART_SECONDS:.0f} s.")
    if ended:
        raise NotTakenOver(f"Release {release.release} could not take over: {ended}")


def serves(data: Path, release: Release) -> bool:
    """Whether it is this very installation that serves now."""
    running = running_release(data)
    return running is not None and release.is_same_as(running.release)


def wait_out(data: Path) -> None:
    """Wait for the end of a restart that somebody has begun: in its middle nobody can say which release serves.

    Raises Unavailable when it does not come within MIGRATION_RESTART_SECONDS.
    """
    if is_served(data) and until(lambda: _is_over(data), MIGRATION_RESTART_SECONDS, MIGRATION_POLL_SECONDS) is None:
        raise Unavailable("The server is replacing its processes, and does not come to an end.")


def _is_over(data: Path) -> bool | None:
    told = _restarting(data)
    return True if (told is not None and told["state"] != "running") or not is_served(data) else None


def _restarting(data: Path) -> dict[str, str] | None:
    """What the supervisor says of its newest restart; None when it does not answer."""
    try:
        reply = ask(data / "run" / "supervisor.sock", "/restarting", deadline_seconds=SUPERVISOR_DEADLINE_SECONDS)
        return dict(json.loads(reply.text))
    except (OSError, ValueError):
        return None


def _ended(data: Path, release: Release) -> str | None:
    """None while it is under way, empty when it is done, else what went wrong."""
    told = _restarting(data)
    if told is None:
        return None  # it is just becoming the other release's supervisor
    if told["state"] == "failed":
        return str(told.get("error") or told.get("step") or "no reason was given")
    return "" if told["state"] in ("done", _NOT_YET) and serves(data, release) else None


async def _through_core(data: Path, group: Group) -> Outcome:
    link = CoreLink(data / "run" / "core.sock", HeadReader(data / "run" / "head"))
    link.start()
    try:
        return await link.append(group)
    finally:
        await link.close()


def _directly(data: Path, group: Group) -> Outcome:
    journal = SqliteJournal(journal_in(data), clock=wall_clock_ms)
    try:
        (outcome,), _ = journal.append([group])
    finally:
        journal.close()
    return outcome
