"""Every command but the parsing of `serve`: how a command line becomes a call, and an error an exit code.

Commands stand in modules of their own and are named here by strings: one is imported when it is asked for,
and all of them when somebody wants to know what there is.
"""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

from cyclopts import App, CycloptsError

from whimbrel import __version__
from whimbrel.cli.codes import DONE, FAILED, USAGE, code_of
from whimbrel.cli.helping import Patient, Wrapped
from whimbrel.cli.output import note
from whimbrel.kernel.errors import WhimbrelError

COMMANDS: Final = {
    "serve": "serve:serve_words",
    "provision": "provision:provision",
    "restart": "restart:restart",
    "snapshot": "snapshot:snapshot",
    "backup": "backup:backup",
    "restore": "restore:restore",
    "verify": "verify:verify",
    "migrate": "migrate:migrate",
    "doctor": "doctor:doctor",
}

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

VIEWS_COMMANDS: Final = {"rebuild": "views:rebuild"}

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


def build(*, loaded: bool = False) -> App:
    """The tree of commands, in the order in which help shows them. `loaded`: with what they say of themselves."""
    app = App(name="whimbrel", help="A microblog server: see docs/cli.md.", version=__version__)
    app.help_formatter, app.console = Wrapped(), Patient()
    _add(app, COMMANDS, loaded=loaded)
    account = App(name="account", help="Make, look at and change accounts.")
    app.command(_add(account, ACCOUNT_COMMANDS, loaded=loaded))
    app.command(_add(App(name="views", help="What follows the journal."), VIEWS_COMMANDS, loaded=loaded))
    status = App(name="status", help="The status page, and what people say on it.")
    for group, (about, functions) in STATUS_GROUPS.items():
        status.command(_add(App(name=group, help=about), functions, loaded=loaded))
    app.command(_add(status, STATUS_COMMANDS, loaded=loaded))
    return app


def _add(app: App, commands: Mapping[str, str], *, loaded: bool) -> App:
    for name, place in commands.items():
        module, _, function = place.partition(":")
        path = f"whimbrel.cli.{module}"
        app.command(getattr(import_module(path), function) if loaded else f"{path}:{function}", name=name)
    return app


def _lists_commands(words: Sequence[str]) -> bool:
    """Whether the answer is a list of commands: then each is imported for what it says of itself."""
    groups = {"account", "views", "status", *STATUS_GROUPS}
    return not words or words[-1] in groups or not {"--help", "-h"}.isdisjoint(words)


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; every foreseen error is one line on standard error."""
    logging.basicConfig(level=logging.ERROR, format="whimbrel: %(message)s")
    try:
        result = build(loaded=_lists_commands(words))(
            list(words), exit_on_error=False, print_error=False, result_action="return_value", help_on_error=False
        )
    except CycloptsError as error:
        note(f"whimbrel: {error}")
        note("whimbrel: see whimbrel --help")
        return USAGE
    except WhimbrelError as error:
        note(f"whimbrel: {in_full(error)}")
        return code_of(error)
    except OSError as error:
        note(f"whimbrel: {of_the_system(error)}")
        return FAILED
    return result if isinstance(result, int) else DONE


def in_full(error: WhimbrelError) -> str:
    """The text for people, and the text for the log where it says more: who runs a command is the operator."""
    return error.public if str(error) == error.public else f"{error.public} ({error})"


def of_the_system(error: OSError) -> str:
    """What the system refused, and of which file where it says so."""
    words = error.strerror or str(error)
    return words if error.filename is None else f'"{error.filename}": {words}'
