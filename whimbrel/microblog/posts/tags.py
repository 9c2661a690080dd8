"""Hashtags that are the same although they are written differently."""

import unicodedata
from typing import Final

_DROPPED: Final = str.maketrans("", "", "\u200c\u200d")


def fold(shown: str) -> str:
    """The one name of a hashtag for look-up and addresses.

    Unicode's compatibility case folding (UAX #15 and #31, NFKC_Casefold), so that full-width and upper-case letters
    meet their plain forms; joiners, which nobody sees, are dropped. Accents stay: they make different words.
    """
    if shown.isascii():
        return shown.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold()).translate(_DROPPED)
