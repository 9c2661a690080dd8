"""`whimbrel serve`: read the configuration, then become the supervisor.

Becoming (exec) rather than calling gives the supervisor a process of its own size: what was imported to parse flags
and read files is gone from memory. Standard library only, for the same reason and for a quick start.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from whimbrel import config
from whimbrel.cli.codes import MISCONFIGURED, USAGE
from whimbrel.kernel.errors import Misconfigured
from whimbrel.option_table import OPTIONS, Option
from whimbrel.reliability.children import of_this_process
from whimbrel.secrets_file import open_secrets
from whimbrel.status_options import flag_of
from whimbrel.status_table import PAGE

SUPERVISOR: Final = "whimbrel.supervisor"
_WRITTEN: Final = ("journal.*", "store*", "run", "run/*", "snapshots")
_FOLDERS: Final = ("run", "snapshots")
_FILES: Final = ("journal.*", "run/*")


def serve(arguments: Sequence[str]) -> int:
    """Start the server with these flags. Returns only when it could not start: the exit code."""
    flags = vars(parser().parse_args(arguments))
    try:
        configuration = config.read(flags, os.environ).config
        make_data_directory(configuration.data)
        open_secrets(configuration.data)
    except Misconfigured as error:
        print(f"whimbrel: {error.public}", file=sys.stderr)
        return MISCONFIGURED
    return become_supervisor(configuration)


def become_supervisor(configuration: config.Config) -> NoReturn:
    """Replace this process by the supervisor, which is handed the configuration in a variable."""
    environment = os.environ | {config.HANDED_DOWN: config.encode(configuration)}
    words = of_this_process().words([SUPERVISOR])
    os.execve(words[0], words, environment)


def serve_words(*words: str) -> int:
    """Start the server (its flags: whimbrel serve --help)."""
    return serve(words)


def parser() -> argparse.ArgumentParser:
    """The flags of `serve`: one for each option, and where to look for data and configuration."""
    flags = _Flags(
        prog="whimbrel serve",
        allow_abbrev=False,
        description="Start the server; prints one line, `ready: URL`, when everything answers. Each option can also"
        " be given as WHIMBREL_NAME in the environment or as name in whimbrel.toml; flags win, then the environment.",
    )
    flags.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="Where the data is. Default: ./data")
    flags.add_argument(
        "--config", metavar="FILE", default=argparse.SUPPRESS, help="The file of options. Default: DIR/whimbrel.toml"
    )
    flags.add_argument(
        "--no-status", dest="status", action="store_const", const="off", default=argparse.SUPPRESS, help="--status off"
    )
    for option in OPTIONS:
        flags.add_argument(option.flag, metavar="VALUE", default=argparse.SUPPRESS, help=_help(option))
    page = flags.add_argument_group("the status page", "What else it can be told stands in [status] of the file.")
    for option in PAGE:
        flag = flag_of(option, alone=False)
        page.add_argument(flag, metavar="VALUE", default=argparse.SUPPRESS, help=_help(option))
    return flags


class _Flags(argparse.ArgumentParser):
    """Says of a wrong flag what every other command says of one: a line, not two pages of usage."""

    def error(self, message: str) -> NoReturn:
        """End with this message."""
        self.exit(USAGE, f"whimbrel: serve: {message}\nwhimbrel: see whimbrel serve --help\n")


def make_data_directory(data: Path) -> None:
    """Make the data directory, for its owner only: it holds private posts.

    Raises Misconfigured when it cannot be, or when something in it cannot be written (after a command that somebody
    ran as root, say) or is a directory instead of a file: the server would meet that as a disk that fails.

    Whatever this process and those it starts make from now on is for the owner only too.
    """
    os.umask(0o077)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f'data: "{data}": {error.strerror}; expected a directory that can be made') from error
    for path in [path for pattern in _FOLDERS for path in data.glob(pattern) if not path.is_dir()]:
        raise Misconfigured(f'data: "{path}" is no directory; expected one of the server')
    for path in [path for pattern in _FILES for path in sorted(data.glob(pattern)) if path.is_dir()]:
        raise Misconfigured(f'data: "{path}" is a directory; expected a file of the server')
    for path in (data, *[path for pattern in _WRITTEN for path in sorted(data.glob(pattern))]):
        if not os.access(path, os.R_OK | os.W_OK) and path.exists():
            raise Misconfigured(f'data: "{path}" cannot be written; expected a file of the user who runs the server')


def _help(option: Option) -> str:
    default = "" if option.default in (None, "", ()) else f" Default: {written(option.default)}."
    return f"{option.meaning}{default} Expected: {option.kind.expected}.".replace("%", "%%")


def written(value: object) -> str:
    """A typed value as a person would write it in a flag."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
