"""The fixed texts about subscriptions, in the page's languages."""

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from whimbrel.statuspage.pages.language import DEFAULT, LANGUAGES

_ROOM: Final = "whimbrel.statuspage.telling"


class Texts:
    """The texts of one language: `texts("key", name="...")`."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language, self._texts = language, texts

    def __call__(self, key: str, /, **figures: object) -> str:
        return self._texts[key].format(**figures)


@cache
def texts_of(language: str) -> Texts:
    """The texts of a language, English for one that we do not have."""
    known = language if language in LANGUAGES else DEFAULT
    raw = files(_ROOM).joinpath("words", f"{known}.json").read_bytes()
    return Texts(known, msgspec.json.decode(raw, type=dict[str, str]))
