"""How one option becomes a value, wherever it was written, and what is said about one that cannot.

Shared by the server's options and those of its status page. Promises: an error names the option, what was written,
where, and what was expected; what may be a secret is not repeated in it, because errors end up in logs.
Standard library only, as the tables.
"""

import json
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel.kernel.errors import Misconfigured
from whimbrel.option_table import Option

_SECRET: Final = re.compile(r"password|token|secret", re.IGNORECASE)
_HIDDEN: Final = "(not shown)"


class Written(NamedTuple):
    """One value as somebody wrote it: the raw value, where, and the directory its relative paths are meant from."""

    raw: object
    source: str
    directory: Path


def value(option: Option, written: Written | None, *, place: str = "") -> Any:
    """The typed value, or the default. `place`: what stands before the option's name. Raises Misconfigured."""
    if written is None:
        return option.default
    try:
        return option.kind.parse(written.raw, written.directory)
    except (ValueError, KeyError) as error:
        raise refused(place + option.name, written, option.kind.expected) from error


def refused(name: str, written: Written, expected: str) -> Misconfigured:
    """The error about a value that cannot be one."""
    return Misconfigured(f"{name}: {_shown(name, written.raw)} in {written.source}: expected {expected}")


def unknown(name: str, raw: object, source: str, known: Iterable[str]) -> Misconfigured:
    """The error about a name that nobody knows."""
    known = list(known)
    near = get_close_matches(name, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "expected one of " + ", ".join(sorted(known))
    return Misconfigured(f"{name}: {_shown(name, raw)} in {source}: there is no such option; {hint}")


def source_of(written: Written | None) -> str:
    """Where a value came from."""
    return "default" if written is None else written.source


def document_in(file: Path, *, must_exist: bool) -> dict[str, Any]:
    """What a TOML file of options says; nothing where there is none. Raises Misconfigured."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise Misconfigured(f'config: "{file}": no such file; expected a TOML file of options') from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Misconfigured(f'config: "{file}": {error}; expected a TOML file of options') from error


def _shown(name: str, raw: object) -> str:
    """What was written; of what may be a secret only what is a path, because people put secrets in the wrong place."""
    if _SECRET.search(name) and not (isinstance(raw, str) and raw.startswith(("/", "./", "../", "~/"))):
        return _HIDDEN
    return json.dumps(raw, default=str, ensure_ascii=False)
