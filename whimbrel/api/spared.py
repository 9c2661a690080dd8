"""Whom rate limits spare: the two accounts with which the status page tries this server all day long.

They post and delete every ten seconds, which no person may; held to the limits they would find nothing but those. Their
names stand in a file that this server has made for itself, beside its other secrets; nobody else can get on it.
"""

import json
from pathlib import Path
from typing import Final

from whimbrel.kernel.clock import Clock
from whimbrel.kernel.limits import CANARY_SECRETS_BYTES_MAX, SPARED_LOOK_MS

_PREFIX: Final = "status_"
"""How their names begin: for anybody else nothing is ever looked up."""


class Spared:
    """Says of a name whether it is one of the two. The file may come later: it is looked for now and then."""

    def __init__(self, file: Path, *, clock: Clock) -> None:
        self._file, self._clock = file, clock
        self._names: frozenset[str] = frozenset()
        self._looked_ms = -SPARED_LOOK_MS

    def __call__(self, name: str) -> bool:
        """Whether this account is spared."""
        return name.startswith(_PREFIX) and name in self.names()

    def names(self) -> frozenset[str]:
        """The two; nobody as long as they are not there."""
        if not self._names and self._clock() - self._looked_ms >= SPARED_LOOK_MS:
            self._looked_ms = self._clock()
            self._names = _names_in(self._file)
        return self._names


def _names_in(file: Path) -> frozenset[str]:
    """The names in the file; none while it is not there, or is not what it should be."""
    try:
        with file.open("rb") as opened:
            pair = json.loads(opened.read(CANARY_SECRETS_BYTES_MAX))
        return frozenset(str(pair[role]["name"]) for role in ("poster", "reader"))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
