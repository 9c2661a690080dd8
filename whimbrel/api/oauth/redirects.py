"""Redirect URIs: which may be registered, which of them a request may use, and how an answer is put on one. Pure.

A request's URI must be a registered one, letter by letter (RFC 9700, 2.1), with one exception: the port of a loopback
address is free, because a native app gets whichever one the system gives it (RFC 8252, 7.3).
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

from whimbrel.kernel.errors import Invalid

OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
"""Asks that the code be shown on a page, for a person to copy."""

REDIRECT_URI_CHARACTERS_MAX: Final = 2_000
REDIRECT_URIS_MAX: Final = 20

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*\Z")
_REFUSED_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "view-source", "filesystem"})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_ALLOWED = re.compile(r"""[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+\Z""")  # RFC 3986, 2


def check(uri: str) -> str:
    """The URI, if an app may register it.

    Raises Invalid for one that is relative, has a fragment, holds a character that no URI has (a browser takes `\\` for
    `/` and goes elsewhere than the consent page says), or would run in the browser (`javascript:` and its kin).
    """
    if uri == OUT_OF_BAND:
        return uri
    parts = _split(uri)
    if parts is None or not _SCHEME.match(parts.scheme) or not _leads_somewhere(parts):
        raise Invalid(f"Validation failed: Redirect URI must be an absolute URI, not {uri[:80]!r}")
    if parts.scheme.lower() in _REFUSED_SCHEMES:
        raise Invalid(f"Validation failed: Redirect URI has the scheme {parts.scheme!r}, which is not allowed")
    if "#" in uri:
        raise Invalid("Validation failed: Redirect URI cannot contain a fragment")
    return uri


def registered(uri: str, allowed: tuple[str, ...]) -> bool:
    """Whether a request may use `uri`, given what its app has registered."""
    return uri in allowed or any(_same_but_for_port(uri, other) for other in allowed)


def with_answer(uri: str, answer: Mapping[str, str | None]) -> str:
    """The URI with the answer's parameters added to its query; those that are None are left out."""
    query = urlencode({key: value for key, value in answer.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def place(uri: str) -> str:
    """Where a redirect leads, for a person to read: the host of a web address, else the app's own scheme."""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _split(uri: str) -> SplitResult | None:
    if len(uri) > REDIRECT_URI_CHARACTERS_MAX or not _ALLOWED.match(uri):
        return None
    try:
        parts = urlsplit(uri)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def _leads_somewhere(parts: SplitResult) -> bool:
    if parts.scheme.lower() in ("http", "https"):
        return bool(parts.hostname) and "@" not in parts.netloc
    return bool(parts.netloc or parts.path)


def _same_but_for_port(uri: str, other: str) -> bool:
    asked, known = _split(uri), _split(other)
    if asked is None or known is None or asked.scheme != "http" or asked.hostname not in _LOOPBACK:
        return False
    return "@" not in asked.netloc and asked.hostname == known.hostname and _rest(asked) == _rest(known)


def _rest(parts: SplitResult) -> tuple[str, str, str, str]:
    return parts.scheme, parts.path, parts.query, parts.fragment
