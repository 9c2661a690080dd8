"""What is said about an update in a person's language, in the page's own words: a headline, a body, an address. Pure.

What the program said by itself is said in that language; what people wrote stays as they wrote it.
"""

from typing import NamedTuple

from whimbrel.statuspage.pages import sentences
from whimbrel.statuspage.pages.language import Words
from whimbrel.statuspage.telling.story import ComponentChange, Told
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.values import Incident, Maintenance


class Wording(NamedTuple):
    """A headline, a text, and the address of the whole story. `foreign`: people wrote the text, in any language."""

    headline: str
    body: str
    url: str
    foreign: bool = False


def wording_of(told: Told, words: Words, shown: Shown) -> Wording:
    """The words for an incident or a window; a component's change is for programs and has none of its own."""
    about = told.about
    assert not isinstance(about, ComponentChange), "people are told of incidents"
    here = sentences.names_in(words, shown.components)
    english = {component.id: component.name for component in shown.components}
    headline = (
        f"{words('label', text=words(f'status.{about.status}'))} {sentences.told_name(words, about, here, english)}"
    )
    update = next((one for one in about.updates if one.id == told.subject), None)
    said = "" if update is None else sentences.sent(words, update, here)
    url = f"{shown.page.url.rstrip('/')}/incidents/{about.id}"
    return Wording(headline, f"{said}\n\n{_when(about, words)}".strip(), url, bool(update and not update.template))


def _when(about: Incident | Maintenance, words: Words) -> str:
    if isinstance(about, Incident):
        return ""
    return words("window", **{"from": words.moment(about.scheduled_ms), "until": words.moment(about.until_ms)})


def shortened(wording: Wording, characters_max: int) -> str:
    """Everything in one text that has at most so many characters; the address stays whole."""
    around = f"{wording.headline}\n\n\n\n{wording.url}"
    room = characters_max - len(around)
    body = wording.body if len(wording.body) <= room else wording.body[: max(0, room - 1)].rstrip() + "…"
    text = f"{wording.headline}\n\n{body}\n\n{wording.url}"
    if len(text) <= characters_max:
        return text
    return f"{wording.headline[: characters_max - len(wording.url) - 3]}…\n\n{wording.url}"[:characters_max]
