"""Signing in: one text for whatever is wrong, the same work for everybody, never more than two at a time."""

import asyncio

import pytest
from argon2 import PasswordHasher, extract_parameters

from tests.support.people import Doors
from whimbrel.kernel.errors import Forbidden, Unauthenticated, Unavailable
from whimbrel.kernel.limits import PASSWORDS_WAITING_MAX
from whimbrel.microblog.accounts import passwords as module
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.accounts.values import Account

pytestmark = pytest.mark.anyio

PASSWORD = "seven stones skipping"


async def with_password(doors: Doors) -> Account:
    sign_up = SignUp(name="Ada", email="Ada@mail.example", password=PASSWORD, confirmed=True)
    return await doors.accounts.create(sign_up)


@pytest.mark.parametrize("login", ["Ada", "ada", "ADA ", "ada@mail.example", "ADA@MAIL.EXAMPLE"])
async def test_a_person_signs_in_by_name_or_address(doors: Doors, login: str) -> None:
    account = await with_password(doors)
    assert await doors.accounts.authenticate(login, PASSWORD) == account


@pytest.mark.parametrize(
    ("login", "password"),
    [("ada", "seven stones"), ("nobody", PASSWORD), ("no@mail.example", PASSWORD), ("ada", "x" * 5000), ("ada", "")],
)
async def test_whatever_is_wrong_the_answer_is_the_same(doors: Doors, login: str, password: str) -> None:
    await with_password(doors)
    with pytest.raises(Unauthenticated) as caught:
        await doors.accounts.authenticate(login, password)
    assert str(caught.value) == "The name, e-mail address or password is not right"


async def test_an_account_without_a_password_cannot_be_signed_in_to(doors: Doors) -> None:
    doors.add_account("Bo")
    with pytest.raises(Unauthenticated):
        await doors.accounts.authenticate("bo", "")


async def test_a_new_password_replaces_the_old_one(doors: Doors) -> None:
    account = await with_password(doors)
    await doors.accounts.set_password(account.id, "eight stones skipping")
    assert await doors.accounts.authenticate("ada", "eight stones skipping") == account
    with pytest.raises(Unauthenticated):
        await doors.accounts.authenticate("ada", PASSWORD)


async def test_a_password_that_was_taken_away_opens_nothing(doors: Doors) -> None:
    account = await with_password(doors)
    await doors.accounts.set_password(account.id, None)
    with pytest.raises(Unauthenticated):
        await doors.accounts.authenticate("ada", PASSWORD)


async def test_who_may_not_act_yet_is_told_why_only_after_the_right_password(doors: Doors) -> None:
    account = await with_password(doors)
    await doors.accounts.disable(account.id, reason="spam")
    with pytest.raises(Unauthenticated):
        await doors.accounts.authenticate("ada", "wrong password")
    with pytest.raises(Forbidden, match="disabled"):
        await doors.accounts.authenticate("ada", PASSWORD)


async def test_a_password_is_never_kept_in_the_journal(doors: Doors) -> None:
    await with_password(doors)
    records = doors.appending.journal.read(after=0, limit=100)
    assert not any(PASSWORD.encode() in record.payload for record in records)


async def test_an_unknown_person_costs_the_same_work() -> None:
    asked = (module.ARGON2_MEMORY_KIB, module.ARGON2_PASSES, module.ARGON2_LANES)
    decoy = extract_parameters(module.DECOY_HASH)
    assert (decoy.memory_cost, decoy.time_cost, decoy.parallelism) == asked
    hasher = PasswordHasher(time_cost=asked[1], memory_cost=asked[0], parallelism=asked[2])
    assert not hasher.check_needs_rehash(module.DECOY_HASH)


async def test_a_flood_of_sign_ins_is_turned_away_at_its_limit(passwords: Passwords) -> None:
    async def attempt() -> bool:
        try:
            return await passwords.verify(PASSWORD, None)
        except Unavailable:
            return True

    turned_away = await asyncio.gather(*(attempt() for _ in range(PASSWORDS_WAITING_MAX + 5)))
    assert sum(turned_away) == 5
    assert await passwords.verify(PASSWORD, await passwords.hash(PASSWORD))


async def test_a_damaged_hash_opens_nothing(passwords: Passwords) -> None:
    assert not await passwords.verify(PASSWORD, "not a hash")
