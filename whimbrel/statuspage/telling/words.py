"""The fixed texts about subscriptions, in the page's languages; what is refused, in words for who filled in a form."""

from collections.abc import Mapping
from typing import Final

from whimbrel.kernel.errors import WhimbrelError
from whimbrel.statuspage.pages.language import DEFAULT, LANGUAGES, Words, words_of

ROOM: Final = "whimbrel.statuspage.telling"
_BY_CODE: Final[Mapping[str, str]] = {"gone": "gone", "too_many": "refused.too_many", "conflict": "refused.conflict"}
_BY_FIELD: Final[Mapping[str, str]] = {"email": "refused.email", "components": "refused.components"}


def texts_of(language: str) -> Words:
    """The texts of a language, English for one that we do not have."""
    return words_of(language if language in LANGUAGES else DEFAULT, ROOM)


def refusal(texts: Words, error: WhimbrelError) -> str:
    """Why a subscription was not taken. What programs are told stays as it is: it names fields."""
    field, _, _ = error.public.partition(":")
    return texts(_BY_CODE.get(error.code) or _BY_FIELD.get(field, "refused.other"))
