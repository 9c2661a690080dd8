"""Challenges: when a burst looks automated, a report costs a little work, or a little waiting where no script runs.

A challenge is a signed note that the client hands back: until when it holds, how many bits of work it asks, from when
on waiting is enough, and for whom it is (a voice's hash). Nothing is kept for it until it is used; then its number is
kept until it would have expired, so that it is taken once. Work: find text whose SHA-256 behind the challenge and a
colon begins with that many zero bits. Difficulty and waiting grow with the burst.

Promises: pure but for the numbers used, of which there are at most CHALLENGES_USED_MAX. What it cannot do: stop
somebody with many networks; those reports are weighed down afterwards (`brigade`).
"""

import base64
import binascii
from hashlib import blake2b, sha256
from hmac import compare_digest
from math import log2
from typing import Final, NamedTuple

import msgspec

from whimbrel.kernel.errors import TooMany, Unavailable
from whimbrel.kernel.limits import CHALLENGE_MS_MAX, CHALLENGES_USED_MAX

BITS_MIN: Final = 12
BITS_MAX: Final = 22
WAIT_MS_MIN: Final = 5_000
WAIT_MS_MAX: Final = 60_000
ALGORITHM: Final = "sha-256"
_SIGNATURE_BYTES: Final = 16
PROOF_CHARACTERS_MAX: Final = 64


class Challenge(msgspec.Struct, frozen=True, array_like=True):
    """What is signed: its number, for whom, the bits of work, from when waiting is enough, until when it holds."""

    number: int
    voice: int
    bits: int
    ready_ms: int
    until_ms: int


class Challenged(TooMany):
    """A burst looks automated: the same report is welcome with a proof of work, or after a moment."""

    code = "challenge"

    def __init__(self, token: str, challenge: Challenge, now_ms: int) -> None:
        wait_seconds = -(-max(challenge.ready_ms - now_ms, 1_000) // 1_000)
        super().__init__(
            "Many reports come from your network just now. Please send yours again with the proof of work, "
            f"or the same way in {wait_seconds} seconds.",
            retry_after_seconds=wait_seconds,
        )
        self.token, self.bits, self.wait_seconds = token, challenge.bits, wait_seconds


class Demand(NamedTuple):
    """How much is asked: bits of work, or milliseconds of waiting."""

    bits: int
    wait_ms: int


def demanded(count: int, free: int) -> Demand | None:
    """What is asked of the sender of the `count`-th report of a minute from one network, of which `free` are free."""
    if count <= free:
        return None
    beyond = log2(count / free)
    wait_ms = min(int(WAIT_MS_MIN * 2**beyond), WAIT_MS_MAX)
    return Demand(min(BITS_MIN + int(2 * beyond), BITS_MAX), wait_ms)


def is_solved(token: str, proof: str, bits: int) -> bool:
    """Whether the proof is one."""
    digest = sha256(f"{token}:{proof}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0


class Challenges:
    """Makes challenges and takes them back, each once."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._number = 0
        self._used: dict[int, int] = {}

    def made(self, demand: Demand, voice: int, now_ms: int) -> Challenged:
        """The refusal that carries a new challenge."""
        self._number += 1
        challenge = Challenge(self._number, voice, demand.bits, now_ms + demand.wait_ms, now_ms + CHALLENGE_MS_MAX)
        payload = msgspec.msgpack.encode(challenge)
        token = base64.urlsafe_b64encode(payload + self._signature(payload)).decode().rstrip("=")
        return Challenged(token, challenge, now_ms)

    def is_met(self, token: str, proof: str, voice: int, now_ms: int) -> bool:
        """Whether this is a challenge of ours for this voice, still good, never used, and solved or waited for.

        Then it is used up. Raises Unavailable when too many have been used to remember one more.
        """
        challenge = self._read(token)
        if challenge is None or challenge.voice != voice or not challenge.until_ms - CHALLENGE_MS_MAX <= now_ms:
            return False
        if now_ms > challenge.until_ms or challenge.number in self._used:
            return False
        solved = 0 < len(proof) <= PROOF_CHARACTERS_MAX and is_solved(token, proof, challenge.bits)
        if not solved and now_ms < challenge.ready_ms:
            return False
        self._remember(challenge, now_ms)
        return True

    def _remember(self, challenge: Challenge, now_ms: int) -> None:
        if len(self._used) >= CHALLENGES_USED_MAX:
            self._used = {number: until for number, until in self._used.items() if until >= now_ms}
            if len(self._used) >= CHALLENGES_USED_MAX:
                raise Unavailable("More is being reported than can be checked. Please try again in a moment.")
        self._used[challenge.number] = challenge.until_ms

    def _read(self, token: str) -> Challenge | None:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
            if not compare_digest(signature, self._signature(payload)):
                return None
            return msgspec.msgpack.decode(payload, type=Challenge)
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            return None

    def _signature(self, payload: bytes) -> bytes:
        return blake2b(payload, key=self._key, digest_size=_SIGNATURE_BYTES).digest()
