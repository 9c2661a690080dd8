"""The desk: everything that operators can do, one verb each, for pages, programs and the command line alike.

Promises: whoever acts is named, in the same write; nothing can be done by one of the three ways that another refuses.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Reading
from whimbrel.kernel.limits import INCIDENTS_SHOWN_MAX
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.book.history import Entry
from whimbrel.statuspage.catalogue.front import Catalogue
from whimbrel.statuspage.incidents import people, rows, windows
from whimbrel.statuspage.incidents.front import Incidents
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.operators.asking import (
    Edit,
    Open,
    Progress,
    Say,
    Schedule,
    SetComponent,
    SetService,
    check_known,
    time_ms,
)
from whimbrel.statuspage.operators.rows import history_before
from whimbrel.statuspage.values import Component, Incident, Maintenance, Service, Verdict

_ENDLESS: Final = 2**62

Verdicts = Callable[[], Mapping[str, Verdict]]


class Desk:
    """The verbs. `board`: the newest verdicts, against which "better than measured" is judged."""

    def __init__(
        self, *, book: Book, clock: Clock, catalogue: Catalogue, incidents: Incidents, board: Verdicts
    ) -> None:
        self._book, self._clock, self._board = book, clock, board
        self._incidents = incidents
        self.catalogue = catalogue

    async def incidents(self) -> list[Incident]:
        """The newest, and all that are open, newest first."""
        return await self._book.read(self._newest)

    async def incident(self, id_: str) -> Incident:
        """One. Raises NotFound."""
        return await self._book.read(lambda look: rows.incident(look, id_))

    async def open(self, asked: Open, *, actor: str) -> Incident:
        """Open an incident. Raises Invalid."""
        check_known(asked.components, self.catalogue.names())
        saying, pain_ms = asked.saying(self._clock()), self._since_ms(asked)
        return await self._incidents.open(asked.name, saying, actor=actor, board=self._board(), pain_ms=pain_ms)

    async def say(self, id_: str, asked: Say, *, actor: str) -> Incident:
        """Say something about an incident. Raises NotFound or Invalid."""
        check_known(asked.components, self.catalogue.names())
        return await self._incidents.say(id_, asked.saying(self._clock()), actor=actor, board=self._board())

    async def edit(self, id_: str, update_id: str, asked: Edit, *, actor: str) -> Incident:
        """Other words in an update, which shows as edited. Raises NotFound or Invalid."""
        return await self._incidents.edit(id_, update_id, asked.body, actor=actor)

    async def preview(self, id_: str | None, asked: Say, *, actor: str) -> Incident:
        """What the incident would be, without doing anything; raises what the deed would raise."""
        check_known(asked.components, self.catalogue.names())
        now_ms = self._clock()
        saying = asked.saying(now_ms)
        incident = self._begun(asked, saying, now_ms) if id_ is None else await self.incident(id_)
        return people.said(incident, saying, actor=actor, now_ms=now_ms, board=self._board())

    async def windows(self) -> list[Maintenance]:
        """The newest, and all that are not completed, newest first."""
        return await self._book.read(self._newest_windows)

    async def window(self, id_: str) -> Maintenance:
        """One. Raises NotFound."""
        return await self._book.read(lambda look: rows.maintenance(look, id_))

    async def schedule(self, asked: Schedule, *, actor: str) -> Maintenance:
        """Announce a window. Raises Invalid."""
        return await self._incidents.schedule(self.preview_window(asked), asked.body, actor=actor)

    def preview_window(self, asked: Schedule) -> Maintenance:
        """The window as it would be announced; raises what the deed would raise."""
        check_known(asked.components, self.catalogue.names())
        window = asked.window()
        people.check_name(window.name)
        people.check_words(asked.body)
        windows.check(window)
        return window

    async def progress(self, id_: str, asked: Progress, *, actor: str) -> Maintenance:
        """Say how a window goes on. Raises NotFound or Invalid."""
        people.check_words(asked.body)
        return await self._incidents.progress(id_, asked.status, asked.body, actor=actor)

    async def set_component(self, id_: str, asked: SetComponent, *, actor: str) -> Component:
        """Add a component or change it. Raises Invalid or Conflict."""
        people.check_name(asked.name)
        fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
        return await self.catalogue.put_component(Component(id=id_, **fields), actor=actor)

    async def remove_component(self, id_: str, *, actor: str) -> None:
        """Show a component no more. Raises NotFound."""
        await self.catalogue.remove_component(id_, actor=actor)

    async def set_service(self, id_: str, asked: SetService, *, actor: str) -> Service:
        """Add a service or change it; whether it is the watched one stays. Raises Invalid or Conflict."""
        known = self.catalogue.services.get(id_)
        service = Service(
            id=id_, name=asked.name, url=asked.url, kinds=tuple(asked.kinds), page_url=asked.page_url or None
        )
        return await self.catalogue.put_service(replace(service, own=known.own if known else False), actor=actor)

    async def remove_service(self, id_: str, *, actor: str) -> None:
        """Take no more reports about a service. Raises NotFound or Invalid."""
        await self.catalogue.remove_service(id_, actor=actor)

    async def history(self, before: int | None, limit: int) -> Sequence[Entry]:
        """The newest records of the history (below a sequence), newest first."""
        return await self._book.read(lambda look: history_before(look, before or _ENDLESS, limit))

    def _newest(self, look: Reading) -> list[Incident]:
        found = {one.id: one for one in rows.incidents_before(look, _ENDLESS, INCIDENTS_SHOWN_MAX)}
        found |= {one.id: one for one in rows.open_incidents(look)}
        return sorted(found.values(), key=lambda one: -one.created_ms)

    def _newest_windows(self, look: Reading) -> list[Maintenance]:
        found = {one.id: one for one in rows.maintenances_before(look, _ENDLESS, INCIDENTS_SHOWN_MAX)}
        found |= {one.id: one for one in rows.open_maintenances(look)}
        return sorted(found.values(), key=lambda one: -one.scheduled_ms)

    def _since_ms(self, asked: Open) -> int | None:
        return time_ms(asked.since, "since") if asked.since.strip() else None

    def _begun(self, asked: Say, saying: Saying, now_ms: int) -> Incident:
        """The incident that `open` would begin with."""
        if not isinstance(asked, Open):
            return people.begun("preview", "", saying, now_ms=now_ms)
        return people.begun("preview", asked.name, saying, now_ms=now_ms, pain_ms=self._since_ms(asked))
