"""What can happen to accounts, apps and tokens. Facts only; types and fields only grow (rule 10)."""

import msgspec
from msgspec import UNSET, UnsetType


class Field(msgspec.Struct, frozen=True, gc=False):
    """One row of a profile's table: a label and a value, both as the person wrote them."""

    name: str
    value: str
    value_html: str
    verified_ms: int | None = None


class AccountCreated(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new account (subject: itself; actor: itself). Claims its name and its e-mail.

    `password_hash` is an Argon2id string or None (no password: cannot sign in). Times are milliseconds since 1970.
    """

    name: str
    email: str
    password_hash: str | None = None
    role: str = "user"
    confirmed: bool = False
    approved: bool = True
    display_name: str = ""
    locale: str | None = None
    reason: str = ""
    origin: str = "cli"


class ProfileChanged(msgspec.Struct, frozen=True, omit_defaults=True):
    """The owner changed the profile or the defaults for new posts; only what is set has changed."""

    display_name: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    note_html: str | UnsetType = UNSET
    fields: tuple[Field, ...] | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    bot: bool | UnsetType = UNSET
    discoverable: bool | UnsetType = UNSET
    indexable: bool | UnsetType = UNSET
    hide_collections: bool | UnsetType = UNSET
    default_visibility: str | UnsetType = UNSET
    default_sensitive: bool | UnsetType = UNSET
    default_language: str | UnsetType | None = UNSET


class AccountConfirmed(msgspec.Struct, frozen=True):
    """The e-mail address was confirmed."""


class AccountApproved(msgspec.Struct, frozen=True):
    """A moderator let a waiting sign-up in."""


class AccountDisabled(msgspec.Struct, frozen=True):
    """The account may not sign in or use its tokens until it is enabled; its posts stay."""

    reason: str = ""


class AccountEnabled(msgspec.Struct, frozen=True):
    """The account may sign in again."""


class RoleChanged(msgspec.Struct, frozen=True):
    """The account's role is now `role`: user, moderator or admin."""

    role: str


class PasswordChanged(msgspec.Struct, frozen=True):
    """The account has a new password (Argon2id string), or none."""

    password_hash: str | None


class AccountDeleted(msgspec.Struct, frozen=True):
    """The account is gone at once everywhere; its content is erased behind it. Its name is never given again."""


class AppRegistered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A client app (subject: the app). `scopes` and `redirect_uris` are what it may ask for; the secret is hashed."""

    client_id: str
    secret_hash: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    website: str | None = None


class TokenIssued(msgspec.Struct, frozen=True, omit_defaults=True):
    """A bearer token or a web session (subject: the token). `account_id` is None for an app's own token.

    `token_hash` is the SHA-256 of the token, in hex: the token itself is never stored.
    """

    token_hash: str
    account_id: int | None
    app_id: int | None
    scopes: tuple[str, ...]
    kind: str = "access"
    expires_ms: int | None = None


class TokenRevoked(msgspec.Struct, frozen=True):
    """The token (subject) no longer opens anything."""

    token_hash: str


EVENTS = (
    AccountCreated,
    ProfileChanged,
    AccountConfirmed,
    AccountApproved,
    AccountDisabled,
    AccountEnabled,
    RoleChanged,
    PasswordChanged,
    AccountDeleted,
    AppRegistered,
    TokenIssued,
    TokenRevoked,
)
