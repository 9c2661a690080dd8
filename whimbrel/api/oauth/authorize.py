"""The authorization page: sign in, say yes or no, go back to the app with a code (RFC 6749, 4.1; RFC 9700).

Design note. The forms carry the checked request *sealed* (api.oauth.seals), bound to the browser (sign-in) or to the
web session (consent). That one field is the CSRF token, keeps what is allowed equal to what was shown, and needs no
table of pending requests, so any process answers any step and a restart loses nobody. Consent is asked each time: an
app's name is whatever its author typed, so "you allowed this before" would be a promise about a stranger's word.

Not here: which scopes and redirect URIs are right (asking.py), and the exchange of the code (token.py).
"""

from typing import Final

from whimbrel.api.answers import Answer, Headers
from whimbrel.api.oauth import redirects, websession
from whimbrel.api.oauth.asking import Asked, Asking, checked, who_asks
from whimbrel.api.oauth.codes import CODE_MINUTES, Codes, Grant, fresh_nonce, redirect_digest
from whimbrel.api.oauth.errors import OAuthError
from whimbrel.api.oauth.pages import broken_page, page, redirect
from whimbrel.api.oauth.passwords import Passwords
from whimbrel.api.oauth.scopes import explain
from whimbrel.api.oauth.seals import Seal
from whimbrel.api.oauth.websession import Person
from whimbrel.api.request import Request
from whimbrel.kernel.errors import BadRequest, Invalid, TooMany, Unauthenticated

FORM_MINUTES: Final = 60
_FORM_MS: Final = FORM_MINUTES * 60_000
_STALE: Final = (
    "This form is too old, or it was opened in another browser. Nothing was done. Start again from your app."
)
_TRIED_TOO_OFTEN: Final = "Too many sign-ins were tried. Wait {minutes} minutes, then try again."


