"""The timeline of a write-up: first sign, page changed, each verdict, each update, each promise not kept. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from whimbrel.statuspage.book.history import BY_ITSELF
from whimbrel.statuspage.values import SEVERITY, Reason, State
from whimbrel.statuspage.writeup.facts import Facts, Turn
from whimbrel.statuspage.writeup.words import STATES, clock, day, lasted, moment, plain


class Event(NamedTuple):
    """Something that happened. `order` puts what happened in the same millisecond in the order of cause and effect."""

    at_ms: int
    order: int
    what: str


def lines(facts: Facts) -> list[str]:
    """The timeline as a Markdown list; a new day is said once."""
    found, today = ["All times are UTC.", ""], ""
    for event in sorted(events(facts)):
        date = day(event.at_ms)
        if date != today:
            found += ["", f"**{date}**", ""] if today else [f"**{date}**", ""]
            today = date
        found.append(f"- {clock(event.at_ms)}: {event.what}")
    return found


def events(facts: Facts) -> Iterator[Event]:
    """Everything that is known to have happened, in no order."""
    incident = facts.incident
    yield Event(facts.from_ms, 0, "The first sign of trouble.")
    yield Event(incident.changed_ms, 2, f"**The page changed**, {lasted(incident.lag_ms)} after the first sign.")
    names = {course.component: course.name for course in facts.courses}
    for turn in facts.turns:
        yield Event(turn.at_ms, 1, _turned(turn, names.get(turn.component, turn.component)))
    for update in incident.updates:
        who = "the program" if update.actor == BY_ITSELF else plain(update.actor)
        edited = f" (edited at {moment(update.edited_ms)})" if update.edited_ms is not None else ""
        yield Event(update.displayed_ms, 3, f"Said by {who}, *{plain(update.status)}*: {plain(update.body)}{edited}")
    for due_ms in incident.missed_ms:
        yield Event(due_ms, 4, "An update had been promised for this moment, and did not come.")
    for from_ms, until_ms in facts.staged_changes.under_way if facts.staged_changes else ():
        said = f"The server's processes were being replaced (to the minute: until {clock(until_ms)[:5]} UTC)."
        yield Event(max(from_ms, facts.from_ms), 5, said)
    for window in facts.windows:
        if window.scheduled_ms >= facts.from_ms:
            yield Event(window.scheduled_ms, 5, f"Announced maintenance began: {plain(window.name)}.")
    if incident.resolved_ms is not None:
        yield Event(
            incident.resolved_ms, 6, f"Over, {lasted(incident.resolved_ms - facts.from_ms)} after the first sign."
        )


def reason(one: Reason) -> str:
    """A reason's code and its figures, as the published rule names them."""
    figures = ", ".join(f"{plain(name.replace('_', ' '))} {_figure(value)}" for name, value in one.figures.items())
    code = plain(one.code.replace("_", " "))
    return f"{code} ({figures})" if figures else code


def _turned(turn: Turn, name: str) -> str:
    before = f" from {_state(turn.before)}" if turn.before is not None else ""
    said = f"Measured: {plain(name)} went{before} to {_state(turn.after)}"
    if SEVERITY[turn.after] <= SEVERITY["unknown"] or not turn.reasons:
        return f"{said}."
    return f"{said}: {'; '.join(reason(one) for one in turn.reasons)}."


def _state(state: State) -> str:
    return STATES.get(state, "not measured")


def _figure(value: float | int | str) -> str:
    return plain(value) if isinstance(value, str) else f"{value:.4g}" if isinstance(value, float) else str(value)
