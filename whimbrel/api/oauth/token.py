"""The token endpoint: a code, the app's own credentials or (where the operator allows it) a password, for a token.

RFC 6749, 4.1.3, 4.3, 4.4 and 5. Tokens do not expire and no refresh tokens are given, as on Mastodon: a token ends
when it is revoked.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.oauth import scopes
from whimbrel.api.oauth.clients import authenticated_app
from whimbrel.api.oauth.codes import Codes, proves, redirect_digest, single_use
from whimbrel.api.oauth.errors import OAuthError, refusal
from whimbrel.api.oauth.passwords import Passwords
from whimbrel.api.request import Request
from whimbrel.kernel.errors import BadRequest, Conflict, Invalid, NotFound, Unauthenticated
from whimbrel.microblog.accounts.values import App

_BAD_GRANT: Final = (
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client."
)
_GRANTS: Final = "authorization_code, client_credentials"


class Tokens:
    """The handler of POST /oauth/token."""

    def __init__(self, *, codes: Codes, passwords: Passwords) -> None:
        self._codes, self._passwords = codes, passwords
        self._grants: dict[str, Callable[[Request, App], Awaitable[Answer]]] = {
            "authorization_code": self._for_code,
            "client_credentials": self._for_app,
            "password": self._for_password,
        }

    async def give(self, request: Request) -> Answer:
        """Give a token for a grant."""
        try:
            return await self._given(request)
        except OAuthError as error:
            return refusal(error)
        except (BadRequest, Invalid) as error:
            return refusal(OAuthError("invalid_request", error.public))

    async def _given(self, request: Request) -> Answer:
        kind = request.parameters.text("grant_type")
        if not kind:
            raise OAuthError("invalid_request", "Missing required parameter: grant_type.")
        grant = self._grants.get(kind)
        if grant is None or (kind == "password" and not request.microblog.options.password_grant):
            raise OAuthError("unsupported_grant_type", f"This server gives tokens for {_GRANTS}.")
        return await grant(request, await authenticated_app(request))

    async def _for_code(self, request: Request, app: App) -> Answer:
        parameters, now_ms = request.parameters, request.microblog.clock()
        code = parameters.text("code") or ""
        grant = self._codes.open(code, now_ms=now_ms)
        redirect = redirect_digest(parameters.text("redirect_uri") or "")
        if grant is None or grant.app_id != app.id or grant.redirect != redirect:
            raise OAuthError("invalid_grant", _BAD_GRANT)
        if not proves(parameters.text("code_verifier") or None, grant.challenge):
            raise OAuthError("invalid_grant", _BAD_GRANT)
        await _still_usable(request, grant.account_id)
        try:
            token = await request.microblog.access.issue_token(
                account_id=grant.account_id,
                app_id=app.id,
                scopes=grant.scopes,
                once=(single_use(code, now_ms=now_ms),),
            )
        except Conflict as error:
            raise OAuthError("invalid_grant", _BAD_GRANT) from error
        return token_answer(token, grant.scopes, now_ms)

    async def _for_app(self, request: Request, app: App) -> Answer:
        granted = _scopes(request, app)
        token = await request.microblog.access.issue_token(account_id=None, app_id=app.id, scopes=granted)
        return token_answer(token, granted, request.microblog.clock())

    async def _for_password(self, request: Request, app: App) -> Answer:
        parameters, granted = request.parameters, _scopes(request, app)
        try:
            account = await self._passwords.account(
                request, parameters.text("username") or "", parameters.text("password") or ""
            )
        except Unauthenticated as error:
            raise OAuthError("invalid_grant", error.public) from error
        token = await request.microblog.access.issue_token(account_id=account.id, app_id=app.id, scopes=granted)
        return token_answer(token, granted, request.microblog.clock())


def token_answer(token: str, granted: tuple[str, ...], now_ms: int) -> Answer:
    """Mastodon's Token."""
    return json_answer(
        {"access_token": token, "token_type": "Bearer", "scope": " ".join(granted), "created_at": now_ms // 1000}
    )


async def _still_usable(request: Request, account_id: int) -> None:
    try:
        account = await request.microblog.accounts.get(account_id)
    except NotFound as error:
        raise OAuthError("invalid_grant", _BAD_GRANT) from error
    if not account.usable:
        raise OAuthError("invalid_grant", _BAD_GRANT)


def _scopes(request: Request, app: App) -> tuple[str, ...]:
    try:
        wanted = scopes.parse(request.parameters.text("scope") or "")
    except Invalid as error:
        raise OAuthError("invalid_scope", error.public) from error
    if not scopes.covers_all(app.scopes, wanted):
        raise OAuthError("invalid_scope", "The app asks for more than it registered for.")
    return wanted
