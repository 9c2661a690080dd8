"""What is said about an update in plain words: a headline, a body, an address. Pure."""

from typing import Final, NamedTuple

from whimbrel.statuspage.incidents.words import at
from whimbrel.statuspage.telling.story import ComponentChange, Told
from whimbrel.statuspage.values import Incident, Maintenance

_STATUS: Final = {
    "investigating": "Investigating",
    "identified": "Identified",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "postmortem": "Written up",
    "scheduled": "Planned",
    "in_progress": "Has begun",
    "verifying": "Being checked",
    "completed": "Completed",
}


class Wording(NamedTuple):
    """A headline, a text, and the address of the whole story."""

    headline: str
    body: str
    url: str


def wording_of(told: Told, page_url: str) -> Wording:
    """The words for an incident or a window; a component's change is for programs and has none of its own."""
    about = told.about
    assert not isinstance(about, ComponentChange), "people are told of incidents"
    headline = f"{_STATUS[about.status]}: {about.name}"
    return Wording(headline, _body(about, told.subject), f"{page_url.rstrip('/')}/incidents/{about.id}")


def _body(about: Incident | Maintenance, subject: str) -> str:
    said = next((update.body for update in about.updates if update.id == subject), "")
    if isinstance(about, Maintenance):
        when = f"{at(about.scheduled_ms)} to {at(about.until_ms)}."
        return f"{said}\n\n{when}".strip()
    return said


def shortened(wording: Wording, characters_max: int) -> str:
    """Everything in one text that has at most so many characters; the address stays whole."""
    around = f"{wording.headline}\n\n\n\n{wording.url}"
    room = characters_max - len(around)
    body = wording.body if len(wording.body) <= room else wording.body[: max(0, room - 1)].rstrip() + "…"
    text = f"{wording.headline}\n\n{body}\n\n{wording.url}"
    if len(text) <= characters_max:
        return text
    return f"{wording.headline[: characters_max - len(wording.url) - 3]}…\n\n{wording.url}"[:characters_max]
