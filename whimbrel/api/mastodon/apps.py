"""Apps: a client registers itself, and asks whether its token still works."""

from typing import Any, Final

from whimbrel.api.answers import Answer, json_answer
from whimbrel.api.oauth import redirects, scopes
from whimbrel.api.parameters import Parameters
from whimbrel.api.request import Request
from whimbrel.api.router import Route
from whimbrel.kernel.errors import Invalid, NotFound
from whimbrel.microblog.accounts.values import App

APP_NAME_CHARACTERS_MAX: Final = 60
WEBSITE_CHARACTERS_MAX: Final = 2_000

NO_PUSH_KEY: Final = ""
"""The key for push notifications, which this server does not send."""


async def register(request: Request) -> Answer:
    """Register an app; the secret is shown this once."""
    parameters = request.parameters
    app, secret = await request.microblog.access.register_app(
        name=_name(parameters),
        redirect_uris=_redirect_uris(parameters),
        scopes=_scopes(parameters),
        website=_website(parameters),
    )
    credentials = {"client_id": app.client_id, "client_secret": secret, "client_secret_expires_at": 0}
    return json_answer(_rendered(app) | credentials)


async def verify(request: Request) -> Answer:
    """The app that the token was given to."""
    session = request.session
    assert session is not None  # the route asks for a token
    app = await request.microblog.access.app_by_id(session.app_id) if session.app_id is not None else None
    if app is None:
        raise NotFound("This token was given by the server's operator, not to an app")
    return json_answer(_rendered(app))


ROUTES: Final = (
    Route("POST", "/api/v1/apps", register, budgets=("register_app",)),
    Route("GET", "/api/v1/apps/verify_credentials", verify, auth="app", waiting=True),
)


def _rendered(app: App) -> dict[str, Any]:
    return {
        "id": str(app.id),
        "name": app.name,
        "website": app.website,
        "scopes": list(app.scopes),
        "redirect_uri": "\n".join(app.redirect_uris),
        "redirect_uris": list(app.redirect_uris),
        "vapid_key": NO_PUSH_KEY,
    }


def _name(parameters: Parameters) -> str:
    name = (parameters.text("client_name") or "").strip()
    if not name:
        raise Invalid("Validation failed: Application name can't be blank")
    if len(name) > APP_NAME_CHARACTERS_MAX:
        raise Invalid(f"Validation failed: Application name is too long (maximum is {APP_NAME_CHARACTERS_MAX})")
    if not name.isprintable():
        raise Invalid("Validation failed: Application name contains characters that cannot be shown")
    return name


def _redirect_uris(parameters: Parameters) -> tuple[str, ...]:
    # A list, or the older form: one text with a URI on each line.
    uris = [uri for text in parameters.texts("redirect_uris") for uri in text.split()]
    if not uris:
        raise Invalid("Validation failed: Redirect URI can't be blank")
    if len(uris) > redirects.REDIRECT_URIS_MAX:
        raise Invalid(
            f"Validation failed: Redirect URI is given {len(uris)} times, at most {redirects.REDIRECT_URIS_MAX}"
        )
    return tuple(dict.fromkeys(redirects.check(uri) for uri in uris))


def _scopes(parameters: Parameters) -> tuple[str, ...]:
    given = parameters.values.get("scopes")
    text = " ".join(parameters.texts("scopes")) if isinstance(given, list) else parameters.text("scopes")
    return scopes.parse(text or "")


def _website(parameters: Parameters) -> str | None:
    website = (parameters.text("website") or "").strip()
    if not website:
        return None
    if not website.startswith(("https://", "http://")) or not website.isprintable() or " " in website:
        raise Invalid("Validation failed: Website must be an http or https address")
    if len(website) > WEBSITE_CHARACTERS_MAX:
        raise Invalid(f"Validation failed: Website is too long (maximum is {WEBSITE_CHARACTERS_MAX} characters)")
    return website
