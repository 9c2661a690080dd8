"""The product as a command opens it: with the server running through the core's socket, else for itself alone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import Parameter

from whimbrel import config
from whimbrel.cli.codes import Usage
from whimbrel.cli.serve import make_data_directory
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.front import Microblog
from whimbrel.upkeep import journal_in
from whimbrel.wiring import open_product

DataFlag = Annotated[str | None, Parameter(name="--data", negative="", help="the data directory; ./data")]
JsonFlag = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


def configuration(data: str | None) -> config.Configuration:
    """The configuration as it is read for a command: the flag --data, the environment, the file, the defaults."""
    return config.read({} if data is None else {"data": data}, os.environ)


@asynccontextmanager
async def opened(data: str | None, *, may_be_new: bool = False) -> AsyncIterator[Microblog]:
    """Every verb of the product, for as long as the block runs.

    Raises Misconfigured, Unavailable, and NotFound for a directory without a journal: only with `may_be_new` is one
    begun there, so that a mistyped directory is an error and not an empty server.
    """
    config = configuration(data).config
    if not may_be_new:
        journal_in(config.data)
    make_data_directory(config.data)
    async with open_product(config) as microblog:
        yield microblog


async def account_named(microblog: Microblog, name: str) -> Account:
    """The account called `name` (a leading @ is let go), whatever its state. Raises NotFound, which names it."""
    bare = name.removeprefix("@")
    if not bare:
        raise Usage('NAME: "" was given: expected the name of an account')
    try:
        return await microblog.accounts.by_name(bare)
    except NotFound as error:
        raise NotFound(f'account: "{bare}": there is no account of this name') from error


@asynccontextmanager
async def opened_account(data: str | None, name: str) -> AsyncIterator[tuple[Microblog, Account]]:
    """Every verb of the product, and the account that the command is about. Raises NotFound, which names it."""
    async with opened(data) as microblog:
        yield microblog, await account_named(microblog, name)
