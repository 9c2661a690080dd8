"""Who sits at the browser: the cookies of the sign-in page. Not for the API, which takes bearer tokens only.

Two cookies, both HttpOnly and SameSite=Lax, both Secure (and `__Host-`, so that no sibling host can plant one) when
the server is reached by https. The *session* is a token of kind "web", stored hashed like any other. The *browser* is
a random text that says nothing: the sign-in form is bound to it, so that another site cannot sign a visitor in.
"""

import re
import secrets
from typing import Final, NamedTuple

from whimbrel.api.request import Request
from whimbrel.kernel.errors import NotFound
from whimbrel.microblog.accounts.values import Account

WEB: Final = "web"
SESSION_DAYS: Final = 14
SESSION_MS: Final = SESSION_DAYS * 86_400_000

_BROWSER_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class Person(NamedTuple):
    """Somebody who is signed in at the browser, and the token of that session."""

    account: Account
    token: str


async def person_at(request: Request) -> Person | None:
    """Who is signed in at the browser, or None; sessions that ended and accounts that may not act count as none."""
    microblog = request.microblog
    token = _cookie(request, "session")
    session = await microblog.access.session(token) if token else None
    if token is None or session is None or session.kind != WEB or session.account_id is None:
        return None
    try:
        account = await microblog.accounts.get(session.account_id)
    except NotFound:
        return None
    return Person(account, token) if account.usable else None


async def open_session(request: Request, account: Account) -> str:
    """Sign the account in at this browser; returns the session's token. Durable when it returns."""
    microblog = request.microblog
    return await microblog.access.issue_token(
        account_id=account.id, app_id=None, scopes=(), kind=WEB, expires_ms=microblog.clock() + SESSION_MS
    )


def browser_at(request: Request) -> str | None:
    """The browser's own text, if it was given one."""
    text = _cookie(request, "browser")
    return text if text and _BROWSER_TOKEN.match(text) else None


def new_browser() -> str:
    """A text for a browser that has none."""
    return secrets.token_urlsafe(32)


def session_cookie(public_url: str, token: str) -> tuple[bytes, bytes]:
    """The header that keeps a session in the browser; an empty token takes it away."""
    return _set_cookie(public_url, "session", token, seconds=SESSION_DAYS * 86_400 if token else 0)


def browser_cookie(public_url: str, text: str) -> tuple[bytes, bytes]:
    """The header that keeps the browser's own text until it is closed."""
    return _set_cookie(public_url, "browser", text, seconds=None)


def _set_cookie(public_url: str, name: str, value: str, *, seconds: int | None) -> tuple[bytes, bytes]:
    parts = [f"{_full_name(public_url, name)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if _secure(public_url):
        parts.append("Secure")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    return b"set-cookie", "; ".join(parts).encode("ascii")


def _cookie(request: Request, name: str) -> str | None:
    wanted = _full_name(request.microblog.options.public_url, name)
    # Over HTTP/2 browsers send each cookie as a field of its own (RFC 9113, 8.2.3).
    fields = [value.decode("latin-1") for field, value in request.scope["headers"] if field == b"cookie"]
    for part in ";".join(fields).split(";"):
        found, _, value = part.strip().partition("=")
        if found == wanted:
            return value
    return None


def _full_name(public_url: str, name: str) -> str:
    return f"__Host-whimbrel_{name}" if _secure(public_url) else f"whimbrel_{name}"


def _secure(public_url: str) -> bool:
    return public_url.startswith("https://")
