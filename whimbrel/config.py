"""The configuration: one frozen tree, read once, from flags, `WHIMBREL_*`, `whimbrel.toml` and defaults, in that order.

Promises: an unknown name or a malformed value stops the start with the name, the value, where it stood and what was
expected. Nothing is read twice: the processes that `whimbrel serve` starts are handed the tree as text (`encode`,
`decode`), so that a file edited meanwhile cannot make two processes of one server disagree.
Not here: what an option does. Standard library only, because the supervisor lives on it in 10 MB.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from whimbrel import status_options
from whimbrel.kernel.errors import Misconfigured
from whimbrel.option_reading import Written, document_in, source_of, unknown, value
from whimbrel.option_table import BY_NAME, OPTIONS, is_loopback

FILE_NAME: Final = "whimbrel.toml"
DATA_DEFAULT: Final = "data"
PREFIX: Final = "WHIMBREL_"
PLACES: Final = ("data", "config")
HANDED_DOWN: Final = "WHIMBREL_HANDED_DOWN"
"""The variable in which `whimbrel serve` hands the tree to the processes it starts; not for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every option, typed; docs/options.md says what each means. `data` is absolute."""

    data: Path
    host: str
    port: int
    streaming_port: int
    status: bool
    status_port: int | None
    status_url: str | None
    status_every_seconds: int
    status_calm_seconds: int
    api_processes: int
    public_url: str | None
    streaming_url: str | None
    tls_cert: Path | None
    tls_key: Path | None
    trusted_proxies: tuple[str, ...]
    rate_limits: bool
    registrations: str
    confirm_email: bool
    password_grant: bool
    title: str
    description: str
    contact_email: str
    post_characters_max: int
    snapshot_minutes: int
    journal_days: int
    log_level: str
    status_page: Mapping[str, Any]
    """What the status page is told besides (status_table.py); nothing secret."""

    def public_url_at(self, port: int) -> str:
        """The address that people type, when the server listens on `port` (which differs from a port of 0).

        A server that listens everywhere and was given no public address calls itself by its loopback address:
        that is the one address sure to work, from the machine itself. `whimbrel doctor` warns of it.
        """
        if self.public_url is not None:
            return self.public_url
        return _address("https" if self.tls_cert else "http", self.host, port)

    def streaming_url_at(self, port: int) -> str:
        """The address at which apps are told to open streams, when the server listens on `port`.

        The streaming port itself where only this machine can come by; else the main address, whose port relays
        streams, since a proxy or a firewall may not lead to a second port. `streaming_url` wins over both.
        """
        if self.streaming_url is not None:
            return self.streaming_url
        if self.public_url is None and is_loopback(self.host) and self.streaming_port:
            return self.streaming_port_url()
        return "ws" + self.public_url_at(port).removeprefix("http")

    def status_url_told(self) -> str | None:
        """Where people are told to look for the status page; None when there is none, or nobody said where.

        Behind a public address nothing is known of the way to another port: then only `status_url` tells.
        """
        if not self.status or (self.status_url is None and (self.public_url is not None or not self.status_port)):
            return None
        return self.status_url or self.status_port_url()

    def status_port_url(self) -> str:
        """The status page's own address, whose port is the one really listened on in a running server."""
        return _address("https" if self.tls_cert else "http", self.host, self.status_port or 0)

    def local_url(self) -> str:
        """The server's own address on this machine, behind any proxy; its port must be known."""
        return _address("https" if self.tls_cert else "http", self.host, self.port)

    def streaming_port_url(self) -> str:
        """The address of the streaming port, which is the one really listened on in a running server."""
        return _address("wss" if self.tls_cert else "ws", self.host, self.streaming_port)


def _address(scheme: str, host: str, port: int) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class Configuration(NamedTuple):
    """The tree, and where each value came from (a flag, a variable, a file or "default"), by option name.

    `status_sources`: the same for the options of the status page.
    """

    config: Config
    sources: Mapping[str, str]
    status_sources: Mapping[str, str] = {}


