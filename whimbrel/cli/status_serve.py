"""`whimbrel status serve`: the status program alone, on any machine, watching a service somewhere else."""

import os
import socket
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from whimbrel.kernel.errors import Unavailable
from whimbrel.reliability.logs import log_as_json
from whimbrel.reliability.proxies import networks
from whimbrel.status_options import alone
from whimbrel.status_process import Place, listening, run
from whimbrel.statuspage.settings import Settings, configured

DATA_DEFAULT: Final = Path("data/status")

Flag = Annotated[str | None, Parameter(negative="")]


def serve(
    *,
    data: Flag = None,
    config: Flag = None,
    host: Flag = None,
    port: Flag = None,
    url: Flag = None,
    tls_cert: Flag = None,
    tls_key: Flag = None,
    trusted_proxies: Flag = None,
    every_seconds: Flag = None,
    calm_seconds: Flag = None,
    log_level: Flag = None,
    watch: Flag = None,
    name: Flag = None,
    nodes: Flag = None,
    ca_file: Flag = None,
    canary: Flag = None,
    export: Flag = None,
    webhooks: Flag = None,
    mail_host: Flag = None,
    mail_port: Flag = None,
    mail_tls: Flag = None,
    mail_user: Flag = None,
    mail_password_file: Flag = None,
    mail_sender: Flag = None,
    account_url: Flag = None,
    account_token_file: Flag = None,
) -> int:
    """Serve a status page by itself; prints one line, `ready: URL`, when it answers.

    Each flag can also be given as WHIMBREL_STATUS_NAME in the environment or below [status] in the file, which has
    components, promises and probes too: docs/status-options.md.

    Args:
        data: the page's own directory; data/status
        config: the file of options; DATA/whimbrel.toml
        host: the address to listen on; 127.0.0.1
        port: the port to listen on; 0 takes a free one; 8001
        url: where people find this page, when a proxy stands before it
        tls_cert: the certificate chain to serve https with
        tls_key: its private key
        trusted_proxies: where a reverse proxy stands, whose word about clients is believed
        every_seconds: how often the page tries what people do; 10
        calm_seconds: how long all must have been well before trouble is over; 600
        log_level: debug, info, warning or error; info
        watch: the address of the service to watch, such as https://birds.example.org
        name: what people call that service; Whimbrel
        nodes: the nodes whose /metrics are read; the watched address
        ca_file: certificates that are trusted besides
        canary: the file with names and passwords of the two accounts that try the service; DATA/canary.json
        export: a folder in which a copy of the page is kept for a second origin
        webhooks: where webhooks may lead: public, public_or_loopback or anywhere; public
        mail_host: the SMTP server by which e-mail is sent
        mail_port: its port; 587
        mail_tls: starttls, tls or none; starttls
        mail_user: the name to sign in there with
        mail_password_file: the file with the password, or WHIMBREL_STATUS_MAIL_PASSWORD
        mail_sender: who mail is from
        account_url: where the official account posts; the watched service
        account_token_file: the file with the official account's token
    """
    return _served({flag: raw for flag, raw in locals().items() if raw is not None})


def _served(flags: dict[str, str]) -> int:
    folder, told = alone(flags, os.environ, here=Path.cwd(), data_default=DATA_DEFAULT)
    os.umask(0o077)
    log_as_json("status", told.values["log_level"])
    with _listening(told.values["host"], told.values["port"]) as listener:
        own = _address(told.values, listener.getsockname()[1])
        settings = configured(_settings(told.values, folder, own), told.values)
        handle = listener.detach()  # the server closes it when it ends
    place = Place(handle, folder / "run", _tls(told.values))
    return run(settings, place, on_ready=lambda: print(f"ready: {own}", flush=True))


def _settings(told: dict[str, Any], folder: Path, own: str) -> Settings:
    return Settings(
        data=folder,
        name="Whimbrel",
        public_url=told["url"] or own,
        watched_url=told["watch"] or "",
        proxies=networks(told["trusted_proxies"]),
        every_seconds=told["every_seconds"],
        calm_seconds=told["calm_seconds"],
    )


def _tls(told: dict[str, Any]) -> tuple[Path, Path] | None:
    return (Path(told["tls_cert"]), Path(told["tls_key"])) if told["tls_cert"] else None


def _address(told: dict[str, Any], port: int) -> str:
    host, scheme = told["host"], "https" if told["tls_cert"] else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    try:
        return listening(host, port)
    except OSError as error:
        raise Unavailable(f"{host} port {port}: {error.strerror}") from error
