"""Places: countries and their regions, as people choose them or as language and time zone suggest. Never an address.

A place is an ISO 3166 code (`DE`, or `DE-BE` for a region), kept as one integer: the code's letters read as a number to
base 36, 0 for nowhere said. So a table needs no list of places, and no more than four bytes for one.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from whimbrel.kernel.errors import Invalid

NOWHERE: Final = 0
_CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_COUNTRY_LETTERS: Final = 2
_BASE: Final = 36
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def countries() -> Mapping[str, str]:
    """What each country is called in English, by its code."""
    return dict(line.split(" ", 1) for line in _lines("countries.txt"))


@cache
def _by_name() -> Mapping[str, str]:
    return {name.casefold(): code for code, name in countries().items()}


@cache
def _zones() -> Mapping[str, str]:
    return dict(line.split(" ", 1) for line in _lines("zones.txt"))


def chosen(text: str) -> int:
    """The place that somebody wrote: a code, a region's code, or a country's name. Raises Invalid."""
    text = text.strip()
    if not text:
        return NOWHERE
    code = _by_name().get(text.casefold(), text.upper())
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


def name_of(code: str) -> str:
    """What a place is called: the country's name, with the region's code behind it."""
    country, _, region = code.partition("-")
    name = countries().get(country, code)
    return f"{name} ({region})" if region else name


def _lines(name: str) -> list[str]:
    return files("whimbrel.statuspage.reports").joinpath("geography", name).read_text("utf-8").splitlines()