def read(flags: Mapping[str, str], environ: Mapping[str, str], *, directory: Path | None = None) -> Configuration:
    """Read the configuration. `flags` are option names with what was written behind them; `directory` is the current.

    Raises Misconfigured. Reads one file, writes nothing.
    """
    here = directory or Path.cwd()
    from_environment = _from_environment(environ, here)
    data = here / Path(flags.get("data") or environ.get(PREFIX + "DATA") or DATA_DEFAULT).expanduser()
    given = flags.get("config") or environ.get(PREFIX + "CONFIG")
    file = here / Path(given).expanduser() if given else data / FILE_NAME
    document = document_in(file, must_exist=bool(given))
    from_file = _from_file(document, file)
    from_flags = {
        name: Written(raw, f"the flag {BY_NAME[name].flag}", here) for name, raw in flags.items() if name in BY_NAME
    }
    written = from_file | from_environment | from_flags
    values = {option.name: value(option, written.get(option.name)) for option in OPTIONS}
    sources = {option.name: source_of(written.get(option.name)) for option in OPTIONS}
    page = status_options.of_server(_section(document), file, environ, _of_page(flags), here)
    config = Config(data=data.resolve(), status_page=page.values, **values)
    _check_together(config, sources)
    return Configuration(config, sources, page.sources)


def encode(config: Config) -> str:
    """The tree as text, for a process that this one starts."""
    return json.dumps(asdict(config), default=str)


def decode(text: str) -> Config:
    """The tree that `encode` wrote. It was checked then and is not checked again.

    While one version takes over from another, a process may be handed the tree of its neighbour: what it does not
    know is left out, and what is missing has its default.
    """
    known = {"data", "status_page"} | BY_NAME.keys()
    told = {name: value for name, value in json.loads(text).items() if name in known}
    values: dict[str, Any] = {option.name: option.default for option in OPTIONS} | {"status_page": {}} | told
    for name in ("data", "tls_cert", "tls_key"):
        values[name] = None if values[name] is None else Path(values[name])
    values["trusted_proxies"] = tuple(values["trusted_proxies"])
    return Config(**values)


def _from_environment(environ: Mapping[str, str], here: Path) -> dict[str, Written]:
    allowed = {option.variable: option.name for option in OPTIONS}
    places = {PREFIX + place.upper() for place in PLACES} | {HANDED_DOWN}
    found: dict[str, Written] = {}
    for variable, raw in environ.items():
        if not variable.startswith(PREFIX) or variable in places:
            continue
        if variable in allowed:
            found[allowed[variable]] = Written(raw, f"the environment ({variable})", here)
        elif not variable.startswith(status_options.PREFIX):  # the page's own are read with its section
            raise unknown(variable, raw, "the environment", [*allowed, *places])
    return found


def _from_file(document: Mapping[str, object], file: Path) -> dict[str, Written]:
    for name, raw in document.items():
        if name not in BY_NAME:
            raise unknown(name, raw, str(file), list(BY_NAME))
    found = {name: raw for name, raw in document.items() if name != status_options.SECTION}
    for name, raw in status_options.server_options_in(document.get(status_options.SECTION, {})).items():
        if name in found:
            raise Misconfigured(f"{name}: {_shown(raw)} in {file}: stands in [status] too; expected one of the two")
        found[name] = raw
    return {name: Written(raw, str(file), file.parent) for name, raw in found.items()}


def _section(document: Mapping[str, object]) -> Mapping[str, object]:
    section = document.get(status_options.SECTION, {})
    return section if isinstance(section, Mapping) else {}


def _of_page(flags: Mapping[str, str]) -> dict[str, str]:
    """The flags of the status page, without what stands before their names."""
    return {
        name.removeprefix("status_"): raw for name, raw in flags.items() if name not in BY_NAME and name not in PLACES
    }


def _shown(raw: object) -> str:
    return json.dumps(raw, default=str, ensure_ascii=False)


def _check_together(config: Config, sources: Mapping[str, str]) -> None:
    if (config.tls_cert is None) == (config.tls_key is None):
        return
    there, missing = ("tls_cert", "tls_key") if config.tls_cert else ("tls_key", "tls_cert")
    raise Misconfigured(
        f'{there}: "{getattr(config, there)}" in {sources[there]}: expected {missing} beside it, which is not given'
    )
