"""How a feed says things: in English as Statuspage's feeds do, which programs parse; else as the page does. Pure."""

from datetime import UTC, datetime
from typing import Final

from whimbrel.statuspage.pages import sentences
from whimbrel.statuspage.pages.language import DEFAULT, words_of
from whimbrel.statuspage.v2.shapes import Shown
from whimbrel.statuspage.values import Incident, Maintenance, Update

_TAGS: Final = {DEFAULT: "en-US"}


class Voice:
    """The words of one language about what is shown. `path` and `query` are what the language adds to an address."""

    def __init__(self, language: str, shown: Shown) -> None:
        words = self._words = words_of(language)
        self._english = language == DEFAULT
        self._names = {component.id: component.name for component in shown.components}
        self._here = sentences.names_in(words, shown.components)
        self.tag = _TAGS.get(language, language)
        self.path = "" if self._english else f"/{language}"
        self.query = "" if self._english else f"?lang={language}"

    def title(self, name: str) -> str:
        """Of the feed."""
        return self._words("feed.title", name=name)

    def lead(self, name: str) -> str:
        """What the feed is about."""
        return self._words("feed.lead", name=name)

    def name(self, one: Incident | Maintenance) -> str:
        """What an incident or window is called."""
        return sentences.told_name(self._words, one, self._here, self._names)

    def status(self, status: str) -> str:
        """A step of an incident or window."""
        return status.replace("_", " ").capitalize() if self._english else self._words(f"status.{status}")

    def body(self, update: Update) -> str:
        """What was said."""
        return sentences.sent(self._words, update, self._here)

    def edited(self, update: Update) -> str:
        """That it was said otherwise first; empty when it was not."""
        if update.edited_ms is None:
            return ""
        if self._english:
            return " (edited)"
        return f" ({self._words('edited', moment=self._words.moment(update.edited_ms))})"

    def moment(self, time_ms: int) -> str:
        """When, as HTML."""
        if not self._english:
            return self._words.moment(time_ms)
        when = datetime.fromtimestamp(time_ms / 1_000, UTC)
        return f"{when:%b} <var data-var='date'>{when:%d}</var>, <var data-var='time'>{when:%H:%M}</var> UTC"