class Authorize:
    """The handlers of /oauth/authorize, /oauth/sign_in and /oauth/sign_out."""

    def __init__(self, *, signing_key: bytes, codes: Codes, passwords: Passwords) -> None:
        self._codes, self._passwords = codes, passwords
        self._sign_in_form = Seal(signing_key, purpose="sign-in form", kind=Asked)
        self._consent_form = Seal(signing_key, purpose="consent form", kind=Asked)

    async def ask(self, request: Request) -> Answer:
        """The page where a person signs in and lets an app act for them."""
        try:
            asking = await who_asks(request.microblog.access, request.parameters)
        except (BadRequest, Invalid) as error:
            return broken_page(error.public)
        person = await websession.person_at(request)
        try:
            asked = checked(asking, request.parameters)
        except OAuthError as error:
            return _wrong_request(request, asking, error.public, error.error_description, person)
        except Invalid as error:
            return _wrong_request(request, asking, "invalid_request", error.public, person)
        if person is None or _wants_sign_in(request):
            return self._sign_in_page(request, asking.app.name, asked)
        return self._consent_page(request, asking, asked, person)

    async def sign_in(self, request: Request) -> Answer:
        """Take the name and the password that were typed, and go on to the question."""
        browser = websession.browser_at(request)
        asked = self._opened(self._sign_in_form, request, bound_to=browser)
        app = await request.microblog.access.app(asked.client_id) if asked else None
        if asked is None or app is None:
            return broken_page(_STALE, status=403)
        login = request.parameters.text("login") or ""
        try:
            account = await self._passwords.account(request, login, request.parameters.text("password") or "")
        except Unauthenticated as error:
            return self._sign_in_page(request, app.name, asked, status=422, login=login, problem=error.public)
        except TooMany as error:
            wait = _TRIED_TOO_OFTEN.format(minutes=-(-(error.retry_after_seconds or 60) // 60))
            return self._sign_in_page(request, app.name, asked, status=429, login=login, problem=wait)
        token = await websession.open_session(request, account)
        cookie = websession.session_cookie(request.microblog.options.public_url, token)
        return redirect(redirects.with_answer("/oauth/authorize", asked.query()), headers=(cookie,))

    async def answer(self, request: Request) -> Answer:
        """Take the person's yes or no, and tell the app."""
        person = await websession.person_at(request)
        asked = self._opened(self._consent_form, request, bound_to=person.token if person else None)
        app = await request.microblog.access.app(asked.client_id) if asked else None
        decision = request.parameters.text("decision")
        if person is None or asked is None or app is None or decision not in ("allow", "deny"):
            return broken_page(_STALE, status=403)
        asking = Asking(app, asked.redirect_uri, asked.state)
        if decision == "deny":
            return _back_with(request, asking, "access_denied", "The person said no.")
        return self._back_with_code(request, asking, asked, person)

    async def sign_out(self, request: Request) -> Answer:
        """End the session at this browser, and let somebody else sign in."""
        person = await websession.person_at(request)
        asked = self._opened(self._consent_form, request, bound_to=person.token if person else None)
        if person is None or asked is None:
            return broken_page(_STALE, status=403)
        await request.microblog.access.revoke(person.token)
        gone = websession.session_cookie(request.microblog.options.public_url, "")
        return redirect(redirects.with_answer("/oauth/authorize", asked.query()), headers=(gone,))

    def _sign_in_page(
        self, request: Request, app_name: str, asked: Asked, *, status: int = 200, login: str = "", problem: str = ""
    ) -> Answer:
        microblog = request.microblog
        browser = websession.browser_at(request)
        headers: Headers = ()
        if browser is None:
            browser = websession.new_browser()
            headers = (websession.browser_cookie(microblog.options.public_url, browser),)
        sealed = self._sign_in_form.close(asked, expires_ms=microblog.clock() + _FORM_MS, bound_to=browser)
        return page(
            "sign_in.html",
            status=status,
            headers=headers,
            server=microblog.options.title,
            app=app_name,
            sealed=sealed,
            login=login[:255],
            problem=problem,
        )

    def _consent_page(self, request: Request, asking: Asking, asked: Asked, person: Person) -> Answer:
        microblog = request.microblog
        sealed = self._consent_form.close(asked, expires_ms=microblog.clock() + _FORM_MS, bound_to=person.token)
        out_of_band = asked.redirect_uri == redirects.OUT_OF_BAND
        return page(
            "consent.html",
            leads_away=True,
            server=microblog.options.title,
            app=asking.app.name,
            website=asking.app.website,
            name=person.account.name,
            place=None if out_of_band else redirects.place(asked.redirect_uri),
            abilities=[explain(scope) for scope in asked.scopes],
            sealed=sealed,
        )

    def _back_with_code(self, request: Request, asking: Asking, asked: Asked, person: Person) -> Answer:
        redirect_to = redirect_digest(asked.redirect_uri)
        grant = Grant(person.account.id, asking.app.id, asked.scopes, redirect_to, asked.challenge, fresh_nonce())
        code = self._codes.issue(grant, now_ms=request.microblog.clock())
        options = request.microblog.options
        if asked.redirect_uri == redirects.OUT_OF_BAND:
            return page("code.html", server=options.title, app=asking.app.name, code=code, minutes=CODE_MINUTES)
        answer = {"code": code, "state": asked.state, "iss": issuer(options.public_url)}
        return redirect(redirects.with_answer(asked.redirect_uri, answer))

    def _opened(self, seal: Seal[Asked], request: Request, *, bound_to: str | None) -> Asked | None:
        if bound_to is None:
            return None
        sealed = request.parameters.text("request") or ""
        return seal.open(sealed, now_ms=request.microblog.clock(), bound_to=bound_to)


def issuer(public_url: str) -> str:
    """The server's name in OAuth's documents and answers (RFC 8414, RFC 9207)."""
    return f"{public_url}/"


def _wants_sign_in(request: Request) -> bool:
    try:
        return request.parameters.boolean("force_login") or False
    except Invalid:
        return True


def _wrong_request(request: Request, asking: Asking, error: str, description: str, person: Person | None) -> Answer:
    if person is not None or asking.redirect_uri == redirects.OUT_OF_BAND:
        return _back_with(request, asking, error, description)
    # Anybody may register an app: whoever has not signed in here is not sent to its address by a mere link, but told
    # where that is (RFC 9700, 4.11.2).
    back = _told(request, asking, error, description)
    return broken_page(description, back=back, place=redirects.place(asking.redirect_uri))


def _back_with(request: Request, asking: Asking, error: str, description: str) -> Answer:
    if asking.redirect_uri == redirects.OUT_OF_BAND:
        words = "You said no. The app was told nothing." if error == "access_denied" else description
        return broken_page(words)
    return redirect(_told(request, asking, error, description))


def _told(request: Request, asking: Asking, error: str, description: str) -> str:
    answer = {
        "error": error,
        "error_description": description,
        "state": asking.state,
        "iss": issuer(request.microblog.options.public_url),
    }
    return redirects.with_answer(asking.redirect_uri, answer)
