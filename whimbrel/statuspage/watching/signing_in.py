"""Signing in as a person with a browser does: the real pages, their forms, their cookies, at the end a token.

OAuth's authorization-code flow (RFC 6749, 4.1) with the out-of-band address: the last page shows the code. Nothing of
the pages is known but what a browser knows: the form with a password field is the one to sign in with, the first
button of the next form says yes, the code stands in a text area. What was opened on the way is closed again: the web
session by the form's own way out, an older token by revoking it.
"""

import re
from html.parser import HTMLParser
from typing import Final, NamedTuple
from urllib.parse import urlencode, urljoin

import msgspec

from whimbrel.kernel.limits import CANARY_PAGES_MAX
from whimbrel.statuspage.watching.fetching import Answer, FetchFailed, fetch
from whimbrel.statuspage.watching.site import NotMeasured, Site, text_at

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
SCOPES: Final = "read write follow"
_REDIRECTS: Final = (301, 302, 303)
_COOKIE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*)")


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name and a password."""

    name: str
    password: str


class App(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the service knows the canaries' app by."""

    client_id: str
    client_secret: str


class Form(NamedTuple):
    """A form of a page: where it goes, what it holds, its fields to type into, its buttons in order."""

    action: str
    fields: dict[str, str]
    typed: dict[str, str]
    buttons: list[tuple[str, str, str]]
    """Name, value, and an address of its own or nothing."""


async def register(site: Site, name: str = "Whimbrel's canaries") -> App:
    """Make an app known to the service: once, then keep it. Raises FetchFailed or NotMeasured."""
    fields = {"client_name": name, "redirect_uris": OUT_OF_BAND, "scopes": SCOPES}
    given = await site.post("/api/v1/apps", fields)
    return App(text_at(given, "client_id"), text_at(given, "client_secret"))


async def sign_in_page(site: Site, app: App) -> None:
    """See that the page to sign in with is there. Raises FetchFailed or NotMeasured."""
    await _Browser(site).open_sign_in(app)


async def sign_in(site: Site, app: App, login: Login) -> str:
    """Sign in, allow the app, redeem the code; returns the token. Raises FetchFailed or NotMeasured."""
    browser = _Browser(site)
    form = await browser.open_sign_in(app)
    name = next((field for field, kind in form.typed.items() if kind != "password"), "")
    password = next(field for field, kind in form.typed.items() if kind == "password")
    consent = await browser.send(form, {name: login.name, password: login.password})
    question = next((form for form in forms_in(consent.text) if form.buttons and not form.typed), None)
    if question is None:
        raise FetchFailed("did not take the name and the password", log=_words(consent))
    (said, yes, _), *others = question.buttons
    shown = await browser.send(question, {said: yes} if said else {})
    token = await _redeemed(site, app, _code_in(shown))
    out = next((to for _, _, to in others if to.endswith("/sign_out")), None)
    if out is not None:
        await browser.send(question._replace(action=out), {})
    return token


async def sign_out(site: Site, app: App, token: str) -> None:
    """Take a token back, so that none is left behind. Raises FetchFailed or NotMeasured."""
    await site.post("/oauth/revoke", {**_as_app(app), "token": token})


class _Browser:
    """Cookies and redirects of one visit."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._cookies: dict[str, str] = {}

    async def open_sign_in(self, app: App) -> Form:
        query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": OUT_OF_BAND, "scope": SCOPES}
        page = await self._visit("/oauth/authorize?" + urlencode(query))
        for form in forms_in(page.text):
            if "password" in form.typed.values():
                return form._replace(action=urljoin(page.url, form.action))
        raise FetchFailed("showed no form to sign in with", log=_words(page))

    async def send(self, form: Form, typed: dict[str, str]) -> Answer:
        body = urlencode(form.fields | typed).encode()
        return await self._visit(urljoin(self._site.url, form.action), body)

    async def _visit(self, url: str, body: bytes | None = None) -> Answer:
        for _ in range(CANARY_PAGES_MAX):
            answer = await self._once(url, body)
            to = answer.header("location")
            if answer.status not in _REDIRECTS or to is None:
                if answer.status == 429:
                    raise NotMeasured("asks for fewer sign-ins")
                # A form that was not taken is shown again, with a status that says so; who asked for it sees that.
                return answer if answer.status == 422 else answer.expect()
            url, body = urljoin(answer.url, to), None
        raise FetchFailed("sent the browser from page to page")

    async def _once(self, url: str, body: bytes | None) -> Answer:
        request = self._site.request(url)
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if not self._cookies:
            headers = {}
        if body is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            request = request._replace(method="POST", body=body)
        answer = await fetch(request._replace(headers=headers))
        for given in answer.head.every("set-cookie"):
            if found := _COOKIE.match(given):
                self._cookies[found[1]] = found[2]
        return answer


class _Forms(HTMLParser):
    """Every form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(told.get("action", ""), {}, {}, []))
            self._inside = True
        elif self._inside and tag in ("input", "button"):
            self._add(self.forms[-1], tag, told)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"

    def _add(self, form: Form, tag: str, told: dict[str, str]) -> None:
        kind = told.get("type", "submit" if tag == "button" else "text")
        name, value = told.get("name", ""), told.get("value", "")
        if kind == "submit":
            form.buttons.append((name, value, told.get("formaction", "")))
        elif kind in ("text", "email", "password") and name:
            form.typed[name] = kind
        elif name:
            form.fields[name] = value


class _Code(HTMLParser):
    """What stands in the page's first text area."""

    def __init__(self) -> None:
        super().__init__()
        self.code = ""
        self._inside = False

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "textarea" and not self.code

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.code += data.strip()

    def handle_endtag(self, _: str) -> None:
        self._inside = False


def forms_in(page: str) -> list[Form]:
    """Every form of a page, in order."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def _code_in(page: Answer) -> str:
    parser = _Code()
    parser.feed(page.text)
    if not parser.code:
        raise FetchFailed("showed no code after consent", log=_words(page))
    return parser.code


async def _redeemed(site: Site, app: App, code: str) -> str:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": OUT_OF_BAND, "scope": SCOPES}
    return text_at(await site.post("/oauth/token", {**_as_app(app), **fields}), "access_token")


def _as_app(app: App) -> dict[str, str]:
    return {"client_id": app.client_id, "client_secret": app.client_secret}


def _words(page: Answer) -> str:
    return f"{page.url}: {page.status} {page.text[:300]}"
