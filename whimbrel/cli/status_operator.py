"""`whimbrel status operator ...`: who may speak for the page. On the machine itself only: there is no way from outside
to become an operator."""

import sys
from getpass import getpass

from whimbrel.cli.codes import Usage
from whimbrel.cli.output import moment, note, say, say_json, say_table
from whimbrel.cli.product import JsonFlag
from whimbrel.cli.status import HERE, FolderFlag, folder_of
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.statuspage.operators.beside import opened


async def create(name: str, /, *, data: FolderFlag = None) -> None:
    """Make an operator, and print the address of their second factor for an authenticator app, this once.

    Args:
        name: what they sign in as, and what the page shows beside their words
    """
    password = _password()
    async with opened(folder_of(data), wall_clock_ms, may_be_new=True) as beside:
        address = await beside.operators.create(name, password, actor=HERE)
    say(address)


async def list_all(*, json: JsonFlag = False, data: FolderFlag = None) -> None:
    """List the operators."""
    async with opened(folder_of(data), wall_clock_ms) as beside:
        everybody, keys = await beside.operators.everybody(), await beside.operators.keys()
    held = {one.name: [key for key in keys if key.operator == one.name] for one in everybody}
    if json:
        say_json(
            [
                {
                    "name": one.name,
                    "created_at": moment(one.created_ms),
                    "keys": [{"id": key.id, "label": key.label} for key in held[one.name]],
                }
                for one in everybody
            ]
        )
        return
    labels = {name: ", ".join(f"{key.id} ({key.label})" for key in keys) for name, keys in held.items()}
    rows = [(one.name, moment(one.created_ms) or "", labels[one.name]) for one in everybody]
    say_table(("name", "created", "keys"), rows)


async def password(name: str, /, *, data: FolderFlag = None) -> None:
    """Give an operator another password and another second factor, which is printed; ends their sessions.

    Args:
        name: the operator
    """
    new = _password()
    async with opened(folder_of(data), wall_clock_ms) as beside:
        address = await beside.operators.set_password(name, new, actor=HERE)
    say(address)


async def remove(name: str, /, *, data: FolderFlag = None) -> None:
    """Let an operator speak no more; sessions and keys end. What they have said stays.

    Args:
        name: the operator
    """
    async with opened(folder_of(data), wall_clock_ms) as beside:
        await beside.operators.remove(name, actor=HERE)
    say(f"{name} is no operator any more")


async def key(name: str, /, *, label: str = "", revoke: str = "", data: FolderFlag = None) -> None:
    """Make a key for a program that acts in an operator's name, and print it, this once; or revoke one.

    Args:
        name: the operator
        label: what the key is for
        revoke: the id of the key that shall work no more
    """
    if bool(label) == bool(revoke):
        raise Usage("key: expected exactly one of --label and --revoke")
    async with opened(folder_of(data), wall_clock_ms) as beside:
        if revoke:
            await beside.operators.revoke_key(revoke, actor=HERE)
            say(f"{revoke} works no more")
        else:
            say(await beside.operators.add_key(name, label, actor=HERE))


def _password() -> str:
    """Asked for twice on a terminal; else the first line of standard input. Raises Usage."""
    if not sys.stdin.isatty():
        found = sys.stdin.readline().rstrip("\r\n")
        if not found:
            raise Usage("password: the first line of standard input is empty: expected the password")
        return found
    note("Nothing is shown while you type.")
    found = getpass("Password: ")
    if found != getpass("Once more: "):
        raise Usage("password: the two are not the same")
    return found
