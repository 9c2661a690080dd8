"""How many characters a text has as people count them: one per grapheme cluster, like Mastodon.

A family emoji of seven code points is one character, as is a letter with three accents. This follows the extended
clusters of UAX #29 by the character data that Python carries, with three simplifications: every mark extends (a few
spacing ones should not), any symbol after a zero-width joiner joins, and conjuncts of Indian scripts are one cluster a
consonant, as they were until Unicode 15.1. They matter to no limit: such a cluster is miscounted by one or two.
"""

import unicodedata
from functools import lru_cache
from typing import Final

_JOINER: Final = "\u200d"
_EXTENDING_LETTERS: Final = frozenset("\u200c\u200d\uff9e\uff9f")


def count(text: str) -> int:
    """The number of grapheme clusters. Free for ASCII; one look per distinct character for most other texts."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    if any(map(_may_join, set(text))):
        return _walk(text)
    return len(text) - text.count("\r\n")


def _walk(text: str) -> int:
    clusters = 0
    previous = ""
    flag_halves = 0
    for character in text:
        if not _joins(previous, character) and not (flag_halves % 2 and _is_flag_half(character)):
            clusters += 1
        flag_halves = flag_halves + 1 if _is_flag_half(character) else 0
        previous = character
    return clusters


def _joins(previous: str, character: str) -> bool:
    """Whether `character` belongs to the cluster that `previous` is in (flags aside)."""
    if previous in ("", "\n", "\r"):
        return previous == "\r" and character == "\n"
    if _extends(character):
        return True
    if previous == _JOINER:
        return unicodedata.category(character) == "So"
    return _is_korean(previous) and _continues_syllable(previous, character)


@lru_cache(maxsize=4096)
def _may_join(character: str) -> bool:
    return character == "\r" or _extends(character) or _is_flag_half(character) or _is_jamo(character)


@lru_cache(maxsize=4096)
def _extends(character: str) -> bool:
    if character < "\u0300":
        return False
    return (
        character in _EXTENDING_LETTERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character)[0] == "M"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\ua960" <= character <= "\ua97f" or "\ud7b0" <= character <= "\ud7fb"


def _is_korean(character: str) -> bool:
    return _is_jamo(character) or _is_syllable(character)


def _is_syllable(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


def _continues_syllable(previous: str, character: str) -> bool:
    if "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb":
        return True
    leads = "\u1100" <= previous <= "\u115f" or "\ua960" <= previous <= "\ua97f"
    return leads and _is_korean(character)
