"""The fixed texts in six languages, and how each writes dates, numbers and durations. Pure; files are read once.

Every language has every text (a test holds that), so nothing falls back to English in the middle of a sentence.
Times are UTC in every language: an outage is talked about across borders, and two clocks make two outages of one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

LANGUAGES: Final = ("en", "es", "fr", "de", "pt", "ja")
DEFAULT: Final = "en"
_ACCEPTED_MAX: Final = 20
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Words:
    """The texts of one language. `words("key", name="...")` gives a sentence; an unknown key is a mistake of ours."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language, self._texts = language, texts
        self._months = texts["months"].split("|")

    def __call__(self, key: str, /, **figures: object) -> str:
        return self._texts[key].format(**figures)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def date(self, time_ms: int) -> str:
        """A day."""
        day = _utc(time_ms)
        return self("date", day=day.day, month=self._months[day.month - 1], year=day.year)

    def clock(self, time_ms: int) -> str:
        """Hour and minute."""
        return f"{_utc(time_ms):%H:%M} UTC"

    def moment(self, time_ms: int) -> str:
        """A day with hour and minute."""
        return f"{self.date(time_ms)}, {self.clock(time_ms)}"

    def duration(self, lasts_ms: float) -> str:
        """How long, in the two largest units that matter, rounded down."""
        seconds = max(0, int(lasts_ms // 1_000))
        if seconds < 60:
            return self("seconds", n=seconds)
        minutes, seconds = divmod(seconds, 60)
        if minutes < 60:
            return self._two("minutes", minutes, "seconds", seconds if minutes < 10 else 0)
        hours, minutes = divmod(minutes, 60)
        if hours < 24:
            return self._two("hours", hours, "minutes", minutes)
        return self._two("days", hours // 24, "hours", hours % 24)

    def number(self, value: float, digits: int = 0) -> str:
        """With this language's marks; `digits` after the decimal one, none of them an empty zero."""
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if digits else text
        return text.translate({ord(","): self._texts["thousands"], ord("."): self._texts["decimal"]})

    def share(self, value: float, digits: int = 0) -> str:
        """A share between 0 and 1 in percent. Never rounded up to a whole that it is not."""
        shown = round(100 * value, digits)
        if shown >= 100 and value < 1:
            shown = 100 - 10.0**-digits
        return self("percent", n=self.number(shown, digits))

    def power(self, value: float) -> str:
        """A probability that is too small for percent."""
        digits, exponent = f"{value:.0e}".split("e")
        return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"

    def _two(self, unit: str, count: int, smaller: str, rest: int) -> str:
        said = self(unit, n=count)
        return f"{said} {self(smaller, n=rest)}" if rest else said


@cache
def words_of(language: str) -> Words:
    """The texts of a language of LANGUAGES."""
    raw = files("whimbrel.statuspage.pages").joinpath("words", f"{language}.json").read_bytes()
    return Words(language, msgspec.json.decode(raw, type=dict[str, str]))


def chosen(asked: str, accepted: str) -> str:
    """The language of an answer: `asked` by the address if we have it, then by Accept-Language, then English."""
    if asked in LANGUAGES:
        return asked
    for language in _by_preference(accepted):
        if language in LANGUAGES:
            return language
    return DEFAULT


def _by_preference(accepted: str) -> Iterator[str]:
    """Primary language tags, best first (RFC 9110, 12.5.4); what cannot be read is passed over."""
    ranked = []
    for part in accepted.split(",")[:_ACCEPTED_MAX]:
        tag, _, weight = part.strip().partition(";")
        ranked.append((-_weight(weight), tag.strip().lower().partition("-")[0]))
    return (tag for weight, tag in sorted(ranked, key=lambda one: one[0]) if weight < 0)


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def _utc(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)
