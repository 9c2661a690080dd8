"""Secrets that the server makes for itself at its first start: never in a configuration, never in a backup by accident.

`DATA/secrets` (0700) holds `signing.key` (0600), with which forms and cookies are signed. A key that others on the
machine can read is refused at the start rather than used: somebody opened it, and the operator should know.
"""

import os
import secrets
import stat
from pathlib import Path
from typing import Final, NamedTuple

from whimbrel.kernel.errors import Misconfigured

DIRECTORY: Final = "secrets"
SIGNING_KEY: Final = "signing.key"
CANARIES: Final = "canary.json"
"""Names and passwords of the accounts with which the status page tries the server (0600)."""

KEY_BYTES: Final = 32


class Secrets(NamedTuple):
    """The keys, as bytes. Losing `signing_key` signs everybody out of the web pages and loses nothing else."""

    signing_key: bytes


def open_secrets(data: Path) -> Secrets:
    """Read the keys of the data directory, making those that are missing; safe when several processes start at once.

    Raises Misconfigured when a key is readable by others or is not one, or cannot be read or made.
    """
    directory = data / DIRECTORY
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_when_open_to_others(directory)
        return Secrets(signing_key=_key(directory / SIGNING_KEY))
    except OSError as error:
        raise Misconfigured(f'secret: "{error.filename}": {error.strerror}; expected a file of this user') from error


def _key(path: Path) -> bytes:
    if not path.exists():
        _make(path)
    _refuse_when_open_to_others(path)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:  # also bytes that are no text
        key = b""
    if len(key) != KEY_BYTES:
        raise Misconfigured(f'secret: "{path}" holds no key: expected {KEY_BYTES * 2} hexadecimal digits')
    return key


def _make(path: Path) -> None:
    """Write a new key beside, sync it, then link it into place: whoever comes second finds the first one's key."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()


def _refuse_when_open_to_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        wanted = 0o700 if path.is_dir() else 0o600
        raise Misconfigured(
            f'secret: "{path}" has mode {mode:04o}: expected {wanted:04o}, so that nobody else on the machine reads it'
        )
