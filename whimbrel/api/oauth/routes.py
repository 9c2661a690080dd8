"""OAuth's lines of the route table."""

from functools import wraps

from whimbrel.api.answers import Answer
from whimbrel.api.bearers import Freshness
from whimbrel.api.oauth.authorize import Authorize
from whimbrel.api.oauth.codes import Codes
from whimbrel.api.oauth.documents import metadata, userinfo
from whimbrel.api.oauth.pages import broken_page
from whimbrel.api.oauth.passwords import Passwords
from whimbrel.api.oauth.revocation import revoke
from whimbrel.api.oauth.token import Tokens
from whimbrel.api.request import Request
from whimbrel.api.router import Handler, Route
from whimbrel.kernel.errors import WhimbrelError
from whimbrel.reliability.ratelimit import RateLimits


def oauth_routes(*, signing_key: bytes, limits: RateLimits | None, freshness: Freshness) -> tuple[Route, ...]:
    """Every OAuth endpoint. `limits` is None where rate limits are switched off."""
    codes, passwords = Codes(signing_key), Passwords(limits)
    authorize = Authorize(signing_key=signing_key, codes=codes, passwords=passwords)
    tokens = Tokens(codes=codes, passwords=passwords)

    def current(handler: Handler) -> Handler:
        return _after_catching_up(handler, freshness)

    def seen(handler: Handler) -> Handler:
        return _in_a_page(current(handler))

    return (
        Route("GET", "/oauth/authorize", seen(authorize.ask), cors=False, refusal=_page_of),
        Route("POST", "/oauth/authorize", seen(authorize.answer), cors=False, refusal=_page_of),
        Route("POST", "/oauth/sign_in", seen(authorize.sign_in), cors=False, refusal=_page_of),
        Route("POST", "/oauth/sign_out", seen(authorize.sign_out), cors=False, refusal=_page_of),
        Route("POST", "/oauth/token", current(tokens.give)),
        Route("POST", "/oauth/revoke", current(revoke)),
        Route("GET", "/oauth/userinfo", userinfo, auth="user", scope="profile"),
        Route("POST", "/oauth/userinfo", userinfo, auth="user", scope="profile"),
        Route("GET", "/.well-known/oauth-authorization-server", metadata),
    )


def _after_catching_up(handler: Handler, freshness: Freshness) -> Handler:
    # One step of the flow may be answered by another process than the one before: an app that was registered, or a
    # session that was opened, a moment ago there must be known here.
    @wraps(handler)
    async def caught_up(request: Request) -> Answer:
        if freshness.behind():
            await freshness.catch_up()
        return await handler(request)

    return caught_up


def _in_a_page(handler: Handler) -> Handler:
    # A person at a browser reads a page, not JSON, also when something is away.
    @wraps(handler)
    async def told(request: Request) -> Answer:
        try:
            return await handler(request)
        except WhimbrelError as error:
            return _page_of(error)

    return told


def _page_of(error: WhimbrelError) -> Answer:
    return broken_page(error.public, status=error.status, retry_after_seconds=error.retry_after_seconds)
