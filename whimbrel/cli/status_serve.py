"""`whimbrel status serve`: the status program alone, on any machine, watching a service somewhere else."""

import os
import socket
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from whimbrel.kernel.errors import Invalid, Unavailable
from whimbrel.option_table import host as host_kind
from whimbrel.option_table import origin
from whimbrel.reliability.logs import log_as_json
from whimbrel.status_process import Place, listening, run
from whimbrel.statuspage.settings import Settings

DATA_DEFAULT: Final = Path("data/status")
PORT_DEFAULT: Final = 8001

DataFlag = Annotated[Path, Parameter(name="--data", negative="")]
NameFlag = Annotated[str, Parameter(name="--name", negative="")]
UrlFlag = Annotated[str | None, Parameter(name="--url", negative="")]
CanaryFlag = Annotated[Path | None, Parameter(name="--canary", negative="")]
ExportFlag = Annotated[Path | None, Parameter(name="--export", negative="")]
WatchFlag = Annotated[str | None, Parameter(name="--watch", negative="")]


def serve(
    *,
    data: DataFlag = DATA_DEFAULT,
    host: str = "127.0.0.1",
    port: int = PORT_DEFAULT,
    watch: WatchFlag = None,
    name: NameFlag = "Whimbrel",
    url: UrlFlag = None,
    canary: CanaryFlag = None,
    export: ExportFlag = None,
) -> int:
    """Serve a status page by itself; prints one line, `ready: URL`, when it answers.

    Parameters
    ----------
    data: the page's own directory
    host: the address to listen on
    port: the port to listen on; 0 takes a free one
    watch: the address of the service to watch, such as https://birds.example.org
    name: what people call that service
    url: where people find this page, when a proxy stands before it
    canary: the file with names and passwords of the two accounts that try the service; DATA/canary.json
    export: a folder in which a copy of the page is kept for a second origin
    """
    os.umask(0o077)
    log_as_json("status", "info")
    with _listening(host, port) as listener:
        taken = listener.getsockname()[1]
        own = f"http://[{host}]:{taken}" if ":" in host else f"http://{host}:{taken}"
        settings = Settings(
            data=data.absolute(),
            name=name,
            public_url=_address("url", url) or own,
            watched_url=_address("watch", watch) or "",
            canary_file=canary and canary.absolute(),
            export=export and export.absolute(),
        )
        place = Place(listener.fileno(), data.absolute() / "run")
        return run(settings, place, on_ready=lambda: print(f"ready: {own}", flush=True))


def _listening(host: str, port: int) -> socket.socket:
    try:
        return listening(str(host_kind().parse(host, Path())), port)
    except OSError as error:
        raise Unavailable(f"{host} port {port}: {error.strerror}") from error
    except (ValueError, OverflowError):
        raise Invalid(
            f'host: "{host}", port: {port}; expected an address of this machine and a port to 65535'
        ) from None


def _address(flag: str, written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return str(origin("http").parse(written, Path()))
    except (ValueError, KeyError):
        raise Invalid(f'{flag}: "{written}"; expected {origin("http").expected}') from None
