"""What of the history is told: each update of an incident or a window, each change of a component. Pure.

The history is where everything passes that anybody says, the program, the pages, the command line, another process; so
nothing can be said on the page and not be told. An edit is not told again, and neither is a missed promise: the page
shows both.
"""

from typing import Final, NamedTuple

import msgspec

from whimbrel.statuspage.book.history import Entry
from whimbrel.statuspage.values import Incident, Maintenance, State

_SAID: Final = ("incident opened", "incident updated")
_WINDOW: Final = "maintenance "


class ComponentChange(NamedTuple):
    """A component that changed its state."""

    component: str
    state: State
    at_ms: int


class Told(NamedTuple):
    """One thing to tell. `subject` names it for ever: an update's id, or what stands for one."""

    subject: str
    about: Incident | Maintenance | ComponentChange

    @property
    def affected(self) -> tuple[str, ...]:
        """The components that it is about."""
        match self.about:
            case ComponentChange(component=component):
                return (component,)
            case Incident() | Maintenance():
                return tuple(self.about.components)


class _SaidNow(msgspec.Struct):
    now: Incident


class _Change(msgspec.Struct):
    component: str
    state: State
    at_ms: int


_incident = msgspec.json.Decoder(_SaidNow).decode
_window = msgspec.json.Decoder(Maintenance).decode
_change = msgspec.json.Decoder(_Change).decode


def told_of(entry: Entry) -> Told | None:
    """What a record of the history tells; None when it is nobody's news."""
    if entry.action in _SAID:
        incident = _incident(entry.payload).now
        return Told(incident.updates[0].id, incident)
    if entry.action.startswith(_WINDOW):
        window = _window(entry.payload)
        return Told(_subject_of(window), window)
    if entry.action == "state":
        change = _change(entry.payload)
        return Told(
            f"{change.component}-{entry.sequence}", ComponentChange(change.component, change.state, change.at_ms)
        )
    return None


def _subject_of(window: Maintenance) -> str:
    """The id of the words that were said, or the step that time took by itself, each of which comes once."""
    if window.updates and window.updates[0].created_ms == window.updated_ms:
        return window.updates[0].id
    return f"{window.id}-{window.status}"
