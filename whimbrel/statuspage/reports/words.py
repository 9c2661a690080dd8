"""The fixed texts about reports in the page's languages: kinds of trouble, and what a form is refused for.

A kind that is not listed is called by its slug. What programs are told stays in English and names fields.
"""

from collections.abc import Mapping
from typing import Final

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.kernel.limits import REPORT_WORDS_CHARACTERS_MAX
from whimbrel.statuspage.pages.language import DEFAULT, Words, words_of

ROOM: Final = "whimbrel.statuspage.reports"
_BY_CODE: Final[Mapping[str, str]] = {
    "challenge": "refused.challenge",
    "too_large": "refused.words",
    "not_found": "refused.service",
    "forbidden": "refused.other",
    "bad_request": "refused.other",
}
_FIELDS: Final = ("kind", "place", "words")


def texts_of(language: str) -> Words:
    """The texts of a language of LANGUAGES."""
    return words_of(language, ROOM)


def kind_words(slug: str, texts: Words | None = None) -> str:
    """What a kind is called on a page; in English for programs."""
    texts, key = texts or texts_of(DEFAULT), f"kind.{slug}"
    return texts(key) if key in texts else slug.replace("-", " ").capitalize()


def field_of(error: WhimbrelError) -> str:
    """The field of the form that an error is about, or nothing."""
    field, _, _ = error.public.partition(":")
    return field if error.code == "invalid" and field in _FIELDS else ""


def refusal(texts: Words, error: WhimbrelError, name: str) -> str:
    """Why a report about the service of this name was not taken, and what to do."""
    field = field_of(error)
    key = f"refused.{field or 'other'}" if error.code == "invalid" else _BY_CODE.get(error.code, "refused.busy")
    seconds = texts.number(error.retry_after_seconds or 0)
    return texts(key, name=name, n=seconds, most=texts.number(REPORT_WORDS_CHARACTERS_MAX))
