"""A secret that the operator keeps in a file: read whenever it is needed, so that a new one works at once."""

import stat
from pathlib import Path

from whimbrel.kernel.errors import Misconfigured


def secret_in(path: Path) -> str:
    """The file's only line. Raises Misconfigured when it cannot be read, is empty, or can be read by others."""
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f'secret: "{path}" cannot be read: {error}') from error
    if stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(f'secret: "{path}" can be read by others: expected mode 0600')
    if not text or "\n" in text:
        raise Misconfigured(f'secret: "{path}": expected one line')
    return text
