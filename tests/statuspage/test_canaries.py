"""The canaries' accounts: made once, able to sign in and to read each other, and seen by nobody else."""

import asyncio
import json

import pytest

from whimbrel.canaries import FILE, provide
from whimbrel.config import read
from whimbrel.kernel.pages import Page
from whimbrel.secrets_file import DIRECTORY
from whimbrel.wiring import open_product


@pytest.fixture
def config(tmp_path):
    return read({"data": str(tmp_path / "data")}, {}).config


async def everybody(config):
    async with open_product(config) as microblog:
        found = (await microblog.accounts.all(Page(limit=80))).items
        following = [(await microblog.graph.reader(account.id)).follows for account in found]
        return found, following


def secrets_in(config):
    return json.loads((config.data / DIRECTORY / FILE).read_text())


def test_the_pair_is_made_once_and_one_follows_the_other(config):
    async def twice():
        await provide(config)
        first = secrets_in(config)
        await provide(config)
        return first

    first = asyncio.run(twice())
    assert secrets_in(config) == first
    found, following = asyncio.run(everybody(config))
    assert {account.name for account in found} == {first["poster"]["name"], first["reader"]["name"]}
    assert sorted(map(len, following)) == [0, 1]
    assert all(account.locked and account.bot and not account.discoverable for account in found)


def test_both_can_sign_in_with_what_the_file_says_and_nobody_else_can_read_it(config):
    async def sign_in():
        path = await provide(config)
        async with open_product(config) as microblog:
            for login in secrets_in(config).values():
                assert (await microblog.accounts.authenticate(login["name"], login["password"])).name == login["name"]
        return path.stat().st_mode & 0o777

    assert asyncio.run(sign_in()) == 0o600


def test_what_was_begun_before_a_crash_is_finished_and_not_begun_anew(config):
    draft = config.data / DIRECTORY / "canary.draft"
    draft.parent.mkdir(parents=True, mode=0o700)
    logins = {role: {"name": f"status_{role}", "password": "a long password"} for role in ("poster", "reader")}
    draft.write_text(json.dumps(logins))
    asyncio.run(provide(config))
    assert secrets_in(config) == logins
    assert not draft.exists()
    found, _ = asyncio.run(everybody(config))
    assert len(found) == 2
