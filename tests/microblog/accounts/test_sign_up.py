"""Signing up: what may be an account, and that two can never be the same."""

import pytest

from tests.support.people import Doors
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.kernel.pages import Page
from whimbrel.microblog.accounts import rows
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.accounts.rules import SignUpInvalid

pytestmark = pytest.mark.anyio

PASSWORD = "seven stones skipping"


def sign_up(name: str = "Ada", email: str = "ada@mail.example", **changes: object) -> SignUp:
    return SignUp(**{"name": name, "email": email, "origin": "cli", **changes})


async def test_an_account_is_there_as_soon_as_it_was_made(doors: Doors) -> None:
    account = await doors.accounts.create(sign_up(display_name="Ada L.", role="moderator", confirmed=True))
    assert account.usable
    assert (account.name, account.display_name, account.role) == ("Ada", "Ada L.", "moderator")
    assert doors.accounts.held(account.id) == account
    assert doors.appending.look(lambda look: rows.accounts(look, [account.id])) == {account.id: account}


async def test_an_account_waits_for_its_address_and_for_a_moderator(doors: Doors) -> None:
    unconfirmed = await doors.accounts.create(sign_up())
    pending = await doors.accounts.create(sign_up("Bo", "bo@mail.example", approved=False))
    assert (unconfirmed.state, pending.state) == ("unconfirmed", "pending")
    await doors.accounts.confirm(unconfirmed.id)
    await doors.accounts.approve(pending.id)
    assert (await doors.accounts.get(unconfirmed.id)).state == "active"
    assert (await doors.accounts.get(pending.id)).state == "unconfirmed"


async def test_a_name_is_taken_in_any_case_of_letters(doors: Doors) -> None:
    await doors.accounts.create(sign_up())
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(sign_up("aDA", "other@mail.example"))
    assert caught.value.details == {"name": [{"error": "ERR_TAKEN", "description": "is already taken"}]}
    assert caught.value.public == "Validation failed: name is already taken"


async def test_an_address_is_taken_in_any_case_of_letters(doors: Doors) -> None:
    await doors.accounts.create(sign_up())
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(sign_up("Bo", "ADA@Mail.Example"))
    assert list(caught.value.details) == ["email"]


async def test_of_two_sign_ups_that_race_for_a_name_one_gets_it(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    # Both have looked, and both found the name free: the journal decides.
    async def free(_keys: object) -> dict[str, object]:
        return {}

    await doors.accounts.create(sign_up())
    monkeypatch.setattr(doors.appending, "find", free)
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(sign_up("ada", "other@mail.example"))
    assert caught.value.details["name"][0]["error"] == "ERR_TAKEN"


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"name": ""}, "name", "ERR_BLANK"),
        ({"name": "zoë"}, "name", "ERR_INVALID"),
        ({"name": "a b"}, "name", "ERR_INVALID"),
        ({"name": "ada\n"}, "name", "ERR_INVALID"),
        ({"name": "a" * 31}, "name", "ERR_TOO_LONG"),
        ({"name": "Admin", "origin": "sign_up", "password": PASSWORD}, "name", "ERR_RESERVED"),
        ({"email": " "}, "email", "ERR_BLANK"),
        ({"email": "ada"}, "email", "ERR_INVALID"),
        ({"email": "ada@mail"}, "email", "ERR_INVALID"),
        ({"email": "ada@@mail.example"}, "email", "ERR_INVALID"),
        ({"email": "a da@mail.example"}, "email", "ERR_INVALID"),
        ({"email": "ada@mail.example>"}, "email", "ERR_INVALID"),
        ({"email": "a" * 250 + "@mail.example"}, "email", "ERR_TOO_LONG"),
        ({"password": ""}, "password", "ERR_BLANK"),
        ({"password": "seven77"}, "password", "ERR_TOO_SHORT"),
        ({"password": "p" * 257}, "password", "ERR_TOO_LONG"),
        ({"password": "\ud800" * 8}, "password", "ERR_INVALID"),
        ({"origin": "sign_up"}, "password", "ERR_BLANK"),
        ({"display_name": "n" * 41}, "display_name", "ERR_TOO_LONG"),
        ({"display_name": "a\x00b"}, "display_name", "ERR_INVALID"),
        ({"reason": "r" * 501}, "reason", "ERR_TOO_LONG"),
        ({"locale": "english please"}, "locale", "ERR_INVALID"),
    ],
)
async def test_a_sign_up_that_cannot_be_says_which_field_and_why(
    doors: Doors, changes: dict[str, object], field: str, error: str
) -> None:
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(sign_up(**changes))
    assert [fault["error"] for fault in caught.value.details[field]] == [error]
    assert len(doors.appending.events) == 1  # the journal's opening, and nothing else


