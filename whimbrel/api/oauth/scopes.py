"""What a token may do, in Mastodon's words (documentation 4.6, "OAuth scopes"). Pure.

A broad scope covers its own narrow ones (`read` covers `read:statuses`, `admin:read` covers `admin:read:accounts`),
and `follow`, kept from the first versions, covers reading and writing of follows, blocks and mutes.
"""

from collections.abc import Collection, Iterable
from typing import Final

from whimbrel.kernel.errors import Invalid

DEFAULT: Final = "read"
"""What is asked for by a client that names no scope."""

_READ: Final = (
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search statuses"
)
_WRITE: Final = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes notifications "
    "reports statuses"
)
_ADMIN: Final = "accounts canonical_email_blocks domain_allows domain_blocks email_domain_blocks ip_blocks reports"

ALL: Final = (
    "profile",
    "read",
    "write",
    "push",
    "follow",
    "admin:read",
    "admin:write",
    *(f"read:{part}" for part in _READ.split()),
    *(f"write:{part}" for part in _WRITE.split()),
    *(f"admin:read:{part}" for part in _ADMIN.split()),
    *(f"admin:write:{part}" for part in _ADMIN.split()),
)
"""Every scope there is, in the order of the documentation."""

_KNOWN = frozenset(ALL)
_FOLLOW = frozenset(f"{verb}:{part}" for verb in ("read", "write") for part in ("blocks", "follows", "mutes"))


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated text, each once, in its order; `read` for an empty text.

    Raises Invalid when one is unknown, and names it.
    """
    wanted = tuple(dict.fromkeys(text.split())) or (DEFAULT,)
    unknown = [scope for scope in wanted if scope not in _KNOWN]
    if unknown:
        raise Invalid(f"The scope {unknown[0][:60]!r} is not known here.")
    return wanted


def covers(granted: Collection[str], needed: str) -> bool:
    """Whether a token with the scopes `granted` may do what asks for the one scope `needed`."""
    if needed in granted:
        return True
    broad, _, _ = needed.rpartition(":")
    return broad in granted or (needed in _FOLLOW and "follow" in granted)


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
