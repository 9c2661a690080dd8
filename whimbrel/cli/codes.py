"""Exit codes, and which error ends with which. docs/cli.md has the same table, held together by a test."""

from typing import Final

from whimbrel.kernel.errors import Misconfigured, Unavailable, WhimbrelError

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNAVAILABLE: Final = 3
MISCONFIGURED: Final = 4
CANNOT_LISTEN: Final = 71
RUNNING_ALREADY: Final = 75
WILL_NOT_START: Final = 78
INTERRUPTED: Final = 130

MEANINGS: Final = {
    DONE: "It is done, or was so already.",
    FAILED: "It was refused, was not found, or the check found something; standard error says what.",
    USAGE: "The command line was wrong: an unknown command or flag, or a value that cannot be one.",
    UNAVAILABLE: "A part that it needs is away; trying again later may help.",
    MISCONFIGURED: "An option is unknown or malformed, a secret can be read by others, or the data directory cannot be"
    " used.",
    CANNOT_LISTEN: "`serve` only: the address or port cannot be listened on.",
    RUNNING_ALREADY: "`serve` only: a server runs on this data directory already.",
    WILL_NOT_START: "`serve` only: a process of the server refused to start; its log line says why.",
    INTERRUPTED: "Interrupted from the keyboard.",
}


class Usage(WhimbrelError):
    """The command line was wrong in a way that only the command itself can see."""

    code = "usage"
    status = 400


def code_of(error: WhimbrelError) -> int:
    """The exit code that an error ends with."""
    if isinstance(error, Usage):
        return USAGE
    if isinstance(error, Misconfigured):
        return MISCONFIGURED
    if isinstance(error, Unavailable):
        return UNAVAILABLE
    return FAILED
