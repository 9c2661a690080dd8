"""The salt of voices: a new one each day at midnight UTC, the day before's kept for the hour in which it still matters.

Promises: the file is its owner's alone (0600) and replaced whole; a salt that is over is nowhere any more, so that what
was hashed with it can be told from nobody's name. A disk that refuses costs nothing but that a restart on the same
day takes somebody for somebody else once.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from whimbrel.kernel.errors import Misconfigured

FILE: Final = "report-salt"
_SALT_BYTES: Final = 32
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS


class Salt(msgspec.Struct, frozen=True):
    """The salt of a day (counted from 1970), and the one of the day before while it matters."""

    day: int
    salt: bytes
    previous: bytes | None = None


class Salts:
    """The salts of today. Raises Misconfigured for a file that is none or that others can read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._now = self._read() or Salt(-1, secrets.token_bytes(_SALT_BYTES))
        self._is_saved = True

    def at(self, now_ms: int) -> Salt:
        """The salt that counts now. A clock that steps back to yesterday keeps today's."""
        after = turned(self._now, now_ms, secrets.token_bytes)
        if after is not self._now:
            self._now, self._is_saved = after, False
        return after

    def save(self) -> None:
        """Write down what has changed; blocks. Raises OSError."""
        if self._is_saved:
            return
        saving = self._now
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(saving))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._path)
        finally:
            draft.unlink(missing_ok=True)
        self._is_saved = saving is self._now

    def _read(self) -> Salt | None:
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return None
        if self._path.stat().st_mode & 0o077:
            raise Misconfigured(f'the salt of reports "{self._path}" can be read by others: remove it')
        try:
            return msgspec.json.decode(raw, type=Salt)
        except msgspec.MsgspecError as error:
            raise Misconfigured(f'the salt of reports "{self._path}" is none: remove it') from error


def turned(salt: Salt, now_ms: int, random: Callable[[int], bytes]) -> Salt:
    """The same salt, or what it has become: another day's, or without the day before's, whose hour is over."""
    day, within_ms = divmod(now_ms, _DAY_MS)
    if day > salt.day:
        follows = day == salt.day + 1 and within_ms < _HOUR_MS
        return Salt(day, random(_SALT_BYTES), salt.salt if follows else None)
    if salt.previous is not None and within_ms >= _HOUR_MS:
        return Salt(salt.day, salt.salt)
    return salt
