"""Every command but the parsing of `serve`: how a command line becomes a call, and an error an exit code.

Commands stand in modules of their own and are named here by strings: one is imported when it is asked for.
"""

import logging
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError

from whimbrel import __version__
from whimbrel.cli.codes import DONE, INTERRUPTED, USAGE, code_of
from whimbrel.cli.output import note
from whimbrel.kernel.errors import WhimbrelError

ACCOUNT_COMMANDS: Final = {
    "create": "account:create",
    "token": "access:token",
    "list": "account:list_all",
    "show": "account:show",
    "confirm": "account:confirm",
    "approve": "account:approve",
    "disable": "account:disable",
    "enable": "account:enable",
    "role": "account:role",
    "password": "account:password",
    "sessions": "access:sessions",
    "delete": "account:delete",
    "export": "archive:export",
}

STATUS_COMMANDS: Final = {
    "serve": "status_serve:serve",
    "probe": "status_probe:probe",
    "verify": "status:verify",
    "writeup": "status_writeup:writeup",
}

STATUS_GROUPS: Final = {
    "operator": (
        "Who may speak for the status page.",
        {
            "create": "status_operator:create",
            "list": "status_operator:list_all",
            "password": "status_operator:password",
            "remove": "status_operator:remove",
            "key": "status_operator:key",
        },
    ),
    "incident": (
        "What is wrong, how it goes on, that it is over.",
        {
            "open": "status_incident:open_one",
            "update": "status_incident:update",
            "resolve": "status_incident:resolve",
            "list": "status_incident:list_all",
        },
    ),
    "maintenance": (
        "Work that is announced.",
        {
            "schedule": "status_maintenance:schedule",
            "start": "status_maintenance:start",
            "complete": "status_maintenance:complete",
            "list": "status_maintenance:list_all",
        },
    ),
}


def build() -> App:
    """The tree of commands, in the order in which help shows them."""
    app = App(name="whimbrel", help="A microblog server: see docs/cli.md.", version=__version__)
    app.help_formatter = "plain"
    app.command("whimbrel.cli.serve:serve_words", name="serve")
    account = App(name="account", help="Make, look at and change accounts.")
    for name, function in ACCOUNT_COMMANDS.items():
        account.command(f"whimbrel.cli.{function}", name=name)
    app.command(account)
    app.command("whimbrel.cli.provision:provision", name="provision")
    app.command("whimbrel.cli.restart:restart", name="restart")
    app.command("whimbrel.cli.snapshot:snapshot", name="snapshot")
    app.command("whimbrel.cli.backup:backup", name="backup")
    app.command("whimbrel.cli.restore:restore", name="restore")
    app.command("whimbrel.cli.verify:verify", name="verify")
    app.command("whimbrel.cli.migrate:migrate", name="migrate")
    app.command("whimbrel.cli.doctor:doctor", name="doctor")
    views = App(name="views", help="What follows the journal.")
    views.command("whimbrel.cli.views:rebuild", name="rebuild")
    app.command(views)
    app.command(status_commands())
    return app


def status_commands() -> App:
    """The commands of the status page, with their groups."""
    status = App(name="status", help="The status page: what people say on it, and whether its history is whole.")
    for name, function in STATUS_COMMANDS.items():
        status.command(f"whimbrel.cli.{function}", name=name)
    for group, (about, functions) in STATUS_GROUPS.items():
        commands = App(name=group, help=about)
        for name, function in functions.items():
            commands.command(f"whimbrel.cli.{function}", name=name)
        status.command(commands)
    return status


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; every foreseen error is one line on standard error."""
    logging.basicConfig(level=logging.ERROR, format="whimbrel: %(message)s")
    try:
        result = build()(
            list(words), exit_on_error=False, print_error=False, result_action="return_value", help_on_error=False
        )
    except CycloptsError as error:
        note(f"whimbrel: {error}")
        note("whimbrel: see whimbrel --help")
        return USAGE
    except WhimbrelError as error:
        note(f"whimbrel: {in_full(error)}")
        return code_of(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return result if isinstance(result, int) else DONE


def in_full(error: WhimbrelError) -> str:
    """The text for people, and the text for the log where it says more: who runs a command is the operator."""
    return error.public if str(error) == error.public else f"{error.public} ({error})"
