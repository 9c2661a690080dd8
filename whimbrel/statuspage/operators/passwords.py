"""Passwords of operators: Argon2id, off the event loop, two at a time.

Promises: a name that nobody has costs the same work as one that somebody has; when more than PASSWORDS_WAITING_MAX
wait, the next is turned away, so that a flood of sign-ins never slows the page. Not the microblog's own module, which
the status program may not know: it must go on when that has gone.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.kernel.limits import (
    OPERATOR_PASSWORD_CHARACTERS_MIN,
    PASSWORD_CHARACTERS_MAX,
    PASSWORDS_AT_ONCE_MAX,
    PASSWORDS_WAITING_MAX,
)

# OWASP's Password Storage Cheat Sheet asks for at least 12 MiB with 3 passes; two at a time stay under 25 MiB.
_HASHER: Final = PasswordHasher(time_cost=4, memory_cost=12_288, parallelism=1)
_DECOY: Final = "$argon2id$v=19$m=12288,t=4,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

T = TypeVar("T")


class Passwords:
    """Owns the two threads that hash. `close` lets them go."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(PASSWORDS_AT_ONCE_MAX, thread_name_prefix="operator-password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The Argon2id string of a new password. Raises Invalid for one that is too short or too long."""
        if not OPERATOR_PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
            bounds = f"{OPERATOR_PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX}"
            raise Invalid(f"password: expected {bounds} characters, got {len(password)}")
        return await self._in_turn(lambda: _HASHER.hash(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the one; without a hash the same work is done for nothing. Raises Unavailable."""
        given = password[:PASSWORD_CHARACTERS_MAX]
        return await self._in_turn(lambda: _matches(given, password_hash or _DECOY))

    def close(self) -> None:
        """Let the threads end once what they work on is done."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= PASSWORDS_WAITING_MAX:
            raise Unavailable("Too many sign in at once. Please try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
