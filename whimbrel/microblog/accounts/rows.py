"""Accounts, apps and sessions as the store has them: queries in, values out. Nothing here writes."""

from collections.abc import Iterable, Sequence

import msgspec

from whimbrel.kernel.contracts import Reading, Row
from whimbrel.kernel.pages import Page
from whimbrel.kernel.sql import Queries
from whimbrel.microblog.accounts.events import Field
from whimbrel.microblog.accounts.values import Account, App, Credentials, Session

SQL = Queries("whimbrel.microblog.accounts")

_ACCOUNTS = SQL.accounts_by_id
_NAMES = SQL.ids_by_name
_SESSIONS = SQL.sessions_by_hash

_fields = msgspec.msgpack.Decoder(tuple[Field, ...])


def accounts(rows: Reading, ids: Iterable[int]) -> dict[int, Account]:
    """The accounts with these ids, deleted ones among them."""
    return {row[0]: _account(row) for row in rows.all(_ACCOUNTS, {"ids": list(ids)})}


def ids_by_name(rows: Reading, names: Iterable[str]) -> dict[str, int]:
    """Account ids by lower-case name."""
    return dict(rows.all(_NAMES, {"names": list(names)}))


def page_of_ids(rows: Reading, page: Page) -> list[int]:
    """One page of all accounts that were not deleted, newest first."""
    sql = SQL.oldest_accounts if page.ascending else SQL.newest_accounts
    found = rows.all(sql, {"floor": page.floor, "ceiling": page.ceiling, "limit": page.limit})
    ids = [row[0] for row in found]
    return ids[::-1] if page.ascending else ids


def credentials(rows: Reading, account_id: int) -> Credentials | None:
    """What one account signs in with; None when it does not exist or was deleted."""
    found = rows.one(SQL.credentials_by_id, {"account_id": account_id})
    account = accounts(rows, (account_id,)).get(account_id) if found else None
    if found is None or account is None:
        return None
    _, email, password_hash, locale = found
    return Credentials(
        account=account,
        email=email,
        password_hash=password_hash,
        confirmed=account.confirmed,
        approved=account.approved,
        disabled=account.disabled,
        locale=locale,
    )


def credentials_by_login(rows: Reading, login: str) -> Credentials | None:
    """The same, found by name or by e-mail address, in any case of letters."""
    folded = login.strip().lower()
    if "@" in folded:
        found = rows.one(SQL.account_id_by_email, {"email": folded})
        account_id = found[0] if found else None
    else:
        account_id = ids_by_name(rows, (folded,)).get(folded)
    return credentials(rows, account_id) if account_id is not None else None


def apps(rows: Reading, ids: Iterable[int]) -> dict[int, App]:
    """Registered apps by id."""
    return {row[0]: _app(row) for row in rows.all(SQL.apps_by_id, {"ids": list(ids)})}


def apps_by_client_id(rows: Reading, client_ids: Iterable[str]) -> dict[str, App]:
    """Registered apps by client id."""
    return {row[1]: _app(row) for row in rows.all(SQL.apps_by_client_id, {"client_ids": list(client_ids)})}


def sessions(rows: Reading, hashes: Sequence[str]) -> dict[str, Session]:
    """What tokens open, by their hash; expired ones too."""
    return {row[1]: _session(row) for row in rows.all(_SESSIONS, {"hashes": hashes})}


def sessions_of(rows: Reading, account_id: int) -> list[Session]:
    """Everything that is signed in to an account, oldest first."""
    return [_session(row) for row in rows.all(SQL.sessions_by_account, {"account_id": account_id})]


def token_hash(rows: Reading, token_id: int) -> str | None:
    """The hash of a token, by the token's id."""
    found = rows.one(SQL.hash_by_token_id, {"id": token_id})
    return found[0] if found else None


def _account(row: Row) -> Account:
    return Account(
        id=row[0],
        name=row[1],
        created_ms=row[2],
        display_name=row[3],
        note=row[4],
        note_html=row[5],
        fields=_fields.decode(row[6]) if row[6] else (),
        locked=row[7] == 1,
        bot=row[8] == 1,
        discoverable=row[9] == 1,
        indexable=row[10] == 1,
        hide_collections=row[11] == 1,
        role=row[12],
        confirmed=row[13] == 1,
        approved=row[14] == 1,
        disabled=row[15] == 1,
        state=row[16],
        default_visibility=row[17],
        default_sensitive=row[18] == 1,
        default_language=row[19],
        followers=row[20],
        following=row[21],
        posts=row[22],
        last_post_ms=row[23],
    )


def _app(row: Row) -> App:
    id_, client_id, secret_hash, name, redirect_uris, scopes, website, created_ms = row
    return App(
        id=id_,
        client_id=client_id,
        secret_hash=secret_hash,
        name=name,
        redirect_uris=tuple(redirect_uris.split("\n")),
        scopes=tuple(scopes.split()),
        website=website,
        created_ms=created_ms,
    )


def _session(row: Row) -> Session:
    return Session(
        id=row[0],
        token_hash=row[1],
        account_id=row[2],
        app_id=row[3],
        app_name=row[4],
        app_website=row[5],
        scopes=tuple(row[6].split()),
        kind=row[7],
        created_ms=row[8],
        expires_ms=row[9],
    )
