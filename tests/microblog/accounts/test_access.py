"""Apps, tokens and sessions: told once, stored as a hash, taken back at once."""

import pytest

from tests.support.people import Doors
from whimbrel.kernel.errors import Conflict, Invalid, NotFound
from whimbrel.kernel.events import Claim
from whimbrel.kernel.limits import SESSIONS_ABSENT_MAX
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.values import App, Session

pytestmark = pytest.mark.anyio

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


async def registered(doors: Doors, **given: str) -> tuple[App, str]:
    return await doors.access.register_app(
        name="Heron", redirect_uris=(OUT_OF_BAND, "heron://in"), scopes=("read", "write"), website=None, **given
    )


async def issued(doors: Doors, **changes: object) -> str:
    ada = doors.add_account("Ada")
    app, _ = await registered(doors)
    asked = {"account_id": ada.id, "app_id": app.id, "scopes": ("read", "write"), **changes}
    return await doors.access.issue_token(**asked)


async def test_an_app_is_found_by_both_of_its_names(doors: Doors) -> None:
    app, secret = await registered(doors)
    assert await doors.access.app(app.client_id) == app
    assert await doors.access.app_by_id(app.id) == app
    assert secret not in (app.secret_hash, app.client_id)
    doors.in_memory.forget()
    assert await doors.access.app(app.client_id) == app
    assert await doors.access.app_by_id(app.id) == app
    assert await doors.access.app("unknown") is None


async def test_an_app_that_is_provisioned_twice_is_one_app(doors: Doors) -> None:
    app, secret = await registered(doors, client_id="heron", client_secret="given")
    assert (app.client_id, secret) == ("heron", "given")
    assert (await registered(doors, client_id="heron", client_secret="given"))[0] == app


async def test_an_app_needs_a_name_and_a_way_back(doors: Doors) -> None:
    for name, uris in ((" ", (OUT_OF_BAND,)), ("Heron", ()), ("Heron", ("a\nb",))):
        with pytest.raises(Invalid):
            await doors.access.register_app(name=name, redirect_uris=uris, scopes=("read",))


async def test_a_token_opens_a_session_from_memory_and_from_the_store(doors: Doors) -> None:
    token = await issued(doors)
    session = doors.access.session_held(token)
    assert isinstance(session, Session)
    assert (session.app_name, session.scopes, session.kind) == ("Heron", ("read", "write"), "access")
    doors.in_memory.forget()
    assert doors.access.session_held(token) is None
    assert await doors.access.session(token) == session
    assert doors.access.session_held(token) == session


async def test_a_token_opens_its_session_while_the_store_is_behind(doors: Doors) -> None:
    app, _ = await registered(doors)
    doors.in_memory.forget()
    with doors.appending.hold_store():
        token = await doors.access.issue_token(account_id=None, app_id=app.id, scopes=("read",))
        assert doors.access.session_held(token) is None  # the app's name is not in memory yet
        session = await doors.access.session(token)
        assert session is not None
        assert session.app_name == "Heron"
        assert doors.access.session_held(token) == session


async def test_a_token_itself_is_written_nowhere(doors: Doors) -> None:
    token = await issued(doors)
    records = doors.appending.journal.read(after=0, limit=100)
    assert not any(token.encode() in record.payload for record in records)


async def test_a_token_that_was_taken_back_opens_nothing(doors: Doors) -> None:
    token = await issued(doors)
    for _ in range(2):
        await doors.access.revoke(token)
    assert doors.access.session_held(token) is None
    assert await doors.access.session(token) is None
    assert [event.type for event in doors.appending.events].count("TokenRevoked") == 1


async def test_a_token_is_taken_back_by_its_id(doors: Doors) -> None:
    token = await issued(doors)
    session = doors.access.session_held(token)
    assert session is not None
    for _ in range(2):
        await doors.access.revoke_id(session.id)
    assert await doors.access.session(token) is None


async def test_everything_that_is_signed_in_is_shown_and_taken_back_together(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    tokens = [await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",)) for _ in range(3)]
    await doors.access.issue_token(
        account_id=ada.id, app_id=None, scopes=(), kind="web", expires_ms=doors.appending.clock() - 1
    )
    assert len(await doors.access.sessions_of(ada.id)) == 3
    await doors.access.revoke_all(ada.id)
    assert await doors.access.sessions_of(ada.id) == []
    assert [await doors.access.session(token) for token in tokens] == [None] * 3


async def test_an_expired_session_opens_nothing(doors: Doors) -> None:
    token = await issued(doors, expires_ms=doors.appending.clock.now_ms + 1_000, kind="web")
    assert doors.access.session_held(token) is not None
    doors.appending.clock.now_ms += 1_000
    assert doors.access.session_held(token) is None
    assert await doors.access.session(token) is None


async def test_a_code_is_redeemed_once(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    once = (Claim(keys.authorization_code("c0de"), expires_ms=doors.appending.clock() + 60_000),)
    asked = {"account_id": ada.id, "app_id": None, "scopes": ("read",), "once": once}
    await doors.access.issue_token(**asked)
    with pytest.raises(Conflict):
        await doors.access.issue_token(**asked)


async def test_a_token_that_is_provisioned_twice_is_one_token(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    for _ in range(2):
        token = await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",), value="given")
        assert token == "given"
    assert len(await doors.access.sessions_of(ada.id)) == 1


async def test_nobody_gets_a_token_of_a_deleted_account(doors: Doors) -> None:
    ada = doors.add_account("Ada")
    await doors.accounts.delete(ada.id)
    with pytest.raises(NotFound):
        await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",))


async def test_a_guessed_token_asks_the_store_once(doors: Doors) -> None:
    assert await doors.access.session("guessed") is None
    with doors.appending.take_store_away():
        assert await doors.access.session("guessed") is None
    ada = doors.add_account("Ada")
    await doors.access.issue_token(account_id=ada.id, app_id=None, scopes=("read",), value="guessed")
    assert await doors.access.session("guessed") is not None


async def test_guesses_fill_no_more_than_their_share_of_memory(doors: Doors) -> None:
    for number in range(SESSIONS_ABSENT_MAX + 3):
        doors.in_memory.note_absent(str(number))
    assert len(doors.in_memory.absent) == SESSIONS_ABSENT_MAX
    assert "2" not in doors.in_memory.absent
