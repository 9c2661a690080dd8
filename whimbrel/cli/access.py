"""`whimbrel account token` and `account sessions`: what opens an account, made and ended from the command line."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from whimbrel.api.oauth import scopes as oauth_scopes
from whimbrel.api.scopes import SCOPES
from whimbrel.cli.codes import Usage
from whimbrel.cli.output import moment, say, say_json, say_table
from whimbrel.cli.product import DataFlag, JsonFlag, opened_account
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.kernel.ids import parse_id
from whimbrel.microblog.accounts.values import Session

SCOPES_DEFAULT = "read write follow push"


async def token(name: str, /, *, scopes: str = SCOPES_DEFAULT, data: DataFlag = None) -> None:
    """Make a bearer token for the account and print it, and nothing else.

    Args:
        name: the account
        scopes: what the token may do, separated by spaces
    """
    wanted = parsed_scopes(scopes)
    async with opened_account(data, name) as (microblog, account):
        value = await microblog.access.issue_token(account_id=account.id, app_id=None, scopes=wanted)
    say(value)


def parsed_scopes(text: str) -> tuple[str, ...]:
    """The scopes in `text`. Raises Usage, which names the first that there is not."""
    try:
        return oauth_scopes.parse(text)
    except Invalid as error:
        raise Usage(f'scopes: "{text}": {error.public} Expected some of: {" ".join(SCOPES)}') from error


async def sessions(
    name: str,
    /,
    *,
    revoke: str | None = None,
    revoke_all: Annotated[bool, Parameter(negative="")] = False,
    json: JsonFlag = False,
    data: DataFlag = None,
) -> None:
    """List what is signed in to the account, or end it.

    Args:
        name: the account
        revoke: end the session of this id
        revoke_all: end every session
    """
    async with opened_account(data, name) as (microblog, account):
        held = await microblog.access.sessions_of(account.id)
        if revoke_all:
            await microblog.access.revoke_all(account.id)
            say(f"{len(held)} sessions of {account.name} are ended")
        elif revoke is not None:
            wanted = parse_id(revoke)
            if wanted not in {session.id for session in held}:
                raise NotFound(f'session: "{revoke}": {account.name} has no session of this id')
            await microblog.access.revoke_id(wanted)
            say(f"session {revoke} of {account.name} is ended")
        else:
            _show(held, json=json)


def _show(held: Sequence[Session], *, json: bool) -> None:
    shown = [
        {
            "id": str(one.id),
            "kind": one.kind,
            "app": one.app_name,
            "scopes": " ".join(one.scopes),
            "created_at": moment(one.created_ms),
            "expires_at": moment(one.expires_ms),
        }
        for one in held
    ]
    if json:
        say_json(shown)
    else:
        rows = (tuple(str(value or "-") for value in one.values()) for one in shown)
        say_table(("id", "kind", "app", "scopes", "created", "expires"), rows)
