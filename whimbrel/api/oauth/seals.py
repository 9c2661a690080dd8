"""Values that leave the server and come back unchanged: authorization codes, and what a form shows when it is sent.

A seal is the value, the time when it ends and an HMAC-SHA256 over both and its purpose, in base64url. Nothing is kept
on the server, so a restart or another process of ours opens what the first one sealed. It is signed, not encrypted:
whoever holds it can read it. It does not make a value single-use; the one who redeems it claims a key for that.
"""

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final, Generic, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

_MAC_BYTES: Final = 32
_SEALED_CHARACTERS_MAX: Final = 16_384
_MILLISECONDS_BYTES: Final = 8


class Seal(Generic[S]):
    """Seals values of one type for one purpose.

    Each purpose has a key of its own, derived from the server's `signing_key`, so that what was sealed for one purpose
    never opens for another.
    """

    def __init__(self, signing_key: bytes, *, purpose: str, kind: type[S]) -> None:
        self._key = hmac.digest(signing_key, b"whimbrel seal: " + purpose.encode(), "sha256")
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)

    def close(self, value: S, *, expires_ms: int, bound_to: str = "") -> str:
        """The sealed text. It opens until `expires_ms` (milliseconds since 1970) and only for the same `bound_to`."""
        body = expires_ms.to_bytes(_MILLISECONDS_BYTES, "big") + self._encoder.encode(value)
        return urlsafe_b64encode(self._mac(body, bound_to) + body).rstrip(b"=").decode()

    def open(self, sealed: str, *, now_ms: int, bound_to: str = "") -> S | None:
        """The value, or None: forged, changed, ended, for another purpose or bound to something else."""
        raw = _decoded(sealed)
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body, bound_to)):
            return None
        if int.from_bytes(body[:_MILLISECONDS_BYTES], "big") <= now_ms:
            return None
        return self._decoder.decode(body[_MILLISECONDS_BYTES:])

    def _mac(self, body: bytes, bound_to: str) -> bytes:
        binding = hashlib.sha256(bound_to.encode()).digest()
        return hmac.digest(self._key, binding + body, "sha256")


def _decoded(sealed: str) -> bytes:
    if len(sealed) > _SEALED_CHARACTERS_MAX:
        return b""
    try:
        return urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
    except (UnicodeEncodeError, binascii.Error):
        return b""
