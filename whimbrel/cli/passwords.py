"""How a command is told a password: on standard input, never in the command line, where every process could read it."""

import sys
from typing import Annotated

from cyclopts import Parameter

from whimbrel.cli.codes import Usage

PasswordStdin = Annotated[bool, Parameter(name="--password-stdin", negative="")]
NoPassword = Annotated[bool, Parameter(name="--no-password", negative="")]


def password_from(*, password_stdin: bool, no_password: bool) -> str | None:
    """The first line of standard input, or None for an account that cannot sign in. Raises Usage."""
    if password_stdin == no_password:
        raise Usage("password: expected exactly one of --password-stdin and --no-password")
    if no_password:
        return None
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Usage("password: the first line of standard input is empty: expected the password")
    return password
