"""Which app is talking: by HTTP Basic or by fields of the body (RFC 6749, 2.3.1)."""

import binascii
import hashlib
import hmac
from base64 import b64decode
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from whimbrel.api.oauth.errors import OAuthError
from whimbrel.api.request import Request
from whimbrel.microblog.accounts.values import App

_UNKNOWN_CLIENT: Final = (
    "Client authentication failed due to unknown client, no client authentication included, or an unsupported "
    "authentication method"
)


class _Presented(NamedTuple):
    client_id: str
    secret: str
    basic: bool


async def authenticated_app(request: Request) -> App:
    """The app whose id and secret came with the request. Raises OAuthError (invalid_client) for any other."""
    presented = _from_header(request) or _from_body(request)
    app = await request.microblog.access.app(presented.client_id) if presented.client_id else None
    if app is None or not holds_secret(app, presented.secret):
        raise OAuthError("invalid_client", _UNKNOWN_CLIENT, basic=presented.basic)
    return app


def holds_secret(app: App, secret: str) -> bool:
    """Whether `secret` is the app's; a secret is 32 random bytes, so one SHA-256 of it is kept and compared."""
    return hmac.compare_digest(hashlib.sha256(secret.encode()).hexdigest(), app.secret_hash)


def _from_body(request: Request) -> _Presented:
    parameters = request.parameters
    return _Presented(parameters.text("client_id") or "", parameters.text("client_secret") or "", basic=False)


def _from_header(request: Request) -> _Presented | None:
    kind, _, encoded = (request.header(b"authorization") or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        pair = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_client", _UNKNOWN_CLIENT, basic=True) from None
    client_id, _, secret = pair.partition(":")
    return _Presented(unquote_plus(client_id), unquote_plus(secret), basic=True)
