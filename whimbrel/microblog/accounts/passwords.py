"""Passwords: Argon2id, off the event loop, two at a time.

Promises: an unknown user costs the same work as a known one; more than PASSWORDS_WAITING_MAX waiting are turned away
at once, so a flood of sign-ins cannot take the machine from everybody else. Nothing here is ever logged.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.kernel.limits import PASSWORD_CHARACTERS_MAX, PASSWORDS_AT_ONCE_MAX, PASSWORDS_WAITING_MAX

# OWASP's Password Storage Cheat Sheet asks for at least 12 MiB with 3 passes; one more pass makes it about 20 ms here,
# and two at a time stay under 25 MiB.
ARGON2_MEMORY_KIB: Final = 12_288
ARGON2_PASSES: Final = 4
ARGON2_LANES: Final = 1

DECOY_HASH: Final = "$argon2id$v=19$m=12288,t=4,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""What the password of an account that does not exist is compared with: no password gives all zeroes."""

T = TypeVar("T")


class Passwords:
    """Owns the two threads that hash. `close` lets them go."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=ARGON2_PASSES, memory_cost=ARGON2_MEMORY_KIB, parallelism=ARGON2_LANES)
        self._threads = ThreadPoolExecutor(PASSWORDS_AT_ONCE_MAX, thread_name_prefix="password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The Argon2id string of a password. Raises Unavailable when too many wait."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the one; without a hash the same work is done for nothing."""
        if len(password) > PASSWORD_CHARACTERS_MAX:
            password, password_hash = password[:PASSWORD_CHARACTERS_MAX], None
        return await self._in_turn(lambda: self._matches(password, password_hash or DECOY_HASH))

    def close(self) -> None:
        """Let the threads end once what they work on is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= PASSWORDS_WAITING_MAX:
            raise Unavailable("Too many sign-ins at once, please try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def check_hash(password_hash: str) -> None:
    """Raise Invalid unless this is an Argon2 string that `verify` can use. The text never shows the hash."""
    try:
        extract_parameters(password_hash)
    except InvalidHashError as error:
        raise Invalid("The password hash is not an Argon2 string, expected $argon2id$...") from error