async def test_everything_wrong_with_a_sign_up_is_said_at_once(doors: Doors) -> None:
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(sign_up("", "nowhere", password="short"))
    assert list(caught.value.details) == ["name", "email", "password"]


async def test_the_operator_may_give_a_reserved_name(doors: Doors) -> None:
    assert (await doors.accounts.create(sign_up("admin", role="admin"))).name == "admin"


async def test_an_unknown_role_is_refused(doors: Doors) -> None:
    with pytest.raises(Invalid, match="'owner'"):
        await doors.accounts.create(sign_up(role="owner"))


async def test_an_account_that_moves_here_keeps_its_id_and_its_password(doors: Doors, passwords: Passwords) -> None:
    moved = await doors.accounts.create(sign_up(id=4711, password_hash=await passwords.hash(PASSWORD), confirmed=True))
    assert moved.id == 4711
    assert (await doors.accounts.by_name("ADA")).id == 4711
    assert (await doors.accounts.authenticate("ada", PASSWORD)).id == 4711


async def test_an_id_is_given_once(doors: Doors) -> None:
    await doors.accounts.create(sign_up(id=4711))
    with pytest.raises(Invalid, match="4711"):
        await doors.accounts.create(sign_up("Bo", "bo@mail.example", id=4711))


async def test_what_is_no_argon2_hash_is_refused_and_not_shown(doors: Doors) -> None:
    with pytest.raises(Invalid) as caught:
        await doors.accounts.create(sign_up(password_hash="$2b$12$secretsecret"))
    assert "secret" not in str(caught.value)


async def test_a_person_is_found_by_name_while_the_store_is_away(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    doors.in_memory.names.forget()
    with doors.appending.take_store_away():
        assert await doors.accounts.ids_by_name(["ADA", "nobody"]) == {"ada": ada.id}
        assert await doors.accounts.by_name("Ada") == ada


async def test_nobody_is_found_by_a_name_that_nobody_has(doors: Doors) -> None:
    with pytest.raises(NotFound):
        await doors.accounts.by_name("nobody")


async def test_the_list_of_accounts_is_paged_both_ways(doors: Doors) -> None:
    people = [doors.add_account(f"person{number}") for number in range(5)]
    newest_first = people[::-1]
    first = await doors.accounts.all(Page(limit=2))
    second = await doors.accounts.all(Page(limit=2, max_id=first.next_max_id))
    last = await doors.accounts.all(Page(limit=2, max_id=second.next_max_id))
    assert [*first.items, *second.items, *last.items] == newest_first
    assert last.next_max_id is None
    above = await doors.accounts.all(Page(limit=2, min_id=last.prev_min_id))
    assert list(above.items) == newest_first[2:4]


async def test_a_request_that_is_logged_shows_no_password() -> None:
    assert PASSWORD not in repr(sign_up(password=PASSWORD))


async def test_nothing_changes_about_a_deleted_account(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    await doors.accounts.delete(ada.id)
    with pytest.raises(NotFound):
        await doors.accounts.confirm(ada.id)
    assert doors.appending.events[-1].type == "AccountDeleted"
