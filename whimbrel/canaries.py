"""The pair of accounts with which the status program tries what users do: made once, for a server of this machine.

`python -m whimbrel.canaries`, started by the status program, which knows nothing of the microblog's inside. The two are
kept out of sight: they are listed nowhere, ask for consent to be followed, and write for their followers only.

The names and passwords are on the disk before the accounts are made, so a crash in between leaves no account that
nobody can sign in to; the file gets its name when both are there.
"""

import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from whimbrel.config import HANDED_DOWN, Config, decode
from whimbrel.engines.syncing import sync
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.microblog.accounts.requests import ProfileChange, SignUp
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.front import Microblog
from whimbrel.microblog.graph.values import FollowSettings
from whimbrel.reliability.logs import log_as_json
from whimbrel.secrets_file import CANARIES, DIRECTORY
from whimbrel.wiring import open_product

FILE: Final = CANARIES
_PASSWORD_BYTES: Final = 24
_NAME_BYTES: Final = 3
_OUT_OF_SIGHT: Final = ProfileChange(
    note="Checks all day long whether this server works, for its status page. Nobody reads here.",
    bot=True,
    discoverable=False,
    indexable=False,
    hide_collections=True,
    locked=True,
    default_visibility="private",
)


class Login(msgspec.Struct, frozen=True):
    """How one of the two signs in."""

    name: str
    password: str


class Pair(msgspec.Struct, frozen=True):
    """The file's content: who posts, and who reads."""

    poster: Login
    reader: Login


def main() -> NoReturn:
    """Make the pair for the server that the handed-down configuration describes, unless it is there."""
    config = decode(os.environ[HANDED_DOWN])
    log_as_json("canaries", config.log_level, config.data)
    try:
        asyncio.run(provide(config))
    except WhimbrelError as error:
        sys.exit(f"whimbrel: the accounts of the status page could not be made: {error}")
    sys.exit(0)


async def provide(config: Config) -> Path:
    """Return the file with the pair's names and passwords, both accounts being there. Raises WhimbrelError."""
    path = config.data / DIRECTORY / FILE
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    pair = _drafted(draft)
    async with open_product(config) as microblog:
        poster = await _made(microblog, pair.poster)
        reader = await _made(microblog, pair.reader)
        follower = await microblog.graph.reader(reader.id)
        await microblog.graph.follow(follower, poster, settings=FollowSettings())
        for account in (poster, reader):  # only now: a locked account would have to consent
            await microblog.accounts.change_profile(account, _OUT_OF_SIGHT)
    draft.rename(path)
    sync(path.parent)
    return path


def _drafted(draft: Path) -> Pair:
    """The pair that an earlier try began with, or a new one, on the disk."""
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if draft.exists():
        return msgspec.json.decode(draft.read_bytes(), type=Pair)
    pair = Pair(
        *(Login(f"status_{secrets.token_hex(_NAME_BYTES)}", secrets.token_urlsafe(_PASSWORD_BYTES)) for _ in "ab")
    )
    beside = draft.with_suffix(".new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(pair))
        file.flush()
        os.fsync(file.fileno())
    beside.rename(draft)
    sync(draft.parent)
    return pair


async def _made(microblog: Microblog, login: Login) -> Account:
    found = await microblog.accounts.ids_by_name([login.name])
    if login.name in found:
        return await microblog.accounts.get(found[login.name])
    return await microblog.accounts.create(
        SignUp(
            name=login.name,
            email=f"{login.name}@status.invalid",
            password=login.password,
            confirmed=True,
            approved=True,
            display_name="Status check",
            origin="status",
        )
    )


if __name__ == "__main__":
    main()
