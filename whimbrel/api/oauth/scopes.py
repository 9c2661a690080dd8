"""What apps ask for, in words: parsing of what they send, and what each scope means to a person. Pure.

Which scopes there are, and which covers which, is told once, in api/scopes.py.
"""

from collections.abc import Iterable
from typing import Final

from whimbrel.api.scopes import SCOPES, covers
from whimbrel.kernel.errors import Invalid

DEFAULT: Final = "read"
"""What is asked for by a client that names no scope."""

_KNOWN: Final = frozenset(SCOPES)


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated text, each once, in its order; `read` for an empty text.

    Raises Invalid when one is unknown, and names it.
    """
    wanted = tuple(dict.fromkeys(text.split())) or (DEFAULT,)
    unknown = [scope for scope in wanted if scope not in _KNOWN]
    if unknown:
        raise Invalid(f"The scope {unknown[0][:60]!r} is not known here.")
    return wanted


def covers_all(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether everything in `wanted` lies within `granted`: an app may ask for less than it registered, never more."""
    held = frozenset(granted)
    return all(covers(held, scope) for scope in wanted)


_EXPLAINED: Final = {
    "profile": "See who you are: your name, picture and profile",
    "read": "Read everything you can read, private posts included",
    "write": "Post, edit, delete and change your profile for you",
    "push": "Receive push notifications for you",
    "follow": "Follow, block and mute people for you",
    "read:search": "Search for you",
    "read:statuses": "Read the posts that you can read, private ones included",
    "write:media": "Upload pictures and other files for you",
    "write:reports": "Report people and posts for you",
    "write:statuses": "Post, edit and delete posts for you",
    "admin:read": "Read everything that moderators can read",
    "admin:write": "Act as a moderator for you",
}
_NOUNS: Final = {
    "accounts": "your account",
    "canonical_email_blocks": "e-mail blocks",
    "domain_allows": "allowed servers",
    "domain_blocks": "blocked servers",
    "email_domain_blocks": "blocked e-mail providers",
    "ip_blocks": "blocked network addresses",
}


def explain(scope: str) -> str:
    """A scope in words that a person who is about to allow it understands."""
    if scope in _EXPLAINED:
        return _EXPLAINED[scope]
    broad, _, part = scope.rpartition(":")
    admin = broad.startswith("admin:")
    noun = "accounts" if admin and part == "accounts" else _NOUNS.get(part, part if admin else f"your {part}")
    verb = "Read" if broad.endswith("read") else "Change"
    return f"{verb} {noun}, as a moderator" if admin else f"{verb} {noun}"
