"""Who asks: sessions by cookie for pages, keys for programs; and whether a form came from one of our own pages.

Promises: no page under `/admin` but the sign-in is answered without a session; no form is taken that does not carry the
session's own token, or that a browser says comes from elsewhere; bodies are bounded before they are read.
"""

import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from whimbrel.kernel.errors import BadRequest, Forbidden, Unauthenticated
from whimbrel.kernel.limits import BODY_SECONDS_MAX, FORM_BYTES_MAX, FORM_FIELDS_MAX, OPERATOR_SESSION_SECONDS
from whimbrel.statuspage.bodies import read_body
from whimbrel.statuspage.operators.front import Operators

COOKIE: Final = "whimbrel_operator"
CSRF_FIELD: Final = "csrf"


class SignedIn(NamedTuple):
    """Somebody with a session, and the token that their forms carry."""

    name: str
    csrf: str


class Form:
    """What a form held: the last value of each field, and all of those that come several times."""

    def __init__(self, one: Mapping[str, str], many: Mapping[str, tuple[str, ...]]) -> None:
        self.one, self.many = one, many

    def __getitem__(self, name: str) -> str:
        return self.one.get(name, "")


async def signed_in(request: Request, operators: Operators) -> SignedIn | None:
    """Who the request's cookie belongs to."""
    token = request.cookies.get(COOKIE, "")
    session = await operators.session(token) if token else None
    return None if session is None else SignedIn(session.operator, csrf_of(token))


def csrf_of(token: str) -> str:
    """What proves that a form was made for this session; who reads it cannot tell the session from it."""
    return hmac.digest(token.encode(), b"form", "sha256").hex()


def check_form(form: Form, who: SignedIn) -> None:
    """Raise Forbidden for a form that was not made for this session."""
    if not hmac.compare_digest(form[CSRF_FIELD].encode(), who.csrf.encode()):
        raise Forbidden("This form is not of this session. Go back, load the page again and send it once more.")


def check_origin(request: Request) -> None:
    """Raise Forbidden when the browser says that the form stands on somebody else's page."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Forbidden("This form was sent from another site.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent from another site.")


async def form_of(request: Request, *, bytes_max: int = FORM_BYTES_MAX) -> Form:
    """The fields of a form. Raises TooLarge, TooSlow or BadRequest."""
    try:
        body = (await read_body(request, bytes_max=bytes_max, seconds_max=BODY_SECONDS_MAX)).decode()
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise BadRequest("This form cannot be read.", log=str(error)) from error
    many: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        many[name] = (*many.get(name, ()), value.replace("\r\n", "\n"))
    return Form({name: values[-1] for name, values in many.items()}, many)


async def document_of(request: Request, *, bytes_max: int = FORM_BYTES_MAX) -> object:
    """The JSON of a body. Raises TooLarge, TooSlow or BadRequest."""
    try:
        found: object = msgspec.json.decode(await read_body(request, bytes_max=bytes_max, seconds_max=BODY_SECONDS_MAX))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is not JSON.", log=str(error)) from error
    return found


async def key_owner(request: Request, operators: Operators) -> str:
    """In whose name a program acts. Raises Unauthenticated."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key:
        raise Unauthenticated("Send a key: Authorization: Bearer wsk_...")
    return await operators.key_owner(key.strip())


def remember(response: Response, token: str, *, secure: bool) -> Response:
    """Set the cookie of a session."""
    response.set_cookie(
        COOKIE, token, max_age=OPERATOR_SESSION_SECONDS, path="/admin", secure=secure, httponly=True, samesite="strict"
    )
    return response


def forget(response: Response, *, secure: bool) -> Response:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path="/admin", secure=secure, httponly=True, samesite="strict")
    return response
