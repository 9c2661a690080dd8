"""What is shown right now, put together once and handed to everybody: page, API, feeds and export show the same moment.

Promises: `shown` is never half new; it is made again when something has changed, and costs a reader nothing. It says
when it was last made: a page that cannot see must say so.
"""

from collections.abc import Callable, Mapping

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.limits import INCIDENTS_SHOWN_MAX
from whimbrel.statuspage.board.board import Board
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.incidents import rows
from whimbrel.statuspage.incidents.people import effective
from whimbrel.statuspage.v2.shapes import Page, Postmortem, Shown
from whimbrel.statuspage.values import Incident, Maintenance

WrittenOf = Callable[[Reading, str], Postmortem | None]
"""The published write-up of an incident; None for one that has none."""
_Told = tuple[list[Incident], list[Maintenance], Mapping[str, Postmortem]]


class Showing:
    """The newest `Shown`. For the program's one loop; `refresh` before the first look."""

    def __init__(
        self,
        *,
        book: Book,
        catalogue: Catalogue,
        board: Board,
        clock: Clock,
        name: str,
        url: str,
        id_: str = "whimbrel",
        written: WrittenOf | None = None,
    ) -> None:
        """`written`: the published write-up of an incident, from the room that has them."""
        self._written = written
        self._book, self._catalogue, self._board, self._clock = book, catalogue, board, clock
        self._name, self._url, self._id = name, url, id_
        self._told: _Told = ([], [], {})
        self.shown = self._made(0)
        self.version = 0
        """Grows whenever something that is shown has changed."""
        self.seen_ms = 0
        """When the board was last looked at."""

    async def refresh(self, *, told: bool) -> bool:
        """Look at the board again, and with `told` at what was said; returns whether anything differs."""
        now_ms = self._clock()
        if told or not self.version:
            self._told = await self._book.read(lambda look: _told(look, now_ms, self._written))
        before, self.seen_ms = self.shown, now_ms
        after = self._made(before.page.updated_ms)
        if self.version and after == before:
            return False
        self.shown = self._made(now_ms)
        self.version += 1
        return True

    def _made(self, updated_ms: int) -> Shown:
        incidents, maintenances, writeups = self._told
        states = effective(self._board.verdicts, [one for one in incidents if one.resolved_ms is None])
        components = self._catalogue.components
        return Shown(
            Page(self._id, self._name, self._url, updated_ms),
            components,
            {one.id: states.get(one.id, "unknown") for one in components},
            incidents,
            maintenances,
            frozenset(self._board.measured),
            writeups,
        )


def _told(look: Reading, now_ms: int, written: WrittenOf | None) -> _Told:
    """The newest incidents, all open ones among them, the newest windows, all that are to come among them, and what
    was written up of these incidents."""
    incidents = {one.id: one for one in rows.incidents_before(look, now_ms + 1, INCIDENTS_SHOWN_MAX)}
    incidents |= {one.id: one for one in rows.open_incidents(look)}
    windows = {one.id: one for one in rows.maintenances_before(look, now_ms + 1, INCIDENTS_SHOWN_MAX)}
    windows |= {one.id: one for one in rows.open_maintenances(look)}
    over = [one.id for one in incidents.values() if one.status == "postmortem"]
    found = {} if written is None else {id_: written(look, id_) for id_ in over}
    return (
        sorted(incidents.values(), key=lambda one: -one.created_ms),
        sorted(windows.values(), key=lambda one: -one.scheduled_ms),
        {id_: one for id_, one in found.items() if one is not None},
    )
