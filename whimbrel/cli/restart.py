"""`whimbrel restart`: have the running server replace its processes, and say how that goes."""

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from cyclopts import Parameter

from whimbrel.cli.codes import DONE, Usage
from whimbrel.cli.output import note, say
from whimbrel.cli.product import DataFlag, configuration
from whimbrel.kernel.errors import Conflict, Invalid, Unavailable, WhimbrelError
from whimbrel.kernel.limits import RESTART_POLL_SECONDS, RESTART_SILENCE_SECONDS, SUPERVISOR_DEADLINE_SECONDS
from whimbrel.reliability.control import Reply, ask

PythonFlag = Annotated[str | None, Parameter(name="--python", negative="")]


class RestartFailed(WhimbrelError):
    """The server could not replace its processes, and goes on with those that it had."""

    code = "restart_failed"


def restart(*, python: PythonFlag = None, data: DataFlag = None) -> int:
    """Replace the processes of the running server one by one, without a dropped request; wait until that is done.

    Args:
        python: the Python of another installation, which is to take over
    """
    if python == "":
        raise Usage('--python: "": expected the path of an interpreter')
    supervisor = configuration(data).config.data / "run" / "supervisor.sock"
    query = "?" + urlencode({"python": os.path.abspath(python)}) if python else ""
    reply = asked(supervisor, "/restart" + query)
    if reply is None:
        raise Unavailable(f"No server runs on {supervisor.parent.parent}.")
    if reply.status == 409:
        raise Conflict(f"Not now: {reply.text.strip()}.")
    if reply.status != 202:
        raise Invalid(f"The server does not restart: {reply.text.strip()}.")
    follow(supervisor)
    say("restarted")
    return DONE


def follow(supervisor: Path) -> None:
    """Say each step until the restart is done. Raises RestartFailed, or Unavailable when the server falls silent."""
    said = ""
    heard = time.monotonic()
    while True:
        standing = how_it_stands(supervisor)
        if standing is None:
            if time.monotonic() - heard > RESTART_SILENCE_SECONDS:
                raise Unavailable("The server has not answered since: " + (said or "it was asked to restart"))
        else:
            heard = time.monotonic()
            if standing["step"] not in ("", said):
                said = standing["step"]
                note(said)
            if standing["state"] == "failed":
                raise RestartFailed(f"The server goes on as it was: {standing['error']}.")
            if standing["state"] == "done":
                return
        time.sleep(RESTART_POLL_SECONDS)


def how_it_stands(supervisor: Path) -> dict[str, Any] | None:
    """The page /restarting; None when it is not answered."""
    reply = asked(supervisor, "/restarting")
    return json.loads(reply.text) if reply and reply.status == 200 else None


def asked(supervisor: Path, page: str) -> Reply | None:
    """What the supervisor answers; None when it does not."""
    try:
        return ask(supervisor, page, deadline_seconds=SUPERVISOR_DEADLINE_SECONDS)
    except OSError:
        return None
