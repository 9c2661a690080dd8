"""`whimbrel status probe`: a further vantage point, which tries a service from here and tells a page elsewhere."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from whimbrel.cli.codes import DONE, FAILED
from whimbrel.kernel.clock import wall_clock_ms
from whimbrel.kernel.errors import Invalid
from whimbrel.reliability.logs import log_as_json
from whimbrel.statuspage.watching.elsewhere import Elsewhere, run_probes
from whimbrel.statuspage.watching.pair import read_secrets


def probe(
    *,
    to: str,
    watch: str,
    key: str | None = None,
    key_file: Path | None = None,
    canary: Path | None = None,
    once: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Try a service from this machine, every ten seconds, and tell a status page elsewhere what was found.

    Args:
        to: the address of the status page
        watch: the address of the service
        key: this vantage point's name and secret, name:secret; --key-file keeps it out of the list of processes
        key_file: a file that holds it
        canary: the file with names and passwords of two accounts there; without it only what needs none is tried
        once: one round; the exit code says whether all was well
    """
    log_as_json("probe", "info")
    elsewhere = Elsewhere(
        to=to,
        key=_key(key, key_file),
        url=watch,
        clock=wall_clock_ms,
        secrets=read_secrets(canary) if canary is not None else None,
    )
    if once:
        return DONE if asyncio.run(elsewhere.once()) else FAILED
    asyncio.run(run_probes(elsewhere))
    return DONE


def _key(key: str | None, file: Path | None) -> str:
    if (key is None) == (file is None):
        raise Invalid("expected one of --key and --key-file")
    if key is not None:
        return key
    try:
        return Path(file or "").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f'--key-file: "{file}" cannot be read: {error}') from error
