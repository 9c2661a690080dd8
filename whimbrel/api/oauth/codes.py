"""Authorization codes: what was allowed, sealed, good for ten minutes and for one exchange (RFC 6749, 4.1.2).

A code carries its own grant, so that any process can redeem it without a table of codes. That it is redeemed once is
decided where everything is decided: the token's event claims the code's key, and a second one meets the claim.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import Final

import msgspec

from whimbrel.api.oauth.seals import Seal
from whimbrel.kernel.events import Claim
from whimbrel.microblog import keys

CODE_MINUTES: Final = 10
_CODE_MS: Final = CODE_MINUTES * 60_000
_NONCE_BYTES: Final = 8
_REDIRECT_BYTES: Final = 16
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """What a person allowed an app to do. `challenge` is the PKCE challenge (S256), None when the app sent none.

    `redirect` is the digest of the redirect URI: out of band a person copies the code, so it should be short. `nonce`
    makes every code another one, so that the single use of one never spends a later one.
    """

    account_id: int
    app_id: int
    scopes: tuple[str, ...]
    redirect: bytes
    challenge: str | None
    nonce: bytes


class Codes:
    """Makes and opens authorization codes."""

    def __init__(self, signing_key: bytes) -> None:
        self._seal = Seal(signing_key, purpose="authorization code", kind=Grant)

    def issue(self, grant: Grant, *, now_ms: int) -> str:
        """A code for `grant`, good for CODE_MINUTES."""
        return self._seal.close(grant, expires_ms=now_ms + _CODE_MS)

    def open(self, code: str, *, now_ms: int) -> Grant | None:
        """What was granted, or None when the code is not one of ours or its time is over."""
        return self._seal.open(code, now_ms=now_ms)


def fresh_nonce() -> bytes:
    """Random bytes, as many as it takes that no two codes of one moment meet."""
    return secrets.token_bytes(_NONCE_BYTES)


def redirect_digest(redirect_uri: str) -> bytes:
    """What a grant keeps of its redirect URI: enough to know it again."""
    return hashlib.blake2b(redirect_uri.encode(), digest_size=_REDIRECT_BYTES).digest()


def single_use(code: str, *, now_ms: int) -> Claim:
    """The claim that a code's exchange takes; it is let go only when the code would not open any more."""
    code_hash = hashlib.sha256(code.encode()).hexdigest()
    return Claim(keys.authorization_code(code_hash), expires_ms=now_ms + 2 * _CODE_MS)


def is_challenge(text: str) -> bool:
    """Whether `text` can be an S256 challenge (RFC 7636, 4.2: 32 bytes in base64url without padding)."""
    return _CHALLENGE.match(text) is not None


def proves(verifier: str | None, challenge: str | None) -> bool:
    """Whether the verifier is the one behind the challenge (RFC 7636, 4.6), or neither was given.

    A verifier without a challenge is refused too: it tells that somebody took the challenge out on the way
    (RFC 9700, 4.8.2).
    """
    if verifier is None or challenge is None:
        return verifier is challenge
    if not _VERIFIER.match(verifier):
        return False
    expected = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(expected, challenge)
