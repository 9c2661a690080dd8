"""Who asks, and may they: from the token to the session, the account and its side of the graph.

In the common case everything is in memory and nothing here waits. The texts of refusals are Mastodon's own, because
clients compare them.
"""

from typing import Protocol

from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from whimbrel.microblog.accounts.values import Account, Session

_NO_ENTRY = {
    "disabled": "Your login is currently disabled",
    "unconfirmed": "Your login is missing a confirmed e-mail address",
    "pending": "Your login is currently pending approval",
}
_WAITING = ("unconfirmed", "pending")


class Freshness(Protocol):
    """How this process stands to the journal's durable head (rule 6: read your own writes)."""

    def behind(self) -> bool:
        """Whether the head is ahead of what this process has taken in. Must be cheap: every signed-in read asks."""
        ...

    async def catch_up(self) -> None:
        """Return when the head as of now was taken in, or at the deadline."""
        ...

    def age_seconds(self) -> float:
        """How old what this process serves is; 0.0 when it is current."""
        ...


async def sign_in(request: Request, route: Route, freshness: Freshness) -> None:
    """Fill in the request's session, account and viewer, or raise what the route's `auth` and `scope` ask for."""
    if route.auth == "none":
        return
    token = await _token(request)
    if token is None:
        if route.auth != "optional":
            raise Unauthenticated("The access token is invalid")
        return
    if freshness.behind():
        await freshness.catch_up()
    session = await _session(request, token)
    request.session = session
    if route.opened_by and route.opened_by.isdisjoint(session.scopes):
        raise Forbidden("This action is outside the authorized scopes")
    if session.account_id is None:
        if route.auth == "user":
            raise Invalid("This method requires an authenticated user")
        return
    await _admit(request, session.account_id, route)


async def _token(request: Request) -> str | None:
    given = request.headers.get(b"authorization")
    if given is not None:
        kind, _, token = given.partition(b" ")
        # Any other kind (a proxy's Basic, say) is not ours to judge.
        return token.strip().decode("latin-1") if kind.lower() == b"bearer" else None
    if request.may_have_body:
        await request.read_body()
    elif b"access_token=" not in request.query:
        return None
    return request.parameters.text("access_token")


async def _session(request: Request, token: str) -> Session:
    microblog = request.microblog
    session = microblog.access.session_held(token) or await microblog.access.session(token)
    if session is None or session.kind != "access":
        raise Unauthenticated("The access token is invalid")
    if session.expires_ms is not None and session.expires_ms <= microblog.clock():
        raise Unauthenticated("The access token expired")
    return session


async def _admit(request: Request, account_id: int, route: Route) -> None:
    microblog = request.microblog
    account = microblog.accounts.held(account_id) or await _account(request, account_id)
    if not account.usable and not (route.waiting and account.state in _WAITING):
        raise Forbidden(_NO_ENTRY.get(account.state, "Your login is currently disabled"))
    request.account = account
    request.viewer = microblog.graph.reader_held(account_id) or await microblog.graph.reader(account_id)


async def _account(request: Request, account_id: int) -> Account:
    try:
        return await request.microblog.accounts.get(account_id)
    except NotFound:
        raise Unauthenticated("The access token is invalid") from None
