"""The front of the room: incidents and maintenance windows, changed by the rule and by people, each in one write.

Promises: what is returned is on disk and in the history, under the name of who did it; two who change one incident at
the same time change it one after the other, each seeing the other's words.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.contracts import Writing
from whimbrel.statuspage.book import history
from whimbrel.statuspage.book.file import Book
from whimbrel.statuspage.incidents import people, rows, windows
from whimbrel.statuspage.incidents.actions import Action, Lapsing, Missing, Opening, Telling
from whimbrel.statuspage.incidents.changes import lapsed, opened, told
from whimbrel.statuspage.incidents.people import Saying
from whimbrel.statuspage.incidents.steer import steer
from whimbrel.statuspage.values import Incident, Maintenance, MaintenanceStatus, State, Update, Verdict

_ID_BYTES: Final = 6

Changed = list[Incident | Maintenance]
"""What a call has changed, as it stands now, in the order in which it happened."""


class Incidents:
    """Everything that is said about trouble, planned and unplanned. `names`: what components are called."""

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        names: Callable[[], Mapping[str, str]],
        new_id: Callable[[], str] = lambda: secrets.token_hex(_ID_BYTES),
    ) -> None:
        self._book, self._clock, self._names, self._new_id = book, clock, names, new_id

    async def steer(self, board: Mapping[str, Verdict]) -> Changed:
        """Do what the rule says is due by now; returns what changed."""
        now_ms = self._clock()
        planned = await self._book.read(lambda look: (rows.steered_incidents(look), rows.open_maintenances(look)))
        if not steer(board, planned[0], now_ms) and not any(windows.due(one, now_ms) for one in planned[1]):
            return []  # nearly always: no write a second for nothing
        return await self._book.write(lambda pen: self._steer(pen, board, now_ms))

    async def open(
        self, name: str, saying: Saying, *, actor: str, board: Mapping[str, Verdict], pain_ms: int | None = None
    ) -> Incident:
        """A person opens an incident. Raises Invalid."""
        now_ms = self._clock()
        incident = people.begun(self._new_id(), name, saying, now_ms=now_ms, pain_ms=pain_ms)
        incident = people.said(incident, saying, actor=actor, now_ms=now_ms, board=board)
        await self._book.write(lambda pen: _put(pen, incident, "incident opened", saying, actor))
        return incident

    async def say(self, id_: str, saying: Saying, *, actor: str, board: Mapping[str, Verdict]) -> Incident:
        """A person says something about an incident, and leads it from then on. Raises NotFound or Invalid."""
        now_ms = self._clock()

        def work(pen: Writing) -> Incident:
            incident = people.said(rows.incident(pen, id_), saying, actor=actor, now_ms=now_ms, board=board)
            return _put(pen, incident, "incident updated", saying, actor)

        return await self._book.write(work)

    async def edit(self, id_: str, update_id: str, body: str, *, actor: str) -> Incident:
        """Other words in an update; the ones before stay in the history. Raises NotFound or Invalid."""
        now_ms = self._clock()

        def work(pen: Writing) -> Incident:
            before = rows.incident(pen, id_)
            incident = people.edited(before, update_id, body, now_ms=now_ms)
            words = {"update": update_id, "before": _body(before, update_id), "after": body}
            return _put(pen, incident, "update edited", words, actor)

        return await self._book.write(work)

    async def schedule(self, window: Maintenance, body: str, *, actor: str) -> Maintenance:
        """Announce a window; its id and times of making are given here. Raises Invalid."""
        people.check_name(window.name)
        windows.check(window)
        now_ms = self._clock()
        fresh = {"id": self._new_id(), "status": "scheduled", "created_ms": now_ms, "updated_ms": now_ms}
        announced = replace(window, name=people.one_line(window.name), **fresh)
        announced = _with_words(announced, body, actor, now_ms)
        await self._book.write(lambda pen: _put_window(pen, announced, "maintenance scheduled", actor))
        return announced

    async def progress(self, id_: str, status: MaintenanceStatus, body: str, *, actor: str) -> Maintenance:
        """Say how a window goes on; `completed` ends it, and lets the next of a recurring one follow, once.

        Raises NotFound, or Invalid for a window that is over.
        """
        now_ms = self._clock()

        def work(pen: Writing) -> Maintenance:
            before = rows.maintenance(pen, id_)
            windows.check_step(before, status)
            window = replace(before, status=status, updated_ms=now_ms)
            window = _put_window(pen, _with_words(window, body, actor, now_ms), f"maintenance {status}", actor)
            if before.status != "completed":
                self._let_the_next_follow(pen, window, now_ms)
            return window

        return await self._book.write(work)

    def _steer(self, pen: Writing, board: Mapping[str, Verdict], now_ms: int) -> Changed:
        changed: Changed = []
        incidents = rows.steered_incidents(pen)
        by_id = {incident.id: incident for incident in incidents}
        for action in steer(board, incidents, now_ms):
            incident = self._after(action, by_id, now_ms)
            by_id[incident.id] = incident
            changed.append(_put(pen, incident, _verb_of(action), action, history.BY_ITSELF))
        for window in rows.open_maintenances(pen):
            if (after := windows.due(window, now_ms)) is not None:
                changed.append(_put_window(pen, after, f"maintenance {after.status}", history.BY_ITSELF))
                changed += self._let_the_next_follow(pen, after, now_ms)
        return changed

    def _after(self, action: Action, by_id: Mapping[str, Incident], now_ms: int) -> Incident:
        match action:
            case Opening():
                return opened(action, self._new_id(), self._names(), now_ms)
            case Telling(incident=id_):
                return told(by_id[id_], action, self._names(), now_ms)
            case Lapsing(incident=id_):
                return lapsed(by_id[id_], action, now_ms)
            case Missing(incident=id_, due_ms=due_ms):
                return people.missed(by_id[id_], due_ms, now_ms)

    def _let_the_next_follow(self, pen: Writing, window: Maintenance, now_ms: int) -> list[Maintenance]:
        if window.status != "completed":
            return []
        following = windows.following(window, self._new_id(), now_ms)
        if following is None:
            return []
        return [_put_window(pen, following, "maintenance scheduled", history.BY_ITSELF)]


def _put(pen: Writing, incident: Incident, action: str, details: object, actor: str) -> Incident:
    rows.put_incident(pen, incident)
    history.add(pen, action, incident.id, {"said": details, "now": incident}, actor=actor, now_ms=incident.updated_ms)
    return incident


def _put_window(pen: Writing, window: Maintenance, action: str, actor: str) -> Maintenance:
    rows.put_maintenance(pen, window)
    history.add(pen, action, window.id, window, actor=actor, now_ms=window.updated_ms)
    return window


def _with_words(window: Maintenance, body: str, actor: str, now_ms: int) -> Maintenance:
    states: dict[str, State] = dict.fromkeys(window.components, "under_maintenance")
    update = Update(
        id=f"{window.id}-{len(window.updates) + 1}",
        incident=window.id,
        status=window.status,
        body=people.printable(body).strip(),
        actor=actor,
        created_ms=now_ms,
        displayed_ms=now_ms,
        components=states,
    )
    return replace(window, updates=(update, *window.updates))


def _body(incident: Incident, update_id: str) -> str:
    return next((update.body for update in incident.updates if update.id == update_id), "")


def _verb_of(action: Action) -> str:
    match action:
        case Opening():
            return "incident opened"
        case Telling():
            return "incident updated"
        case Lapsing():
            return "lowering ended"
        case Missing():
            return "update missed"
