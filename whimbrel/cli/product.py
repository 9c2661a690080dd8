"""The product as a command opens it: with the server running through the core's socket, else for itself alone."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import Parameter

from whimbrel import config
from whimbrel.cli.codes import Usage
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.front import Microblog
from whimbrel.wiring import open_product

DataFlag = Annotated[str | None, Parameter(name="--data", negative="")]
JsonFlag = Annotated[bool, Parameter(name="--json", negative="")]


def configuration(data: str | None) -> config.Configuration:
    """The configuration as it is read for a command: the flag --data, the environment, the file, the defaults."""
    return config.read({} if data is None else {"data": data}, os.environ)


@asynccontextmanager
async def opened(data: str | None) -> AsyncIterator[Microblog]:
    """Every verb of the product, for as long as the block runs. Raises Misconfigured and Unavailable."""
    async with open_product(configuration(data).config) as microblog:
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
