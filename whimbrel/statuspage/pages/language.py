"""The fixed texts in six languages, and how each writes dates, numbers, plurals and durations. Files are read once.

Every language has every text (a test holds that), so nothing falls back to English in the middle of a sentence. A room
that has pages keeps its texts in its own `words/<language>.json`; those of the frame lie here. Where a sentence depends
on a count, its text has both forms, that for one first: `{n} {n:report|reports}`, or whole clauses,
`{n:One probe fails|{n} probes fail}`. Times are UTC in every language: an outage is talked about across borders, and
two clocks make two outages of one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

LANGUAGES: Final = ("en", "es", "fr", "de", "pt", "ja")
DEFAULT: Final = "en"
ROOM: Final = "whimbrel.statuspage.pages"
"""The package whose `words` folder has the texts of the frame, and what all texts need of dates and numbers."""
_ACCEPTED_MAX: Final = 20
_ONE_BELOW_TWO: Final = ("fr", "pt")
"""Where nothing, and one and a half, are said as one is (Unicode CLDR, plural rules); elsewhere only 1 is."""
_RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Number(str):
    """A number as it is written. In a text, `{n:one|many}` chooses between what is said of one and of more.

    A language without plurals may leave the choice out.
    """

    is_one: bool

    def __format__(self, forms: str) -> str:
        one, choice, many = forms.partition("|")
        if not choice:
            return str.__format__(self, forms)
        return one if self.is_one else many


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

    def number(self, value: float, digits: int = 0) -> Number:
        """With this language's marks; `digits` after the decimal one, none of them an empty zero."""
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if digits else text
        number = Number(text.translate({ord(","): self._texts["thousands"], ord("."): self._texts["decimal"]}))
        shown = float(text.replace(",", ""))
        number.is_one = 0 <= shown < 2 if self.language in _ONE_BELOW_TWO else shown == 1
        return number

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
def words_of(language: str, room: str = ROOM) -> Words:
    """The texts of a room in a language of LANGUAGES; those of the frame lie under them."""
    texts = _texts(language, ROOM)
    return Words(language, texts if room == ROOM else texts | _texts(language, room))


def chosen(asked: str, accepted: str) -> str:
    """The language of an answer: `asked` by the address if we have it, then by Accept-Language, then English."""
    if asked in LANGUAGES:
        return asked
    for language in _by_preference(accepted):
        if language in LANGUAGES:
            return language
    return DEFAULT


def _texts(language: str, room: str) -> dict[str, str]:
    raw = files(room).joinpath("words", f"{language}.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])


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
