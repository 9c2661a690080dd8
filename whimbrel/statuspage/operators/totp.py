"""Codes that change every half minute (RFC 6238 over RFC 4226, SHA-1, six digits, as every authenticator app has them).

Pure. A step that the clocks differ by is forgiven, either way; which steps have been used is the caller's to remember.
"""

import hmac
import secrets
from base64 import b32encode
from typing import Final
from urllib.parse import quote, urlencode

_STEP_MS: Final = 30_000
_DIGITS: Final = 6
_DRIFT_STEPS: Final = 1
_SECRET_BYTES: Final = 20


def new_secret() -> bytes:
    """A secret as long as RFC 4226 recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def step_at(now_ms: int) -> int:
    """The number of the half minute."""
    return now_ms // _STEP_MS


def code_of(secret: bytes, step: int) -> str:
    """The code of one step, with its leading zeroes."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"


def step_of(secret: bytes, code: str, now_ms: int) -> int | None:
    """The step whose code it is, among those that are good now; None when it is none of them.

    All are compared, so that the time it takes says nothing.
    """
    given = "".join(code.split()).encode()
    found = None
    for step in range(step_at(now_ms) - _DRIFT_STEPS, step_at(now_ms) + _DRIFT_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), given):
            found = step
    return found


def address_of(secret: bytes, *, name: str, issuer: str) -> str:
    """The `otpauth:` address that an authenticator app reads, by hand or as a QR code."""
    fields = {"secret": b32encode(secret).decode(), "issuer": issuer, "digits": _DIGITS, "period": _STEP_MS // 1_000}
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{urlencode(fields, quote_via=quote)}"
