"""What callers ask of the accounts room: a sign-up, a change of profile, and the rendering that wiring lends it."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

SIGN_UP: Final = "sign_up"
"""The origin of an account whose owner asked for it; needs a password and may not have a reserved name."""


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    """A new account that is asked for. `id` is given only when an account moves here with the id that it had.

    `password` is what was typed, `password_hash` an Argon2id string instead of it; neither means that nobody can
    sign in with a password. `origin` says who asks: `sign_up`, `cli`, `provision`.
    """

    name: str
    email: str
    password: str | None = None
    password_hash: str | None = None
    role: str = "user"
    confirmed: bool = False
    approved: bool = True
    display_name: str = ""
    locale: str | None = None
    reason: str = ""
    origin: str = SIGN_UP
    id: int | None = None

    def __repr__(self) -> str:
        # A request that shows up in a traceback or a log must not show the password.
        return f"SignUp(name={self.name!r}, origin={self.origin!r})"


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner wants changed; UNSET stays as it is. `fields` are pairs of label and value as typed."""

    display_name: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    fields: tuple[tuple[str, str], ...] | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    bot: bool | UnsetType = UNSET
    discoverable: bool | UnsetType = UNSET
    indexable: bool | UnsetType = UNSET
    hide_collections: bool | UnsetType = UNSET
    default_visibility: str | UnsetType = UNSET
    default_sensitive: bool | UnsetType = UNSET
    default_language: str | UnsetType | None = UNSET


class ProfileText(NamedTuple):
    """How the text of a profile becomes HTML. The renderer belongs to the posts, which stand above this room.

    `names_in` gives the lower-case names that a text may mention; `note` and `field` render a text, given the ids
    of those names that are people.
    """

    names_in: Callable[[str], list[str]]
    note: Callable[[str, Mapping[str, int]], str]
    field: Callable[[str, Mapping[str, int]], str]
