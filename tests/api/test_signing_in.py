"""From the token to the account: who is let in, and in which words the others are refused."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.support.asgi import ask
from whimbrel.api.answers import json_answer
from whimbrel.api.http import Api
from whimbrel.api.router import Route, Router
from whimbrel.microblog.accounts.requests import SignUp
from whimbrel.microblog.options import Options
from whimbrel.reliability.ratelimit import TOKEN, RateLimits

EVERYTHING = ("read", "write", "follow", "push")


class Current:
    """A process that is behind until it has caught up once."""

    def __init__(self):
        self.caught_up = 0
        self.is_behind = False

    def behind(self):
        """Whether it is."""
        return self.is_behind

    async def catch_up(self):
        """Catches up."""
        self.caught_up += 1
        self.is_behind = False

    def age_seconds(self):
        """Always current."""
        return 0.0


async def who(request):
    """Who the server thinks is asking."""
    return json_answer({"viewer": request.viewer.account_id if request.viewer else None})


ROUTES = (
    Route("GET", "/api/v1/home", who, "read:statuses", "user"),
    Route("POST", "/api/v1/follow", who, "write:follows", "user"),
    Route("GET", "/api/v1/public", who, "read:statuses", "optional"),
    Route("GET", "/api/v1/app", who, "read", "app"),
    Route("GET", "/api/v1/instance", who),
    Route("GET", "/api/v1/check", who, "read:accounts", "user", waiting=True),
)


class Place:
    """A door over the real rooms of accounts and graph."""

    def __init__(self, doors):
        self.doors, self.current = doors, Current()
        self.iris = doors.add_account("iris")
        self.limits = None

    def token(self, scopes=EVERYTHING, *, account_id="iris", **more):
        """A token with these scopes."""
        owner = self.iris.id if account_id == "iris" else account_id
        issue = self.doors.access.issue_token(account_id=owner, app_id=None, scopes=tuple(scopes), **more)
        return asyncio.run(issue)

    def ask(self, method, path, token=None, **more):
        """Ask with a token, or with none."""
        rooms = {"accounts": self.doors.accounts, "access": self.doors.access, "graph": self.doors.graph}
        product = SimpleNamespace(**rooms, clock=self.doors.appending.clock, options=Options())
        door = Api(router=Router(ROUTES), microblog=product, freshness=self.current, limits=self.limits)
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return ask(door, method, path, headers=headers, **more)


@pytest.fixture
def place(doors):
    """One server with one person."""
    return Place(doors)


def test_a_token_opens_what_its_scopes_cover(place):
    reply = place.ask("GET", "/api/v1/home", place.token(["read:statuses"]))
    assert (reply.status, reply.json) == (200, {"viewer": place.iris.id})


@pytest.mark.parametrize("scopes", [["write"], ["read:accounts"], ["push"], ["profile"]])
def test_a_token_without_the_scope_is_refused_in_mastodons_words(place, scopes):
    reply = place.ask("GET", "/api/v1/home", place.token(scopes))
    assert (reply.status, reply.json) == (403, {"error": "This action is outside the authorized scopes"})


def test_the_old_scope_follow_still_opens_follows(place):
    assert place.ask("POST", "/api/v1/follow", place.token(["follow"])).status == 200
    assert place.ask("GET", "/api/v1/home", place.token(["follow"])).status == 403


@pytest.mark.parametrize("token", [None, "unknown", "", "\xff"])
def test_without_a_valid_token_there_is_no_way_in(place, token):
    reply = place.ask("GET", "/api/v1/home", token)
    assert (reply.status, reply.json) == (401, {"error": "The access token is invalid"})
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing_any_more(place):
    token = place.token()
    assert place.ask("GET", "/api/v1/home", token).status == 200
    asyncio.run(place.doors.access.revoke(token))
    assert place.ask("GET", "/api/v1/home", token).status == 401


def test_an_expired_token_opens_nothing(place):
    token = place.token(expires_ms=place.doors.appending.clock() + 60_000)
    assert place.ask("GET", "/api/v1/home", token).status == 200
    place.doors.appending.clock.now_ms += 60_000
    assert place.ask("GET", "/api/v1/home", token).status == 401


def test_the_cookie_of_the_sign_in_page_is_no_bearer_token(place):
    assert place.ask("GET", "/api/v1/home", place.token(kind="web")).status == 401


def test_an_apps_own_token_is_no_user(place):
    token = place.token(account_id=None)
    assert place.ask("GET", "/api/v1/app", token).status == 200
    assert place.ask("GET", "/api/v1/public", token).json == {"viewer": None}
    refused = place.ask("GET", "/api/v1/home", token)
    assert (refused.status, refused.json) == (422, {"error": "This method requires an authenticated user"})


def test_public_addresses_answer_anybody_but_not_a_broken_token(place):
    assert place.ask("GET", "/api/v1/public").json == {"viewer": None}
    assert place.ask("GET", "/api/v1/public", place.token()).json == {"viewer": place.iris.id}
    assert place.ask("GET", "/api/v1/public", "unknown").status == 401
    assert place.ask("GET", "/api/v1/instance", "unknown").status == 200


def test_a_proxys_own_authorization_is_not_ours_to_judge(place):
    assert place.ask("GET", "/api/v1/public", headers={"Authorization": "Basic aXJpczpwdw=="}).status == 200


def test_a_token_may_come_in_the_query_or_in_a_form(place):
    query = f"access_token={place.token()}".encode()
    assert place.ask("GET", "/api/v1/home", query=query).status == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert place.ask("POST", "/api/v1/follow", headers=form, chunks=[query]).status == 200


def test_a_disabled_account_is_told_so_and_let_in_again_once_enabled(place):
    token = place.token()
    asyncio.run(place.doors.accounts.disable(place.iris.id))
    for path in ("/api/v1/home", "/api/v1/check"):
        refused = place.ask("GET", path, token)
        assert (refused.status, refused.json) == (403, {"error": "Your login is currently disabled"})
    asyncio.run(place.doors.accounts.enable(place.iris.id))
    assert place.ask("GET", "/api/v1/home", token).status == 200


@pytest.mark.parametrize(
    ("waits_for", "refusal"),
    [
        ("confirmed", "Your login is missing a confirmed e-mail address"),
        ("approved", "Your login is currently pending approval"),
    ],
)
def test_an_account_that_waits_is_told_for_what_and_may_ask_what_such_accounts_may(place, waits_for, refusal):
    sign_up = SignUp(name="otto", email="otto@mail.example", origin="cli", **{"confirmed": True, waits_for: False})
    otto = asyncio.run(place.doors.accounts.create(sign_up))
    token = place.token(account_id=otto.id)
    refused = place.ask("GET", "/api/v1/home", token)
    assert (refused.status, refused.json) == (403, {"error": refusal})
    assert place.ask("GET", "/api/v1/check", token).json == {"viewer": otto.id}


def test_a_deleted_account_has_no_way_in(place):
    token = place.token()
    asyncio.run(place.doors.accounts.delete(place.iris.id))
    assert place.ask("GET", "/api/v1/home", token).status == 401


def test_a_signed_in_read_waits_for_the_journals_head_and_an_anonymous_one_does_not(place):
    token = place.token()
    place.current.is_behind = True
    place.ask("GET", "/api/v1/public")
    assert place.current.caught_up == 0
    place.ask("GET", "/api/v1/public", token)
    assert place.current.caught_up == 1


def test_each_token_has_its_own_limit(place):
    place.limits = RateLimits(lambda: 1_000_000_000_000)
    first, second = place.token(), place.token()
    place.ask("GET", "/api/v1/home", first)
    assert place.ask("GET", "/api/v1/home", second).headers["x-ratelimit-remaining"] == str(TOKEN.requests - 1)
    assert place.ask("GET", "/api/v1/home", first).headers["x-ratelimit-remaining"] == str(TOKEN.requests - 2)
