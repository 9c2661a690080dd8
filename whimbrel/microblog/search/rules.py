"""Words to look up, and addresses to take apart. Pure.

Words are folded further than hashtags are: without accents, so that "zoe" finds Zoë.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit

from whimbrel.kernel.ids import parse_id

WORDS_MAX: Final = 20
WORD_CHARACTERS_MAX: Final = 64
QUERY_WORDS_MAX: Final = 3

_RUNS: Final = re.compile(r"[^\W_]+")
_POST: Final = re.compile(r"/@([A-Za-z0-9_]+)/([0-9]+)/?|/users/([A-Za-z0-9_]+)/statuses/([0-9]+)/?")
_ACCOUNT: Final = re.compile(r"/@([A-Za-z0-9_]+)/?|/users/([A-Za-z0-9_]+)/?")


def words_of(*texts: str) -> list[str]:
    """The folded words of some texts, each once, WORDS_MAX at the most. A text without a letter is its own word."""
    words: dict[str, None] = {}
    for text in texts:
        folded = _fold(text)
        runs = _RUNS.findall(folded) or folded.split()
        words.update(dict.fromkeys(run[:WORD_CHARACTERS_MAX] for run in runs))
    return list(words)[:WORDS_MAX]


def query_words(text: str) -> list[str]:
    """The words that a search must match, each as a prefix: the longest first, QUERY_WORDS_MAX at the most."""
    return sorted(words_of(text), key=len, reverse=True)[:QUERY_WORDS_MAX]


def above(prefix: str) -> str:
    """A text above every text that begins with `prefix`, in the order of code points."""
    return prefix + "\U0010ffff"


def post_at(url: str, public_url: str) -> tuple[str, int] | None:
    """Name and post id of an address of one of this server's posts."""
    path = _path(url, public_url)
    found = _POST.fullmatch(path) if path is not None else None
    if found is None:
        return None
    post_id = parse_id(found[2] or found[4])
    return None if post_id is None else (found[1] or found[3], post_id)


def account_at(url: str, public_url: str) -> str | None:
    """The name in an address of one of this server's profiles."""
    path = _path(url, public_url)
    found = _ACCOUNT.fullmatch(path) if path is not None else None
    return None if found is None else found[1] or found[2]


def _path(url: str, public_url: str) -> str | None:
    try:
        sent, ours = urlsplit(url.strip()), urlsplit(public_url)
    except ValueError:
        return None
    same = sent.scheme in ("http", "https") and sent.netloc.lower() == ours.netloc.lower()
    return sent.path.removeprefix(ours.path) if same and sent.path.startswith(ours.path) else None


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))
