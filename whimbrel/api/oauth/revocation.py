"""Giving a token back (RFC 7009)."""

from whimbrel.api.answers import NOTHING, Answer
from whimbrel.api.oauth.clients import authenticated_app
from whimbrel.api.oauth.errors import OAuthError, refusal
from whimbrel.api.request import Request
from whimbrel.kernel.errors import BadRequest, Invalid


async def revoke(request: Request) -> Answer:
    """Revoke a token of the app that asks. A token that does not exist counts as revoked (RFC 7009, 2.2)."""
    try:
        return await _revoked(request)
    except OAuthError as error:
        return refusal(error)
    except (BadRequest, Invalid) as error:
        return refusal(OAuthError("invalid_request", error.public))


async def _revoked(request: Request) -> Answer:
    app = await authenticated_app(request)
    token = request.parameters.text("token")
    if not token:
        raise OAuthError("invalid_request", "Missing required parameter: token.")
    access = request.microblog.access
    session = await access.session(token)
    if session is None:
        return NOTHING
    if session.app_id != app.id:
        raise OAuthError("unauthorized_client", "You are not authorized to revoke this token")
    await access.revoke(token)
    return NOTHING
