"""`whimbrel account ...`: make, look at and change accounts. Tokens and sessions: access.py; export: archive.py."""

import sys
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from whimbrel.cli.codes import Usage
from whimbrel.cli.output import moment, say, say_json, say_table
from whimbrel.cli.passwords import NoPassword, PasswordStdin, password_from
from whimbrel.cli.product import DataFlag, JsonFlag, opened, opened_account
from whimbrel.kernel.errors import Invalid
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.accounts.values import Account, Credentials

Role = Literal["user", "moderator", "admin"]
LIST_PAGE_ACCOUNTS: Final = 200


async def create(
    name: str,
    /,
    *,
    email: str,
    role: Role = "user",
    confirmed: Annotated[bool, Parameter(negative="")] = False,
    password_stdin: PasswordStdin = False,
    no_password: NoPassword = False,
    json: JsonFlag = False,
    data: DataFlag = None,
) -> None:
    """Make an account and print its id.

    Args:
        name: what it is called: letters, digits and underscore
        email: its e-mail address
        role: user, moderator or admin
        confirmed: the address needs no confirmation
        password_stdin: read the password from the first line of standard input
        no_password: nobody can sign in with a password; tokens work
    """
    password = password_from(password_stdin=password_stdin, no_password=no_password)
    async with opened(data, may_be_new=True) as microblog:
        sign_up = SignUp(
            name=name, email=email, password=password, role=role, confirmed=confirmed, approved=True, origin="cli"
        )
        try:
            account = await microblog.accounts.create(sign_up)
        except Invalid as error:
            raise Invalid(f'account create: "{name}", "{email}": {error.public}') from error
    if json:
        say_json(described(account))
    else:
        say(str(account.id))


async def list_all(*, json: JsonFlag = False, data: DataFlag = None) -> None:
    """List all accounts, newest first."""
    async with opened(data) as microblog:
        accounts = [account async for account in every(microblog.accounts)]
    if json:
        say_json([described(account) for account in accounts])
    else:
        rows = ((str(one.id), one.name, one.role, one.state, moment(one.created_ms) or "") for one in accounts)
        say_table(("id", "name", "role", "state", "created"), rows)


async def every(accounts: Accounts) -> AsyncIterator[Account]:
    """All accounts, newest first, a page at a time."""
    page: Page | None = Page(limit=LIST_PAGE_ACCOUNTS)
    while page is not None:
        found = await accounts.all(page)
        for account in found.items:
            yield account
        page = None if found.next_max_id is None else Page(limit=LIST_PAGE_ACCOUNTS, max_id=found.next_max_id)


async def show(name: str, /, *, json: JsonFlag = False, data: DataFlag = None) -> None:
    """Show one account, with what only the operator may see.

    Args:
        name: the account
    """
    async with opened_account(data, name) as (microblog, account):
        secret = await microblog.accounts.credentials(account.id)
    whole = described(account) | private(secret)
    if json:
        say_json(whole)
        return
    width = max(map(len, whole))
    for word, value in whole.items():
        say(f"{word.ljust(width)}  {'-' if value in (None, '') else value}")


def described(account: Account) -> dict[str, Any]:
    """An account as --json prints it. Ids are texts, as in the API."""
    return {
        "id": str(account.id),
        "name": account.name,
        "display_name": account.display_name,
        "role": account.role,
        "state": account.state,
        "created_at": moment(account.created_ms),
        "last_post_at": moment(account.last_post_ms),
        "posts": account.posts,
        "followers": account.followers,
        "following": account.following,
        "locked": account.locked,
        "bot": account.bot,
    }


def private(credentials: Credentials) -> dict[str, Any]:
    """What only the account itself and the operator may see; never the hash."""
    return {
        "email": credentials.email,
        "password": credentials.password_hash is not None,
        "confirmed": credentials.confirmed,
        "approved": credentials.approved,
        "disabled": credentials.disabled,
        "locale": credentials.locale,
    }


async def confirm(name: str, /, *, data: DataFlag = None) -> None:
    """Take the account's e-mail address as confirmed.

    Args:
        name: the account
    """
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.confirm(account.id)
    say(f"{account.name} is confirmed")


async def approve(name: str, /, *, data: DataFlag = None) -> None:
    """Let a sign-up in that waits for approval.

    Args:
        name: the account
    """
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.approve(account.id)
    say(f"{account.name} is approved")


async def disable(name: str, /, *, reason: str = "", data: DataFlag = None) -> None:
    """Stop the account from signing in and its tokens from working; its posts stay.

    Args:
        name: the account
        reason: why, kept in the journal
    """
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.disable(account.id, reason=reason)
    say(f"{account.name} is disabled")


async def enable(name: str, /, *, data: DataFlag = None) -> None:
    """Let a disabled account sign in again.

    Args:
        name: the account
    """
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.enable(account.id)
    say(f"{account.name} is enabled")


async def role(name: str, role: Role, /, *, data: DataFlag = None) -> None:
    """Change what the account may do.

    Args:
        name: the account
        role: user, moderator or admin
    """
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.set_role(account.id, role)
    say(f"{account.name} is {role} now")


async def password(
    name: str,
    /,
    *,
    password_stdin: PasswordStdin = False,
    no_password: NoPassword = False,
    data: DataFlag = None,
) -> None:
    """Give the account a new password, or none, and end its sessions.

    Args:
        name: the account
        password_stdin: read the password from the first line of standard input
        no_password: nobody can sign in with a password any more
    """
    new = password_from(password_stdin=password_stdin, no_password=no_password)
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.set_password(account.id, new)
        await microblog.access.revoke_all(account.id)
    say(f"{account.name} has {'a new' if new else 'no'} password; its sessions are ended")


async def delete(name: str, /, *, yes: Annotated[bool, Parameter(negative="")] = False, data: DataFlag = None) -> None:
    """Delete the account and everything it has written, for ever. On a terminal it asks first.

    Args:
        name: the account
        yes: do not ask
    """
    if not (yes or agreed(name)):
        raise Usage(f'account: "{name}": nothing was deleted: the name was not repeated')
    async with opened_account(data, name) as (microblog, account):
        await microblog.accounts.delete(account.id)
    say(f"{account.name} is deleted")


def agreed(name: str) -> bool:
    """Ask on a terminal for the name once more; without a terminal the command itself is the answer."""
    return not sys.stdin.isatty() or input(f"Type {name} to delete it for ever: ").strip() == name
