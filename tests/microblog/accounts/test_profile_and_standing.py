"""What an account says of itself, and what the operator says of it."""

import pytest

from tests.support.people import Doors
from whimbrel.kernel.errors import Invalid, NotFound, Unauthenticated
from whimbrel.microblog.accounts import rows
from whimbrel.microblog.accounts.requests import ProfileChange, SignUp
from whimbrel.microblog.accounts.rules import SignUpInvalid

pytestmark = pytest.mark.anyio


async def test_a_profile_is_shown_as_html_and_kept_as_typed(doors: Doors) -> None:
    ada, bo = doors.add_account("Ada"), doors.add_account("Bo")
    change = ProfileChange(
        display_name="Ada L.",
        note="with @bo <here>",
        fields=(("site", "http://ada.example.org"), ("", " ")),
        locked=True,
        default_language="pt-BR",
    )
    changed = await doors.accounts.change_profile(ada, change)
    assert (changed.display_name, changed.note, changed.locked) == ("Ada L.", "with @bo <here>", True)
    assert "&lt;here&gt;" in changed.note_html
    assert f'href="http://whimbrel.example/@{bo.name.lower()}"' in changed.note_html.lower()
    assert [(field.name, field.value) for field in changed.fields] == [("site", "http://ada.example.org")]
    assert 'rel="me' in changed.fields[0].value_html
    assert doors.accounts.held(ada.id) == changed
    assert doors.appending.look(lambda look: rows.accounts(look, [ada.id]))[ada.id] == changed


async def test_a_change_that_changes_nothing_is_no_event(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    ada = await doors.accounts.change_profile(ada, ProfileChange(note="hello", fields=(("a", "b"),)))
    before = len(doors.appending.events)
    assert await doors.accounts.change_profile(ada, ProfileChange(note="hello", fields=(("a", "b"),), bot=False)) == ada
    assert len(doors.appending.events) == before


async def test_what_was_set_can_be_emptied_again(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    full = ProfileChange(note="hello", fields=(("a", "b"),), default_language="de")
    await doors.accounts.change_profile(ada, full)
    changed = await doors.accounts.get(ada.id)
    emptied = await doors.accounts.change_profile(changed, ProfileChange(note="", fields=(), default_language=None))
    assert (emptied.note, emptied.note_html, emptied.fields, emptied.default_language) == ("", "", (), None)
    assert doors.appending.look(lambda look: rows.accounts(look, [ada.id]))[ada.id] == emptied


@pytest.mark.parametrize(
    "change",
    [
        ProfileChange(display_name="n" * 41),
        ProfileChange(note="n" * 501),
        ProfileChange(note="a\x00b"),
        ProfileChange(fields=(("a", "b"),) * 5),
        ProfileChange(fields=(("a" * 256, "b"),)),
        ProfileChange(fields=(("a", "b" * 256),)),
        ProfileChange(default_visibility="direct"),
        ProfileChange(default_visibility="everybody"),
        ProfileChange(default_language="the Queen's"),
    ],
)
async def test_a_profile_beyond_its_limits_is_refused(doors: Doors, change: ProfileChange) -> None:
    ada = doors.add_account("Ada")
    with pytest.raises(Invalid):
        await doors.accounts.change_profile(ada, change)


async def test_what_the_operator_says_twice_is_one_event(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    for _ in range(2):
        await doors.accounts.disable(ada.id, reason="spam")
    assert (await doors.accounts.get(ada.id)).state == "disabled"
    for _ in range(2):
        await doors.accounts.enable(ada.id)
        await doors.accounts.set_role(ada.id, "admin")
        await doors.accounts.confirm(ada.id)
        await doors.accounts.approve(ada.id)
    account = await doors.accounts.get(ada.id)
    assert (account.state, account.role) == ("active", "admin")
    types = [event.type for event in doors.appending.events[2:]]
    assert types == ["AccountDisabled", "AccountEnabled", "RoleChanged"]


async def test_a_deleted_account_is_gone_at_once(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    token = await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",))
    await doors.accounts.change_profile(ada, ProfileChange(note="about me"))
    await doors.accounts.delete(ada.id)
    assert doors.accounts.held(ada.id) is None
    assert await doors.accounts.many([ada.id]) == {}
    for gone in (doors.accounts.get(ada.id), doors.accounts.by_name("ada"), doors.accounts.credentials(ada.id)):
        with pytest.raises(NotFound):
            await gone
    with pytest.raises(Unauthenticated):
        await doors.accounts.authenticate("ada", "seven stones skipping")
    with pytest.raises(NotFound):
        await doors.accounts.delete(ada.id)
    row = doors.appending.look(lambda look: rows.accounts(look, [ada.id]))[ada.id]
    assert (row.state, row.note, row.note_html) == ("deleted", "", "")
    assert doors.appending.look(lambda look: rows.sessions_of(look, ada.id)) == []
    doors.in_memory.forget()
    assert await doors.access.session(token) is None


async def test_a_deletion_frees_the_address_and_never_the_name(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    await doors.accounts.delete(ada.id)
    again = SignUp(name="Bo", email="Ada@mail.example", origin="cli")
    assert (await doors.accounts.create(again)).name == "Bo"
    with pytest.raises(SignUpInvalid) as caught:
        await doors.accounts.create(SignUp(name="ada", email="new@mail.example", origin="cli"))
    assert list(caught.value.details) == ["name"]


async def test_the_operator_sees_the_address_and_the_person_signs_in_with_it(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    credentials = await doors.accounts.credentials(ada.id)
    assert (credentials.email, credentials.account, credentials.confirmed) == ("Ada@mail.example", ada, True)
