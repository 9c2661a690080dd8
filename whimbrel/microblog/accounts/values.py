"""What other rooms and dialects see of accounts, apps and sessions: frozen values, never rows."""

import msgspec

from whimbrel.microblog.accounts.events import Field


class Account(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An account as everybody may see it. Times are milliseconds since 1970.

    `state` is active, unconfirmed, pending (waits for approval), disabled or deleted. `posts` counts posts and
    reblogs except direct ones; `last_post_ms` is the newest one's time. `note` is as typed, `note_html` as shown.
    `confirmed`, `approved` and `disabled` are what `state` is derived from (rules.state_of).
    """

    id: int
    name: str
    created_ms: int
    display_name: str = ""
    note: str = ""
    note_html: str = ""
    fields: tuple[Field, ...] = ()
    locked: bool = False
    bot: bool = False
    discoverable: bool = True
    indexable: bool = False
    hide_collections: bool = False
    role: str = "user"
    confirmed: bool = True
    approved: bool = True
    disabled: bool = False
    state: str = "active"
    default_visibility: str = "public"
    default_sensitive: bool = False
    default_language: str | None = None
    followers: int = 0
    following: int = 0
    posts: int = 0
    last_post_ms: int | None = None

    @property
    def usable(self) -> bool:
        """Whether it may act: neither deleted nor disabled, confirmed and approved."""
        return self.state == "active"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What only the account itself and the operator may see."""

    account: Account
    email: str
    password_hash: str | None
    confirmed: bool
    approved: bool
    disabled: bool
    locale: str | None = None


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A registered client. `scopes` is the most that it may ask for."""

    id: int
    client_id: str
    secret_hash: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    website: str | None
    created_ms: int


class Session(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a presented token opens. `account_id` is None for an app's own token (client credentials).

    `kind` is access (bearer token) or web (the cookie of the sign-in page). Expiry is the reader's to check.
    """

    id: int
    token_hash: str
    account_id: int | None
    app_id: int | None
    app_name: str | None
    app_website: str | None
    scopes: tuple[str, ...]
    kind: str
    created_ms: int
    expires_ms: int | None = None
