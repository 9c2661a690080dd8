"""Places: countries and their regions, as people choose them or as language and time zone suggest. Never an address.

A place is an ISO 3166 code (`DE`, or `DE-BE` for a region), kept as one integer: the code's letters read as a number to
base 36, 0 for nowhere said. So a table needs no list of places, and no more than four bytes for one.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from whimbrel.kernel.errors import Invalid
from whimbrel.statuspage.pages.language import DEFAULT, LANGUAGES

NOWHERE: Final = 0
_CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_COUNTRY_LETTERS: Final = 2
_BASE: Final = 36
_ALSO: Final = {"usa": "US", "uk": "GB"}
"""What people write that is neither a code nor a name."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def countries(language: str = DEFAULT) -> Mapping[str, str]:
    """What each country is called in a language of LANGUAGES, by its code."""
    name = "countries.txt" if language == DEFAULT else f"countries.{language}.txt"
    return dict(line.split(" ", 1) for line in _lines(name))


@cache
def _by_name() -> Mapping[str, str]:
    """Codes by name in any language: no two of them call different countries the same."""
    return _ALSO | {_folded(name): code for language in LANGUAGES for code, name in countries(language).items()}


@cache
def _zones() -> Mapping[str, str]:
    return dict(line.split(" ", 1) for line in _lines("zones.txt"))


def chosen(text: str) -> int:
    """The place that somebody wrote: a code, a region's code, or a country's name in one of LANGUAGES, with its accents
    or without. Raises Invalid."""
    text = text.strip()
    if not text:
        return NOWHERE
    code = _by_name().get(_folded(text), text.upper())
    if not _CODE.fullmatch(code) or code[:_COUNTRY_LETTERS] not in countries():
        raise Invalid('place: expected a country or region by its code, such as "DE" or "US-CA", or a country by name')
    return int(code.replace("-", ""), _BASE)


def guessed(languages: str, zone: str) -> int:
    """The country that a time zone (`Europe/Berlin`) or an Accept-Language header suggests, or NOWHERE."""
    code = _zones().get(zone, "")
    for tag in languages.split(",")[:10]:
        parts = tag.partition(";")[0].strip().split("-")
        if code:
            break
        code = next((part.upper() for part in parts[1:] if part.upper() in countries()), "")
    return int(code, _BASE) if code else NOWHERE


def code_of(place: int) -> str:
    """The code again; empty for NOWHERE."""
    letters = ""
    while place:
        place, digit = divmod(place, _BASE)
        letters = _DIGITS[digit] + letters
    return letters if len(letters) <= _COUNTRY_LETTERS else f"{letters[:_COUNTRY_LETTERS]}-{letters[_COUNTRY_LETTERS:]}"


def country_of(place: int) -> str:
    """The country's code; empty for NOWHERE."""
    return code_of(place)[:_COUNTRY_LETTERS]


def name_of(code: str, language: str = DEFAULT) -> str:
    """What a place is called: the country's name, with the region's code behind it."""
    country, _, region = code.partition("-")
    name = countries(language).get(country, code)
    return f"{name} ({region})" if region else name


def _folded(name: str) -> str:
    """As it is compared: without case, without accents."""
    parts = unicodedata.normalize("NFKD", name.casefold().replace("’", "'"))
    return "".join(one for one in parts if not unicodedata.combining(one))


def _lines(name: str) -> list[str]:
    return files("whimbrel.statuspage.reports").joinpath("geography", name).read_text("utf-8").splitlines()
