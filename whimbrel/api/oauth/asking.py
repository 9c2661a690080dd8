"""What an app asks a person for: the authorization request, read and checked before anybody sees a page.

Two kinds of refusal, and the difference is the point (RFC 6749, 4.1.2.1): as long as the app or its redirect URI is
not known for sure, the answer is a page here, because a redirect would make this server a way to anywhere; after
that, the app is told on its own redirect URI, once somebody has signed in (see authorize.py).
"""

from typing import Final, NamedTuple

import msgspec

from whimbrel.api.oauth import redirects, scopes
from whimbrel.api.oauth.codes import is_challenge
from whimbrel.api.oauth.errors import OAuthError
from whimbrel.api.parameters import Parameters
from whimbrel.kernel.errors import BadRequest, Invalid
from whimbrel.microblog.accounts.access import Access
from whimbrel.microblog.accounts.values import App

STATE_CHARACTERS_MAX: Final = 4_096


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A checked authorization request; what the sign-in and consent forms carry, sealed."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None

    def query(self) -> dict[str, str]:
        """The request as it would be asked again, without what a sign-in has fulfilled (`force_login`)."""
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
        }
        if self.state is not None:
            query["state"] = self.state
        if self.challenge is not None:
            query |= {"code_challenge": self.challenge, "code_challenge_method": "S256"}
        return query


class Asking(NamedTuple):
    """An app that is known, the redirect URI that it may use, and its state: enough to answer it there."""

    app: App
    redirect_uri: str
    state: str | None


async def who_asks(access: Access, parameters: Parameters) -> Asking:
    """The app and where it wants its answer. Raises BadRequest with words for a person, never to be redirected."""
    app = await access.app(parameters.text("client_id") or "")
    if app is None:
        raise BadRequest("This server does not know the app that sent you here. Sign in from the app again.")
    redirect_uri = parameters.text("redirect_uri") or ""
    if not redirects.registered(redirect_uri, app.redirect_uris):
        raise BadRequest("The app wants its answer sent to an address that it has not registered on this server.")
    state = parameters.text("state")
    if state is not None and len(state) > STATE_CHARACTERS_MAX:
        raise BadRequest(f"The app sent a state longer than {STATE_CHARACTERS_MAX} characters.")
    return Asking(app, redirect_uri, state)


def checked(asking: Asking, parameters: Parameters) -> Asked:
    """The whole request. Raises OAuthError, which goes to the app's redirect URI."""
    if parameters.text("response_type") != "code":
        raise OAuthError("unsupported_response_type", "The response_type must be code.")
    return Asked(
        asking.app.client_id, asking.redirect_uri, _scopes(asking.app, parameters), asking.state, _challenge(parameters)
    )


def _scopes(app: App, parameters: Parameters) -> tuple[str, ...]:
    try:
        wanted = scopes.parse(parameters.text("scope") or "")
    except Invalid as error:
        raise OAuthError("invalid_scope", error.public) from error
    if not scopes.covers_all(app.scopes, wanted):
        raise OAuthError("invalid_scope", "The app asks for more than it registered for.")
    return wanted


def _challenge(parameters: Parameters) -> str | None:
    challenge = parameters.text("code_challenge") or None
    if challenge is None:
        return None
    # Absent means "plain" (RFC 7636, 4.3), and plain protects nothing from whoever can read the request.
    if parameters.text("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not is_challenge(challenge):
        raise OAuthError("invalid_request", "The code_challenge must be 43 characters of base64url.")
    return challenge
