"""Signing up through an app (POST /api/v1/accounts), and what an account that waits may ask."""

from typing import Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.oauth.token import token_answer
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Forbidden, Invalid, Unauthenticated
from whimbrel.microblog.accounts.requests import SIGN_UP, SignUp
from whimbrel.microblog.accounts.rules import Faults, SignUpInvalid
from whimbrel.microblog.options import Options

_CLOSED: Final = "Registrations on this server are closed"
_NO_MAIL: Final = "This server sends no e-mail. Ask its operator to confirm your address"
_NAMES: Final = {"name": "username"}
"""Where Mastodon's word for a field is not ours."""


async def sign_up(request: Request) -> Answer:
    """Make an account, and give the app a token for it.

    The token opens nothing until the account is confirmed and approved, where the operator asks for either.
    """
    session, microblog = request.session, request.microblog
    assert session is not None  # the route asks for a token
    if session.account_id is not None:
        raise Unauthenticated("This method requires a client credentials authentication")
    if microblog.options.registrations == "closed":
        raise Forbidden(_CLOSED)
    wanted = _wanted(request)
    try:
        account = await microblog.accounts.create(wanted)
    except SignUpInvalid as error:
        raise SignUpInvalid(_in_mastodons_words(error.details)) from error
    token = await microblog.access.issue_token(account_id=account.id, app_id=session.app_id, scopes=session.scopes)
    return token_answer(token, session.scopes, microblog.clock())


async def send_confirmation(request: Request) -> Answer:
    """Ask for another confirmation mail."""
    if request.owner.state != "unconfirmed":
        raise Forbidden("This method is only available while the e-mail is awaiting confirmation")
    raise Invalid(_NO_MAIL)


async def check_confirmation(request: Request) -> Answer:
    """Whether the account's address is confirmed."""
    return json_answer((await request.microblog.accounts.credentials(request.owner.id)).confirmed)


ROUTES: Final = (
    Route("POST", "/api/v1/accounts", sign_up, auth="app", scope="write:accounts", budgets=("sign_up",)),
    Route("POST", "/api/v1/emails/confirmations", send_confirmation, auth="user", waiting=True),
    Route("GET", "/api/v1/emails/check_confirmation", check_confirmation, auth="user", waiting=True),
)


def _wanted(request: Request) -> SignUp:
    parameters, options = request.parameters, request.microblog.options
    reason = (parameters.text("reason") or "").strip()
    _check_promises(options, agreed=parameters.boolean("agreement") or False, reason=reason)
    return SignUp(
        name=parameters.text("username") or "",
        email=parameters.text("email") or "",
        password=parameters.text("password") or "",
        confirmed=not options.confirm_email,
        approved=options.registrations == "open",
        locale=parameters.text("locale") or None,
        reason=reason,
        origin=SIGN_UP,
    )


def _check_promises(options: Options, *, agreed: bool, reason: str) -> None:
    faults: Faults = {}
    if not agreed:
        faults["agreement"] = [{"error": "ERR_ACCEPTED", "description": "must be accepted"}]
    if options.registrations == "approval" and not reason:
        faults["reason"] = [{"error": "ERR_BLANK", "description": "can't be blank"}]
    if faults:
        raise SignUpInvalid(faults)


def _in_mastodons_words(details: Faults) -> Faults:
    return {_NAMES.get(field, field): faults for field, faults in details.items()}
