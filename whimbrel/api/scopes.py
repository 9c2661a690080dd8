"""OAuth scopes as Mastodon has them: which there are, and which covers which (docs: api/oauth-scopes).

A wide scope covers its granular ones (`read` covers `read:statuses`, `admin:read` covers `admin:read:accounts`), and
`follow`, kept from the first versions, covers reading and writing of follows, blocks and mutes.
"""

from collections.abc import Iterable
from typing import Final

_READ: Final = (
    "accounts blocks bookmarks collections favourites filters follows lists mutes notifications search statuses"
)
_WRITE: Final = (
    "accounts blocks bookmarks collections conversations favourites filters follows lists media mutes notifications "
    "reports statuses"
)
_ADMIN: Final = "accounts canonical_email_blocks domain_allows domain_blocks email_domain_blocks ip_blocks reports"
_FOLLOW: Final = frozenset(f"{verb}:{thing}" for verb in ("read", "write") for thing in ("blocks", "follows", "mutes"))

SCOPES: Final = (
    "profile",
    "read",
    "write",
    "push",
    "follow",
    "admin:read",
    "admin:write",
    *(f"read:{thing}" for thing in _READ.split()),
    *(f"write:{thing}" for thing in _WRITE.split()),
    *(f"admin:read:{thing}" for thing in _ADMIN.split()),
    *(f"admin:write:{thing}" for thing in _ADMIN.split()),
)
"""Every scope that an app may ask for, in the order of the documentation."""


def covers(granted: Iterable[str], wanted: str) -> bool:
    """Whether the scopes `granted` include `wanted`, itself or by a wider one."""
    return not openers((wanted,)).isdisjoint(granted)


def openers(wanted: Iterable[str]) -> frozenset[str]:
    """The scopes any one of which opens an endpoint that asks for one of `wanted`."""
    return frozenset(opener for scope in wanted for opener in (scope, *_wider(scope)))


def _wider(scope: str) -> tuple[str, ...]:
    wider, _, _ = scope.rpartition(":")
    return (*((wider,) if wider not in ("", "admin") else ()), *(("follow",) if scope in _FOLLOW else ()))
