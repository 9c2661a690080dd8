"""Which release serves this data directory, and how it was started: the core says it on its control socket.

For `whimbrel migrate`, which runs from another release's environment, and must know the one beside it. Later releases
read what earlier ones say: fields are only ever added.
"""

import sys
from pathlib import Path

import msgspec

from whimbrel import __version__
from whimbrel.reliability.control import Reply, ask

PAGE = "/release"


class Release(msgspec.Struct, frozen=True, omit_defaults=True):
    """A release: its version, and the interpreter of the environment that it is installed in."""

    release: str
    python: str

    @property
    def version(self) -> tuple[int, ...]:
        """The version as numbers, for which is newer."""
        return tuple(int(part) for part in self.release.split(".") if part.isdecimal())

    def is_same_as(self, other: "Release | None") -> bool:
        """Whether it is the very same installation."""
        return other is not None and (self.release, self.python) == (other.release, other.python)


class Running(msgspec.Struct, frozen=True):
    """What the core says: its release, the file of its store, and the configuration that it was handed as text."""

    release: Release
    store: str
    configuration: str


def own_release() -> Release:
    """This process's own."""
    return Release(__version__, sys.executable)


def release_page(store: Path, configuration: str) -> Reply:
    """What a core answers."""
    running = Running(own_release(), store.name, configuration)
    return Reply(200, "application/json", msgspec.json.encode(running).decode())


def running_release(data: Path) -> Running | None:
    """What the core that serves this data directory says; None when none answers."""
    try:
        reply = ask(data / "run" / "core.control.sock", PAGE)
        return msgspec.json.decode(reply.text, type=Running) if reply.status == 200 else None
    except (OSError, msgspec.DecodeError):
        return None


def is_served(data: Path) -> bool:
    """Whether a server (its supervisor) runs on this data directory, whatever state its processes are in."""
    try:
        ask(data / "run" / "supervisor.sock", "/livez")
    except OSError:
        return False
    return True
