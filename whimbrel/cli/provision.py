"""`whimbrel provision FILE`: make the server hold what a file says, for reproducible deployments, moves and test beds.

The file is checked whole, then compared whole with the server, and only then is anything done, so a conflict changes
nothing. Running it again changes nothing and says so. What the file leaves out stays as it is; nothing is ever deleted,
and a password counts only when its account is made, because its owner may have changed it since.
"""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from whimbrel.api.oauth import scopes as oauth_scopes
from whimbrel.cli.output import say, say_json
from whimbrel.cli.product import DataFlag, JsonFlag, opened
from whimbrel.cli.provision_file import AccountEntry, AppEntry, Document, Profile, TokenEntry, app_of, load
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.microblog.accounts.values import Account, App, Credentials, Session
from whimbrel.microblog.front import Microblog


class Done(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What became of one entry; `did` is created, changed or unchanged. Secrets stand here only when new."""

    kind: str
    name: str
    did: str
    id: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    value: str | None = None


class Present(NamedTuple):
    """What the server already holds of the file's entries, by name in lower case, client id, and place.

    `owners` are the accounts that the file's tokens can be for: those in the file (None while they have no id), and
    those that are there.
    """

    accounts: dict[str, Credentials]
    apps: dict[str, App]
    tokens: dict[int, Session]
    owners: dict[str, int | None]


async def provision(file: Path, /, *, json: JsonFlag = False, data: DataFlag = None) -> None:
    """Make the accounts, apps and tokens that a file names; see docs/run/provision.md.

    Args:
        file: TOML or JSON
    """
    document = load(file)
    async with opened(data, may_be_new=True) as microblog:
        present = await look(microblog, document)
        refused = [fault async for fault in refusals(microblog, document, present)]
        if faults := [*conflicts(document, present), *refused]:
            raise Conflict("\n".join(f'provision: "{file}": {fault}' for fault in faults))
        done = [one async for one in carry_out(microblog, document, present)]
    if json:
        say_json(done)
    else:
        tell(done)


def tell(done: list[Done]) -> None:
    """One line for each entry, and one for all."""
    for one in done:
        secrets = ((name, getattr(one, name)) for name in ("id", "client_id", "client_secret", "value"))
        said = "".join(f", {name} {value}" for name, value in secrets if value is not None)
        say(f"{one.kind} {one.name}: {one.did}{said}")
    changes = sum(one.did != "unchanged" for one in done)
    say(f"{changes} of {len(done)} changed" if changes else "nothing changed")


async def look(microblog: Microblog, document: Document) -> Present:
    """Ask the server for everything that the file names. Reads only."""
    accounts: dict[str, Credentials] = {}
    for entry in document.accounts:
        account = await _account(microblog, entry.name)
        if account is not None:
            accounts[entry.name.lower()] = await microblog.accounts.credentials(account.id)
    apps: dict[str, App] = {}
    for app_entry in document.apps:
        app = await microblog.access.app(app_entry.wanted_client_id)
        if app is not None:
            apps[app_entry.wanted_client_id] = app
    tokens: dict[int, Session] = {}
    for at, token in enumerate(document.tokens):
        session = await _session(microblog, token, document, apps)
        if session is not None:
            tokens[at] = session
    owners: dict[str, int | None] = {entry.name.lower(): None for entry in document.accounts}
    for token in document.tokens:
        if (account := await _account(microblog, token.account)) is not None:
            owners[token.account.lower()] = account.id
    return Present(accounts, apps, tokens, owners)


async def _account(microblog: Microblog, name: str) -> Account | None:
    try:
        return await microblog.accounts.by_name(name)
    except NotFound:
        return None


async def _session(microblog: Microblog, token: TokenEntry, document: Document, apps: dict[str, App]) -> Session | None:
    """The token that is there already: the one of this value, else one of the same account, app and scopes."""
    if token.value is not None:
        return await microblog.access.session(token.value)
    account = await _account(microblog, token.account)
    if account is None:
        return None
    app = None if token.app is None else app_of(token.app, document)
    held = None if app is None else apps.get(app.wanted_client_id)
    if app is not None and held is None:
        return None
    wanted = (held.id if held else None, set(oauth_scopes.parse(token.scopes)), "access")
    sessions = await microblog.access.sessions_of(account.id)
    return next((one for one in sessions if (one.app_id, set(one.scopes), one.kind) == wanted), None)


def conflicts(document: Document, present: Present) -> Iterator[str]:
    """Where the server holds something else under the same name; each says what it holds and what the file wants."""
    for entry in document.accounts:
        credentials = present.accounts.get(entry.name.lower())
        if credentials is not None:
            yield from _account_conflicts(entry, credentials)
    for app in document.apps:
        held = present.apps.get(app.wanted_client_id)
        if held is not None:
            yield from _app_conflicts(app, held)
    for at, token in enumerate(document.tokens):
        session = present.tokens.get(at)
        if session is not None and token.value is not None:
            yield from _token_conflicts(token, session, present)
        if token.account.lower() not in present.owners:
            yield f'token of "{token.account}": there is no account of this name, in the file or on the server'


async def refusals(microblog: Microblog, document: Document, present: Present) -> AsyncIterator[str]:
    """Which accounts cannot be made: their address is somebody else's, or their name was a deleted account's."""
    for entry in document.accounts:
        if entry.name.lower() not in present.accounts:
            try:
                await microblog.accounts.check_sign_up(entry.sign_up())
            except Invalid as error:
                yield f'account "{entry.name}": {error.public}'


def _account_conflicts(entry: AccountEntry, held: Credentials) -> Iterator[str]:
    if entry.wanted_id is not None and entry.wanted_id != held.account.id:
        yield f'account "{entry.name}": it has the id {held.account.id}, the file wants {entry.wanted_id}'
    if entry.email.strip().lower() != held.email.strip().lower():
        yield f'account "{entry.name}": it has the e-mail address {held.email}, the file wants {entry.email}'


def _app_conflicts(entry: AppEntry, held: App) -> Iterator[str]:
    if held.name != entry.name:
        yield f'app "{entry.name}": its client_id belongs to the app "{held.name}"'
    if set(held.redirect_uris) != set(entry.redirect_uris):
        yield f'app "{entry.name}": it has the redirect_uris {list(held.redirect_uris)}, the file wants others'
    if set(held.scopes) != set(oauth_scopes.parse(entry.scopes)):
        yield f'app "{entry.name}": it has the scopes "{" ".join(held.scopes)}", the file wants "{entry.scopes}"'
    if entry.client_secret is not None and _digest(entry.client_secret) != held.secret_hash:
        yield f'app "{entry.name}": it has another client_secret'


def _digest(secret: str) -> str:
    """A secret as the journal knows it (accounts.events.AppRegistered)."""
    return sha256(secret.encode()).hexdigest()


def _token_conflicts(token: TokenEntry, held: Session, present: Present) -> Iterator[str]:
    if present.owners.get(token.account.lower()) != held.account_id:
        yield f'token of "{token.account}": its value opens another account'
    if set(held.scopes) != set(oauth_scopes.parse(token.scopes)):
        scopes = " ".join(held.scopes)
        yield f'token of "{token.account}": it has the scopes "{scopes}", the file wants "{token.scopes}"'


async def carry_out(microblog: Microblog, document: Document, present: Present) -> AsyncIterator[Done]:
    """Do what is missing, in the order of the file: accounts, apps, tokens."""
    for entry in document.accounts:
        yield await _provide_account(microblog, entry, present.accounts.get(entry.name.lower()))
    apps = dict(present.apps)
    for app_entry in document.apps:
        done, app = await _provide_app(microblog, app_entry, present.apps.get(app_entry.wanted_client_id))
        apps[app_entry.wanted_client_id] = app
        yield done
    for at, token in enumerate(document.tokens):
        named = None if token.app is None else app_of(token.app, document)
        app_id = None if named is None else apps[named.wanted_client_id].id
        yield await _provide_token(microblog, token, app_id=app_id, there=at in present.tokens)


async def _provide_account(microblog: Microblog, entry: AccountEntry, held: Credentials | None) -> Done:
    if held is None:
        account = await microblog.accounts.create(entry.sign_up())
        await _provide_profile(microblog, entry.profile, account)
        return Done(kind="account", name=entry.name, did="created", id=str(account.id))
    account, changed = held.account, False
    if account.role != entry.role:
        await microblog.accounts.set_role(account.id, entry.role)
        changed = True
    if entry.confirmed and not held.confirmed:
        await microblog.accounts.confirm(account.id)
        changed = True
    if entry.approved and not held.approved:
        await microblog.accounts.approve(account.id)
        changed = True
    changed |= await _provide_profile(microblog, entry.profile, account)
    return Done(kind="account", name=entry.name, did="changed" if changed else "unchanged", id=str(account.id))


async def _provide_profile(microblog: Microblog, profile: Profile, account: Account) -> bool:
    """Change what differs; returns whether anything did."""
    if not any(_differs(name, getattr(profile, name), account) for name in profile.__struct_fields__):
        return False
    await microblog.accounts.change_profile(account, profile.change())
    return True


def _differs(name: str, wanted: object, account: Account) -> bool:
    if wanted is UNSET:
        return False
    held = getattr(account, name)
    if name == "fields":
        held = tuple((field.name, field.value) for field in held)
        wanted = tuple((field.name, field.value) for field in wanted)  # type: ignore[attr-defined]
    return bool(wanted != held)


async def _provide_app(microblog: Microblog, entry: AppEntry, held: App | None) -> tuple[Done, App]:
    if held is not None:
        return Done(kind="app", name=entry.name, did="unchanged", client_id=held.client_id), held
    app, secret = await microblog.access.register_app(
        name=entry.name,
        redirect_uris=entry.redirect_uris,
        scopes=oauth_scopes.parse(entry.scopes),
        website=entry.website,
        client_id=entry.wanted_client_id,
        client_secret=entry.client_secret,
    )
    new = None if entry.client_secret else secret
    return Done(kind="app", name=entry.name, did="created", client_id=app.client_id, client_secret=new), app


async def _provide_token(microblog: Microblog, token: TokenEntry, *, app_id: int | None, there: bool) -> Done:
    if there:
        return Done(kind="token", name=token.account, did="unchanged")
    account = await microblog.accounts.by_name(token.account)
    value = await microblog.access.issue_token(
        account_id=account.id, app_id=app_id, scopes=oauth_scopes.parse(token.scopes), value=token.value
    )
    return Done(kind="token", name=token.account, did="created", value=None if token.value else value)
