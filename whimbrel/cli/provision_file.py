"""The file of `whimbrel provision`: what may stand in it, and everything that can be wrong with it by itself.

TOML or JSON, told apart by the file's name. Nothing here looks at a server: a file that passes can still meet a
server that holds something else (provision.py says so). The format is a public promise: docs/run/provision.md.
"""

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from whimbrel.api.oauth import redirects
from whimbrel.api.oauth import scopes as oauth_scopes
from whimbrel.kernel.errors import Invalid, WhimbrelError
from whimbrel.kernel.ids import ID_MAX
from whimbrel.microblog.accounts import rules
from whimbrel.microblog.accounts.passwords import check_hash
from whimbrel.microblog.accounts.requests import ProfileChange, SignUp

SCOPES_DEFAULT: Final = "read write follow push"
ORIGIN: Final = "provision"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a profile's table."""

    name: str
    value: str


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the profile shall say; what is left out stays as it is."""

    display_name: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    fields: tuple[Field, ...] | UnsetType = UNSET
    locked: bool | UnsetType = UNSET
    bot: bool | UnsetType = UNSET
    discoverable: bool | UnsetType = UNSET
    indexable: bool | UnsetType = UNSET
    hide_collections: bool | UnsetType = UNSET
    default_visibility: str | UnsetType = UNSET
    default_sensitive: bool | UnsetType = UNSET
    default_language: str | UnsetType = UNSET

    def change(self) -> ProfileChange:
        """The profile as the accounts room is asked for it."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        if "fields" in given:
            given["fields"] = tuple((field.name, field.value) for field in given["fields"])
        return ProfileChange(**given)


class AccountEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An account that shall be there. The password counts only when it is made."""

    name: str
    email: str
    id: int | str | None = None
    password: str | None = None
    password_hash: str | None = None
    role: Literal["user", "moderator", "admin"] = "user"
    confirmed: bool = True
    approved: bool = True
    locale: str | None = None
    profile: Profile = Profile()

    @property
    def wanted_id(self) -> int | None:
        """The id as a number; None lets the server give one. Raises ValueError when it cannot be one."""
        if self.id is None:
            return None
        number = int(self.id)
        if not 0 < number <= ID_MAX:
            raise ValueError(f"{self.id!r} is out of range")
        return number

    def sign_up(self) -> SignUp:
        """The account as the accounts room is asked for it."""
        return SignUp(
            name=self.name,
            email=self.email,
            password=self.password,
            password_hash=self.password_hash,
            role=self.role,
            confirmed=self.confirmed,
            approved=self.approved,
            locale=self.locale,
            origin=ORIGIN,
            id=self.wanted_id,
        )


class AppEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A client app that shall be registered."""

    name: str
    redirect_uris: tuple[str, ...] = (redirects.OUT_OF_BAND,)
    scopes: str = SCOPES_DEFAULT
    website: str | None = None
    client_id: str | None = None
    client_secret: str | None = None

    @property
    def wanted_client_id(self) -> str:
        """The client id; without one it is made of the name, so that a second run finds the app again."""
        made = urlsafe_b64encode(sha256(f"provision:{self.name}".encode()).digest()).decode().rstrip("=")
        return self.client_id or made


class TokenEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bearer token that shall open an account; `app` is an app's name or client id in the same file."""

    account: str
    app: str | None = None
    value: str | None = None
    scopes: str = SCOPES_DEFAULT


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    accounts: tuple[AccountEntry, ...] = ()
    apps: tuple[AppEntry, ...] = ()
    tokens: tuple[TokenEntry, ...] = ()


def load(path: Path) -> Document:
    """Read and check a file. Raises Invalid with every fault, one a line, each with its place."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Invalid(f'provision: "{path}": {error.strerror}; expected a TOML or JSON file') from error
    decode: Callable[..., Any] = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
    try:
        document: Document = decode(content, type=Document)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f'provision: "{path}": {error}') from error
    if faults := list(faults_of(document)):
        raise Invalid("\n".join(f'provision: "{path}": {fault}' for fault in faults))
    return document


def faults_of(document: Document) -> Iterator[str]:
    """Everything that is wrong with the file by itself, each with its place in it."""
    for at, account in enumerate(document.accounts):
        yield from (f"accounts[{at}] ({account.name}): {fault}" for fault in _account_faults(account))
    for at, app in enumerate(document.apps):
        yield from (f"apps[{at}] ({app.name}): {fault}" for fault in _app_faults(app))
    for at, token in enumerate(document.tokens):
        yield from (f"tokens[{at}] ({token.account}): {fault}" for fault in _token_faults(token, document))
    yield from _doubles("accounts", "name", [account.name.lower() for account in document.accounts])
    yield from _doubles("accounts", "email", [account.email.strip().lower() for account in document.accounts])
    yield from _doubles("accounts", "id", [str(account.id) for account in document.accounts if account.id])
    yield from _doubles("apps", "name", [app.name for app in document.apps])
    yield from _doubles("apps", "client_id", [app.client_id for app in document.apps if app.client_id])
    yield from _doubles("tokens", "value", [token.value for token in document.tokens if token.value])


def _account_faults(entry: AccountEntry) -> Iterator[str]:
    try:
        entry.wanted_id  # noqa: B018 (asked for its error)
    except ValueError:
        yield f"id: {entry.id!r}: expected a whole number from 1 to {ID_MAX}"
        return
    if entry.password is not None and entry.password_hash is not None:
        yield "password and password_hash: expected at most one of them"
    yield from _said_by(lambda: rules.check_sign_up(entry.sign_up()))
    yield from _said_by(lambda: rules.check_profile(entry.profile.change()))
    if entry.password_hash is not None:
        yield from _said_by(lambda: check_hash(entry.password_hash or ""))


def _app_faults(entry: AppEntry) -> Iterator[str]:
    if not entry.name.strip():
        yield "name: expected a text"
    yield from _said_by(lambda: oauth_scopes.parse(entry.scopes))
    yield from _said_by(lambda: [redirects.check(uri) for uri in entry.redirect_uris])


def _token_faults(entry: TokenEntry, document: Document) -> Iterator[str]:
    yield from _said_by(lambda: oauth_scopes.parse(entry.scopes))
    if entry.app is not None and app_of(entry.app, document) is None:
        yield f"app: {entry.app!r}: expected the name or client_id of an app in this file"
    if entry.value is not None and not _can_be_a_token(entry.value):
        yield "value: expected 16 to 255 letters, digits and - . _ ~ (RFC 6750)"


def _can_be_a_token(value: str) -> bool:
    return 16 <= len(value) <= 255 and value.isascii() and all(one.isalnum() or one in "-._~" for one in value)


def app_of(name: str, document: Document) -> AppEntry | None:
    """The app of the file that is called so, by name or client id."""
    return next((app for app in document.apps if name in (app.name, app.client_id)), None)


def _said_by(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except WhimbrelError as error:
        yield error.public


def _doubles(part: str, what: str, values: list[str]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f'{part}: {what} "{value}" stands there {count} times: expected once'
